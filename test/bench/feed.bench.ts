/**
 * What the feed costs: rows per CPU second through the decoder alone (beside protobufjs), and through decoder, matcher
 * and batch builder, for a scan (COMMITTED rows) and for two-phase traffic (PREWRITE … COMMIT).
 *
 * Run: `npx tsx test/bench/feed.bench.ts`. CPU time counts, since the machine is shared; each figure is the best of
 * several rounds.
 */
import { ts } from '../../src/codec/tso.js';
import { BatchBuilder } from '../../src/tikv/feed/batch-builder.js';
import { ByteBudget } from '../../src/tikv/feed/byte-budget.js';
import { EventDecoder } from '../../src/tikv/feed/event-decoder.js';
import { KeyRange } from '../../src/tikv/feed/key-range.js';
import { Matcher } from '../../src/tikv/feed/matcher.js';
import { cdcType, rowsMessage, type RowInit } from '../unit/tikv/feed/cdc-proto.js';

const ROWS_PER_EVENT = 500;
const EVENTS = 200;
const ROUNDS = 7;

const BASE_TS = 470612697393135628n;

function rowKey(handle: number): Uint8Array {
  const key = Buffer.alloc(19);
  key.write('t');
  key.writeBigUInt64BE(0x8000_0000_0000_021dn, 1);
  key.write('_r', 9);
  key.writeBigUInt64BE(0x8000_0000_0000_0000n | BigInt(handle), 11);
  return new Uint8Array(key);
}

function scan(valueBytes: number, oldBytes: number): Uint8Array[] {
  return Array.from({ length: EVENTS }, (_, event) =>
    rowsMessage(
      7,
      20,
      Array.from({ length: ROWS_PER_EVENT }, (_unused, row): RowInit => {
        const n = event * ROWS_PER_EVENT + row;
        return {
          type: 'COMMITTED',
          op_type: 'PUT',
          start_ts: BASE_TS + BigInt(2 * n),
          commit_ts: BASE_TS + BigInt(2 * n + 1),
          key: rowKey(n),
          value: new Uint8Array(valueBytes).fill(7),
          old_value: new Uint8Array(oldBytes).fill(8),
        };
      }),
    ),
  );
}

function twoPhase(valueBytes: number): Uint8Array[] {
  const messages: Uint8Array[] = [rowsMessage(7, 20, [{ type: 'INITIALIZED' }])];
  for (let event = 0; event < EVENTS / 2; event++) {
    const start = BASE_TS + BigInt(event * 1000);
    const keys = Array.from({ length: ROWS_PER_EVENT }, (_, row) => rowKey(event * ROWS_PER_EVENT + row));
    const rows = (type: 'PREWRITE' | 'COMMIT'): RowInit[] =>
      keys.map((key) => ({
        type,
        op_type: 'PUT',
        start_ts: start,
        ...(type === 'COMMIT'
          ? { commit_ts: start + 5n }
          : { old_value: new Uint8Array(valueBytes).fill(8) }),
        key,
        value: new Uint8Array(valueBytes).fill(7),
      }));
    messages.push(rowsMessage(7, 20, rows('PREWRITE')), rowsMessage(7, 20, rows('COMMIT')));
  }
  return messages;
}

function decodeOnly(decoder: EventDecoder, messages: readonly Uint8Array[]): number {
  let rows = 0;
  for (const message of messages) {
    decoder.open(message);
    while (decoder.next() !== undefined) while (decoder.nextRow()) rows += decoder.row.keyLength > 0 ? 1 : 0;
  }
  return rows;
}

function decodeAndMatch(decoder: EventDecoder, messages: readonly Uint8Array[]): number {
  const range = new KeyRange(rowKey(0).subarray(0, 11), Buffer.from('t\xff', 'latin1'));
  const matcher = new Matcher({ range, checkpoint: ts(1n), budget: new ByteBudget() });
  const out = new BatchBuilder();
  let rows = 0;
  for (const message of messages) {
    decoder.open(message);
    while (decoder.next() !== undefined)
      if (matcher.take(decoder, out) !== undefined) throw new Error('fault');
    if (out.bytes > 1 << 20) rows += out.seal()?.count ?? 0;
  }
  return rows + (out.seal()?.count ?? 0);
}

function protobufjs(messages: readonly Uint8Array[]): number {
  const type = cdcType('ChangeDataEvent');
  let rows = 0;
  for (const message of messages) {
    const decoded = type.decode(message) as unknown as { events: { entries: { entries: unknown[] } }[] };
    for (const event of decoded.events) rows += event.entries.entries.length;
  }
  return rows;
}

function rate(run: () => number): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const rows = run();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, rows / (user + system));
  }
  return best;
}

const decoder = new EventDecoder();
const cases: readonly (readonly [string, Uint8Array[], number])[] = [
  ['scan, tiny rows (14 B)', scan(14, 0), 1],
  ['scan, updates (60 B + 60 B old)', scan(60, 60), 1],
  ['scan, wide rows (400 B)', scan(400, 0), 1],
  ['two-phase, 60 B', twoPhase(60), 2],
];
const table = cases.map(([name, messages]) => {
  const slow = rate(() => protobufjs(messages));
  const decode = rate(() => decodeOnly(decoder, messages));
  const match = rate(() => decodeAndMatch(decoder, messages));
  return {
    traffic: name,
    'protobufjs M rows/cpu-s': slow.toFixed(2),
    'decode M rows/cpu-s': decode.toFixed(2),
    'decode ×': (decode / slow).toFixed(1),
    'decode+match M changes/cpu-s': match.toFixed(2),
  };
});
console.table(table);
