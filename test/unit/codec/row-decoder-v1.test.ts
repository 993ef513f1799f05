import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, utf8 } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import type { Datum } from '../../../src/codec/datum.js';
import { datumText } from '../../../src/codec/datum-text.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { writeCompact } from '../../../src/codec/flagged-datum.js';
import { writeVarint } from '../../../src/codec/varint.js';
import { fieldType } from './support/field-types.js';
import { column, decode, layoutOf } from './support/stored-row.js';

describe('row decoder, format v1', () => {
  function rowV1(cells: readonly (readonly [number, Datum, string])[]): Uint8Array {
    const out = new ByteWriter();
    for (const [id, datum, type] of cells) {
      writeVarint(out.u8(8), BigInt(id));
      writeCompact(out, datum, fieldType(type));
    }
    return out.take();
  }

  const TYPES = [
    'bigint',
    'bigint unsigned',
    'double',
    'float',
    'decimal(10,2)',
    'varchar(9)',
    'datetime',
    'time',
    "enum('a','b')",
    'json',
    'vector',
    'year',
    'bit(9)',
  ];
  const DATA: readonly Datum[] = [
    -5n,
    1n << 63n,
    0.5,
    1.5,
    new Decimal(-150n, 2),
    utf8('abc'),
    0x19b2bac000000000n,
    -1_000_000_000n,
    2n,
    fromHex('0401'),
    fromHex('010000000000c03f'),
    2024n,
    257n,
  ];

  it('gives the same as format v2, for every type and in any order', () => {
    const columns = TYPES.map((type, i) => column(i + 1, type));
    const cells = TYPES.map((type, i) => [i + 1, DATA[i] ?? null, type] as const);
    const expected = TYPES.map((type, i) => datumText(DATA[i] ?? null, fieldType(type)));
    expect(decode(layoutOf(columns), rowV1(cells))).to.deep.equal(expected);
    expect(decode(layoutOf(columns), rowV1([...cells].reverse()))).to.deep.equal(expected);
  });

  it('takes NULL, defaults and the handle', () => {
    const columns = [column(1, 'int'), column(2, 'int'), column(3, 'int', 7n)];
    const layout = layoutOf(columns, { kind: 'int', columnId: 1 });
    expect(decode(layout, rowV1([[2, null, 'int']]))).to.deep.equal(['-5', 'NULL', '7']);
    expect(decode(layout, fromHex('00'))).to.deep.equal(['-5', 'NULL', '7']);
  });

  it('refuses what is not a column id', () => {
    expect(() => decode(layoutOf([column(1, 'int')]), fromHex('0902'))).to.throw(CodecError);
    expect(() => decode(layoutOf([column(1, 'int')]), fromHex('0802'))).to.throw(CodecError);
  });
});
