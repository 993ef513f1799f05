import { expect } from 'chai';
import { compareBytes, fromHex, toHex } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import {
  coprocessorRange,
  decodeTableKey,
  indexPrefix,
  indexRange,
  intHandle,
  intHandleValue,
  isTableKey,
  recordKey,
  recordRange,
  tableRange,
  temporaryIndexPrefix,
} from '../../../src/codec/table-keys.js';

describe('keys of tables', () => {
  it('are those that a real cluster stored', () => {
    expect(toHex(recordKey(656, intHandle(-3n)))).to.equal('7480000000000002905f727ffffffffffffffd');
    expect(toHex(indexPrefix(656, 2))).to.equal('7480000000000002905f698000000000000002');
  });

  it('come apart again', () => {
    const record = decodeTableKey(fromHex('7480000000000002905f728000000000000001'));
    expect(record.kind).to.equal('record');
    expect(record.tableId).to.equal(656);
    if (record.kind === 'record') expect(intHandleValue(record.handle)).to.equal(1n);
    const index = decodeTableKey(fromHex('7480000000000002905f69800000000000000500038000000000000002'));
    expect(index).to.deep.equal({
      kind: 'index',
      tableId: 656,
      indexId: 5,
      isTemporary: false,
      values: fromHex('00038000000000000002'),
    });
  });

  it('know entries of an index that is being built', () => {
    const prefix = temporaryIndexPrefix(112, 1);
    expect(toHex(prefix)).to.equal('7480000000000000705f69ffff000000000001');
    expect(decodeTableKey(prefix)).to.include({ kind: 'index', indexId: 1, isTemporary: true });
  });

  it('hold table ids of 48 bits', () => {
    const id = 0xffff_ffff_fffe;
    expect(toHex(recordRange(id).start)).to.equal('748000fffffffffffe5f72');
    expect(decodeTableKey(recordKey(id, intHandle(650n))).tableId).to.equal(id);
  });

  it('lie in the ranges of their table', () => {
    const { start, end } = recordRange(656);
    for (const handle of [-(1n << 63n), -1n, 0n, (1n << 63n) - 1n]) {
      const key = recordKey(656, intHandle(handle));
      expect(compareBytes(key, start)).to.be.above(0);
      expect(compareBytes(key, end)).to.be.below(0);
      // The coprocessor's range begins later, but before every row.
      expect(compareBytes(key, coprocessorRange(656).start)).to.be.at.least(0);
    }
    expect(toHex(coprocessorRange(656).start)).to.equal(`${toHex(start)}00`);
    expect(toHex(end)).to.equal('7480000000000002905f73');
    const table = tableRange(656);
    expect(compareBytes(indexRange(656, 1).start, table.start)).to.be.above(0);
    expect(compareBytes(end, table.end)).to.be.below(0);
    expect(compareBytes(recordRange(657).start, table.end)).to.be.at.least(0);
  });

  for (const [what, hex] of [
    ['no bytes', ''],
    ['a meta key', '6d44423a31'],
    ['a table id that is cut short', '74800000'],
    ['neither record nor index', '7480000000000002905f6180'],
    ['a handle of seven bytes', '7480000000000002905f7280000000000000'],
    ['an index id that is cut short', '7480000000000002905f698000'],
    ['an id beyond any', '74ffffffffffffffff5f728000000000000001'],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(() => decodeTableKey(fromHex(hex))).to.throw(CodecError);
    });
  }

  it('tell tables from the rest', () => {
    expect(isTableKey(fromHex('74'))).to.equal(true);
    expect(isTableKey(fromHex('6d'))).to.equal(false);
  });

  it('refuse to read a common handle as an integer', () => {
    expect(() => intHandleValue(new Uint8Array(9))).to.throw(CodecError);
  });
});
