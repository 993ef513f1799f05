import { expect } from 'chai';
import { compareBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import {
  META_RANGE,
  SCHEMA_VERSION_KEY,
  databaseContentRange,
  databaseMetaKey,
  databasesRange,
  decodeMetaKey,
  tableMetaKey,
} from '../../../src/codec/meta-keys.js';

describe('meta keys', () => {
  it('are those of a real cluster', () => {
    // TRUTH §5: the TableInfo of table 186 in database 184.
    expect(toHex(tableMetaKey(184, 186))).to.equal(
      '6d44423a3138340000fd00000000000000685461626c653a3138ff3600000000000000f8',
    );
  });

  it('come apart again', () => {
    expect(decodeMetaKey(tableMetaKey(184, 186))).to.deep.equal({
      kind: 'table',
      databaseId: 184,
      tableId: 186,
    });
    expect(decodeMetaKey(databaseMetaKey(7))).to.deep.equal({ kind: 'database', databaseId: 7 });
    expect(decodeMetaKey(SCHEMA_VERSION_KEY)).to.deep.equal({ kind: 'schemaVersion' });
  });

  it('lie in their ranges', () => {
    for (const [key, range] of [
      [tableMetaKey(184, 186), META_RANGE],
      [SCHEMA_VERSION_KEY, META_RANGE],
      [databaseMetaKey(7), databasesRange()],
      [tableMetaKey(184, 186), databaseContentRange(184)],
    ] as const) {
      expect(compareBytes(key, range.start)).to.be.at.least(0);
      expect(compareBytes(key, range.end)).to.be.below(0);
    }
    expect(compareBytes(tableMetaKey(18, 186), databaseContentRange(184).start)).to.be.below(0);
  });

  for (const [what, hex] of [
    ['a list', '6d44444c4a6f624c69ff7374000000000000f9000000000000006c'],
    ['another string', '6d4e657874476c6f62ff616c494400000000fb0000000000000073'],
  ] as const) {
    it(`take ${what} for something else`, () => {
      expect(decodeMetaKey(fromHex(hex))).to.deep.equal({ kind: 'other' });
    });
  }

  it('take a field that is no table for something else', () => {
    const odd = fromHex(toHex(tableMetaKey(184, 186)).replace(toHex(utf8('Table')), toHex(utf8('Tidxx'))));
    expect(decodeMetaKey(odd)).to.deep.equal({ kind: 'other' });
    const noNumber = fromHex(toHex(databaseMetaKey(7)).replace(toHex(utf8('DB:7')), toHex(utf8('DB:x'))));
    expect(decodeMetaKey(noNumber)).to.deep.equal({ kind: 'other' });
  });

  for (const [what, hex] of [
    ['no bytes', ''],
    ['a key of a table', '7480000000000002905f72'],
    ['a name that is cut short', '6d44423a31'],
    ['a missing kind', '6d44423a3138340000fd'],
    ['a missing field', '6d44423a3138340000fd0000000000000068'],
    ['bytes after the field', '6d44423a3138340000fd00000000000000685461626c653a3138ff3600000000000000f800'],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(() => decodeMetaKey(fromHex(hex))).to.throw(CodecError);
    });
  }
});
