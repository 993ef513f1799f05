import { expect } from 'chai';
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import { EventDecoder, RowOp, RowType } from '../../../../src/tikv/feed/event-decoder.js';
import { MalformedEventError } from '../../../../src/tikv/feed/feed-errors.js';
import type { RegionError } from '../../../../src/tikv/feed/region-error.js';
import { encodeCdc } from './cdc-proto.js';

function opened(message: object): EventDecoder {
  const decoder = new EventDecoder();
  decoder.open(encodeCdc('ChangeDataEvent', message));
  return decoder;
}

function errorOf(error: object): RegionError {
  const decoder = opened({ events: [{ region_id: 3, request_id: 4, error }] });
  expect(decoder.next()).to.equal('error');
  return decoder.error();
}

function readAll(bytes: Uint8Array): void {
  const decoder = new EventDecoder();
  decoder.open(bytes);
  for (let kind = decoder.next(); kind !== undefined; kind = decoder.next()) {
    if (kind === 'rows') while (decoder.nextRow());
    if (kind === 'error') decoder.error();
  }
}

describe('EventDecoder', () => {
  it('gives the ids of an event before its rows, though the request id comes after them', () => {
    const decoder = opened({
      events: [{ region_id: 20, request_id: 7, entries: { entries: [{ type: 'INITIALIZED' }] } }],
    });
    expect(decoder.next()).to.equal('rows');
    expect([decoder.requestId, decoder.regionId]).to.deep.equal([7, 20]);
    expect(decoder.nextRow()).to.equal(true);
    expect(decoder.row.type).to.equal(RowType.initialized);
    expect(decoder.nextRow()).to.equal(false);
    expect(decoder.next()).to.equal(undefined);
  });

  it('forgets the fields of the row before', () => {
    const full = {
      type: 'COMMITTED',
      op_type: 'PUT',
      start_ts: '470612697393135630',
      commit_ts: '470612697393135631',
      key: fromHex('74'),
      value: fromHex('80'),
      old_value: fromHex('8000'),
      txn_source: '17',
      generation: '2',
    };
    const decoder = opened({ events: [{ entries: { entries: [full, { type: 'ROLLBACK' }] } }] });
    decoder.next();
    decoder.nextRow();
    const { row } = decoder;
    expect(row.op).to.equal(RowOp.put);
    expect([row.txnSource, row.generation, row.valueLength, row.oldLength]).to.deep.equal([17, 2, 1, 2]);
    decoder.nextRow();
    expect(row.type).to.equal(RowType.rollback);
    expect([row.op, row.startLo, row.startHi, row.commitLo, row.commitHi]).to.deep.equal([0, 0, 0, 0, 0]);
    expect([row.keyLength, row.valueLength, row.oldLength]).to.deep.equal([0, 0, 0]);
    expect([row.txnSource, row.generation]).to.deep.equal([0, 0]);
  });

  it('reads both forms of a resolved ts alike', () => {
    const batched = opened({
      resolved_ts: { regions: [20, '1006'], ts: '470612697419350017', request_id: 9 },
    });
    expect(batched.next()).to.equal('resolved');
    expect([batched.requestId, batched.regions, batched.resolvedTs]).to.deep.equal([
      9,
      [20, 1006],
      470612697419350017n,
    ]);
    const legacy = opened({ events: [{ region_id: 20, request_id: 7, resolved_ts: '470612702019715073' }] });
    expect(legacy.next()).to.equal('resolved');
    expect([legacy.requestId, legacy.regions, legacy.resolvedTs]).to.deep.equal([
      7,
      [20],
      470612702019715073n,
    ]);
  });

  it('reads region ids that are not packed', () => {
    const decoder = new EventDecoder();
    decoder.open(fromHex('1207' + '0814' + '08ee07' + '1005'));
    expect(decoder.next()).to.equal('resolved');
    expect([decoder.regions, decoder.resolvedTs]).to.deep.equal([[20, 1006], 5n]);
  });

  it('knows every error with its fields', () => {
    expect(errorOf({ not_leader: { region_id: 3, leader: { id: 5, store_id: 2 } } })).to.deep.equal({
      kind: 'notLeader',
      leader: { peerId: 5n, storeId: 2n },
    });
    expect(errorOf({ not_leader: { region_id: 3 } })).to.deep.equal({ kind: 'notLeader', leader: undefined });
    expect(errorOf({ region_not_found: { region_id: 3 } })).to.deep.equal({ kind: 'regionNotFound' });
    expect(errorOf({ duplicate_request: { region_id: 3 } })).to.deep.equal({ kind: 'duplicateRequest' });
    expect(errorOf({ compatibility: { required_version: '6.2.0' } })).to.deep.equal({
      kind: 'compatibility',
      requiredVersion: '6.2.0',
    });
    expect(errorOf({ cluster_id_mismatch: { current: '7710511863034894912', request: 5 } })).to.deep.equal({
      kind: 'clusterIdMismatch',
      current: 7710511863034894912n,
      request: 5n,
    });
    expect(errorOf({ server_is_busy: { reason: 'scans', backoff_ms: 40 } })).to.deep.equal({
      kind: 'serverIsBusy',
      reason: 'scans',
      backoffMs: 40,
    });
    expect(errorOf({ congested: { region_id: 3 } })).to.deep.equal({ kind: 'congested' });
    expect(errorOf({})).to.deep.equal({ kind: 'unknown' });
    expect(errorOf({ epoch_not_match: {} })).to.deep.equal({ kind: 'epochNotMatch', regions: [] });
  });

  it('reads the regions inside an epoch error, bounds still encoded', () => {
    const error = errorOf({
      epoch_not_match: {
        current_regions: [
          {
            id: 984,
            start_key: fromHex('61'),
            end_key: fromHex('62'),
            region_epoch: { conf_ver: 1, version: 402 },
            peers: [
              { id: 985, store_id: 1 },
              { id: 990, store_id: 2 },
            ],
          },
        ],
      },
    });
    if (error.kind !== 'epochNotMatch') throw new Error(error.kind);
    const [region] = error.regions;
    expect(region).to.deep.include({ id: 984n, epoch: { confVer: 1n, version: 402n } });
    expect([toHex(region!.encodedStart), toHex(region!.encodedEnd)]).to.deep.equal(['61', '62']);
    expect(region!.peers).to.deep.equal([
      { peerId: 985n, storeId: 1n },
      { peerId: 990n, storeId: 2n },
    ]);
  });

  it('passes over fields it does not know, in messages, events, rows and errors', () => {
    // Field 15 in all four wire types.
    const unknown = '7801' + '790102030405060708' + '7a03aabbcc' + '7d01020304';
    const length = (hex: string): string => (hex.length / 2).toString(16).padStart(2, '0');
    const row = unknown + '0801' + unknown + '1805' + unknown;
    const entries = unknown + '0a' + length(row) + row + unknown;
    const event = unknown + '0814' + '1a' + length(entries) + entries + '3807' + unknown;
    const decoder = new EventDecoder();
    decoder.open(
      fromHex(
        unknown +
          '0a' +
          Buffer.from([(event.length / 2) | 0x80, (event.length / 2) >> 7]).toString('hex') +
          event +
          unknown,
      ),
    );
    expect(decoder.next()).to.equal('rows');
    expect([decoder.requestId, decoder.regionId]).to.deep.equal([7, 20]);
    expect(decoder.nextRow()).to.equal(true);
    expect([decoder.row.startLo, decoder.row.type]).to.deep.equal([1, RowType.initialized]);
    expect(decoder.nextRow()).to.equal(false);
    expect(decoder.next()).to.equal(undefined);
  });

  const malformed: readonly (readonly [string, string])[] = [
    ['a length that runs over the message', '0a05'],
    ['a row that runs over its event', '0a04' + '1a02' + '0a09'],
    ['a key that runs over its row', '0a06' + '1a04' + '0a02' + '2a05'],
    ['a varint that is cut off', '0a05' + '1a03' + '0a01' + '08'],
    ['a varint of eleven bytes', '0a11' + '1a0f' + '0a0d' + '08' + 'ff'.repeat(11) + '01'],
    ['a varint that runs over its row', '0a07' + '1a03' + '0a01' + '08' + '8001'],
    ['a group', '0b'],
    ['field number zero', '0001'],
    ['an event with two contents', '0a04' + '1a00' + '2a00'],
    ['an id above 2^53', '0a0a' + '08' + 'ff'.repeat(8) + '7f'],
  ];
  for (const [what, hex] of malformed) {
    it(`refuses ${what}`, () => {
      expect(() => readAll(fromHex(hex))).to.throw(MalformedEventError);
    });
  }
});
