import { expect } from 'chai';
import fc from 'fast-check';
import { EventDecoder } from '../../../../src/tikv/feed/event-decoder.js';
import { MalformedEventError } from '../../../../src/tikv/feed/feed-errors.js';
import { decodeCdc, encodeCdc } from '../../../unit/tikv/feed/cdc-proto.js';

const ROW_TYPES = ['UNKNOWN', 'PREWRITE', 'COMMIT', 'ROLLBACK', 'COMMITTED', 'INITIALIZED'] as const;
const OPS = ['UNKNOWN', 'PUT', 'DELETE'] as const;

const u64 = fc.oneof(fc.bigInt(0n, (1n << 64n) - 1n), fc.bigInt(1n << 58n, 1n << 60n), fc.bigInt(0n, 300n));
const u32 = fc.nat(0x7fff_ffff);
const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 120, maxLength: 400 }));

const row = fc.record({
  start_ts: u64,
  commit_ts: u64,
  type: fc.constantFrom(...ROW_TYPES),
  op_type: fc.constantFrom(...OPS),
  key: bytes,
  value: bytes,
  old_value: bytes,
  expire_ts_unix_secs: u64,
  txn_source: u32,
  generation: u32,
});
const event = fc.oneof(
  fc.record({
    region_id: id,
    index: u64,
    request_id: id,
    entries: fc.record({ entries: fc.array(row, { maxLength: 6 }) }),
  }),
  fc.record({ region_id: id, request_id: id, resolved_ts: u64 }),
  fc.record({ region_id: id, request_id: id }),
);
const message = fc.oneof(
  fc.record({ events: fc.array(event, { maxLength: 4 }) }),
  fc.record({ resolved_ts: fc.record({ regions: fc.array(id, { maxLength: 5 }), ts: u64, request_id: id }) }),
);

/** What the hand decoder sees, in the shape that protobufjs gives. */
function byHand(encoded: Uint8Array): unknown[] {
  const decoder = new EventDecoder();
  const seen: unknown[] = [];
  decoder.open(encoded);
  for (let kind = decoder.next(); kind !== undefined; kind = decoder.next()) {
    const { regionId, requestId } = decoder;
    if (kind === 'rows') seen.push({ regionId, requestId, rows: rowsOf(decoder) });
    else if (kind === 'resolved')
      seen.push({ requestId, regions: decoder.regions, ts: decoder.resolvedTs.toString() });
    else seen.push({ kind });
  }
  return seen;
}

function rowsOf(decoder: EventDecoder): unknown[] {
  const rows: unknown[] = [];
  const { row: at } = decoder;
  const wide = (lo: number, hi: number): string => ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)).toString();
  const part = (from: number, length: number): string =>
    length === 0 ? '' : Buffer.from(decoder.bytes.subarray(from, from + length)).toString('hex');
  while (decoder.nextRow()) {
    rows.push([
      wide(at.startLo, at.startHi),
      wide(at.commitLo, at.commitHi),
      ROW_TYPES[at.type],
      OPS[at.op],
      part(at.keyAt, at.keyLength),
      part(at.valueAt, at.valueLength),
      part(at.oldAt, at.oldLength),
      at.txnSource,
      at.generation,
    ]);
  }
  return rows;
}

interface Oracle {
  readonly events: {
    readonly region_id: string;
    readonly request_id: string;
    readonly event?: string;
    readonly resolved_ts?: string;
    readonly entries?: { readonly entries: Record<string, string | Uint8Array>[] };
  }[];
  readonly resolved_ts: {
    readonly regions: string[];
    readonly ts: string;
    readonly request_id: string;
  } | null;
}

function byOracle(encoded: Uint8Array): unknown[] {
  const decoded = decodeCdc('ChangeDataEvent', encoded) as unknown as Oracle;
  const hex = (value: unknown): string => Buffer.from(value as Uint8Array).toString('hex');
  const seen: unknown[] = decoded.events.map((one) => {
    const ids = { regionId: Number(one.region_id), requestId: Number(one.request_id) };
    if (one.event === 'entries') {
      const rows = one.entries?.entries.map((r) => [
        r['start_ts'],
        r['commit_ts'],
        r['type'],
        r['op_type'],
        hex(r['key']),
        hex(r['value']),
        hex(r['old_value']),
        Number(r['txn_source']),
        Number(r['generation']),
      ]);
      return { ...ids, rows };
    }
    if (one.event === 'resolved_ts')
      return { requestId: ids.requestId, regions: [ids.regionId], ts: one.resolved_ts };
    return { kind: 'other' };
  });
  const { resolved_ts: resolved } = decoded;
  if (resolved !== null) {
    seen.push({
      requestId: Number(resolved.request_id),
      regions: resolved.regions.map(Number),
      ts: resolved.ts,
    });
  }
  return seen;
}

describe('EventDecoder and protobufjs', () => {
  it('see the same in every message', () => {
    fc.assert(
      fc.property(message, (init) => {
        const encoded = encodeCdc('ChangeDataEvent', init);
        expect(byHand(encoded)).to.deep.equal(byOracle(encoded));
      }),
      { numRuns: 1000 },
    );
  });

  it('see the same in whatever order the fields of a row come, and however often', () => {
    const fields = fc.record({
      start_ts: u64,
      commit_ts: u64,
      type: fc.constantFrom(...ROW_TYPES),
      key: bytes,
      value: bytes,
    });
    const more = fc.record({
      op_type: fc.constantFrom(...OPS),
      old_value: bytes,
      txn_source: u32,
      generation: u32,
    });
    fc.assert(
      fc.property(fields, more, fc.array(fc.nat(8), { maxLength: 12 }), (some, others, order) => {
        const pieces = Object.entries({ ...some, ...others }).map(([name, value]) =>
          encodeCdc('Event.Row', { [name]: value }),
        );
        const oneRow = Buffer.concat(order.map((at) => pieces[at]!));
        const length = (of: Uint8Array): number[] => [(of.length & 0x7f) | 0x80, of.length >> 7];
        const entries = Buffer.from([0x0a, ...length(oneRow), ...oneRow]);
        const oneEvent = Buffer.from([0x1a, ...length(entries), ...entries]);
        const encoded = new Uint8Array(Buffer.from([0x0a, ...length(oneEvent), ...oneEvent]));
        expect(byHand(encoded)).to.deep.equal(byOracle(encoded));
      }),
      { numRuns: 500 },
    );
  });

  it('refuse or read every cut and every changed byte, but never run away', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), (init, where, what) => {
        const encoded = encodeCdc('ChangeDataEvent', init);
        if (encoded.length === 0) return;
        const changed = new Uint8Array(encoded);
        changed[where % changed.length] = what;
        for (const bad of [encoded.subarray(0, where % encoded.length), changed]) {
          try {
            byHand(bad);
          } catch (error) {
            expect(error).to.be.instanceOf(MalformedEventError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
