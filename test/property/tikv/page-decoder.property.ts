import { expect } from 'chai';
import fc from 'fast-check';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { utf8 } from '../../../src/base/bytes.js';
import { cellAt } from '../../../src/codec/cell.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import { writeComparable, writeCompact } from '../../../src/codec/flagged-datum.js';
import { PageDecoder } from '../../../src/tikv/coprocessor/page-decoder.js';

const type = (tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType => ({
  tp,
  flag: 0,
  flen: -1,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
  ...more,
});

const types: readonly FieldType[] = [
  type(MysqlType.longlong),
  type(MysqlType.longlong, { flag: FieldFlag.unsigned }),
  type(MysqlType.double),
  type(MysqlType.newdecimal, { flen: 40, decimal: 5 }),
  type(MysqlType.varchar),
  type(MysqlType.datetime),
  type(MysqlType.duration),
];
const datums: readonly fc.Arbitrary<Datum>[] = [
  fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.double({ noNaN: true }).map((d) => (Object.is(d, -0) ? 0 : d)),
  fc.bigInt(-(10n ** 39n), 10n ** 39n).map((n) => new Decimal(n, 5)),
  fc.uint8Array({ maxLength: 300 }),
  fc.bigInt(0n, (1n << 61n) - 1n),
  fc.bigInt(-3_020_399_000_000_000n, 3_020_399_000_000_000n),
];
const row = fc.tuple(...datums.map((datum) => fc.option(datum)));

function text(datum: Datum): string {
  if (datum === null) return 'NULL';
  return datum instanceof Uint8Array ? Buffer.from(datum).toString('hex') : String(datum);
}

describe('tikv/coprocessor/page-decoder', () => {
  for (const form of ['compact', 'comparable'] as const) {
    it(`gives back rows in ${form} datums, over several chunks`, () => {
      fc.assert(
        fc.property(fc.array(row, { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), (rows, cut) => {
          const decoder = new PageDecoder(types);
          for (const part of [rows.slice(0, cut), rows.slice(cut)]) {
            const out = new ByteWriter();
            for (const cells of part) {
              cells.forEach((datum, i) => {
                if (form === 'compact') writeCompact(out, datum, types[i]!);
                else writeComparable(out, datum, types[i]!, collationOf('binary', true));
              });
            }
            decoder.add(out.take());
          }
          expect(decoder.rows).to.equal(rows.length);
          const columns = decoder.finish();
          const got = rows.map((_, r) => columns.map((column, i) => text(cellAt(column, r, types[i]!))));
          expect(got).to.deep.equal(rows.map((cells) => cells.map(text)));
        }),
      );
    });
  }

  it('reads lengths of one to three bytes', () => {
    for (const length of [0, 1, 63, 64, 8191, 8192, 200_000]) {
      const decoder = new PageDecoder([type(MysqlType.blob)]);
      const out = new ByteWriter();
      writeCompact(out, new Uint8Array(length).fill(7), type(MysqlType.blob));
      decoder.add(out.take());
      const [column] = decoder.finish();
      expect((cellAt(column!, 0, type(MysqlType.blob)) as Uint8Array).length).to.equal(length);
    }
  });

  it('refuses bytes that are cut off or of no known form', () => {
    const bad: readonly Uint8Array[] = [
      new Uint8Array([2, 20, 1, 2]),
      new Uint8Array([2, 0xff, 0xff, 0xff, 0xff, 0xff]),
      new Uint8Array([2, 1]),
      new Uint8Array([99]),
      utf8('\u0002'),
    ];
    for (const bytes of bad) {
      expect(() => new PageDecoder([type(MysqlType.varchar)]).add(bytes))
        .to.throw()
        .with.property('kind', 'malformed');
    }
    const twoColumns = new PageDecoder([type(MysqlType.longlong), type(MysqlType.longlong)]);
    expect(() => twoColumns.add(new Uint8Array([0, 0, 0]))).to.throw();
  });
});
