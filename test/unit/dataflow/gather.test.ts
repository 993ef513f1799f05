import { expect } from 'chai';
import type { FieldType } from '../../../src/codec/field-type.js';
import { emptyColumn } from '../../../src/dataflow/empty-column.js';
import { gatherColumn, joinColumns, pickInt32 } from '../../../src/dataflow/gather.js';
import { BIGINT, DECIMAL, DOUBLE, TEXT, type Value, dec, deltaOf, rowsOf } from './rows.js';

const LONG = 'x'.repeat(100);

const KINDS: Readonly<Record<string, { readonly type: FieldType; readonly values: readonly Value[] }>> = {
  integers: { type: BIGINT, values: [1n, null, -(2n ** 63n), 2n ** 63n - 1n, -1n] },
  doubles: { type: DOUBLE, values: [-0, null, 1e300, 0, -1.5] },
  decimals: {
    type: DECIMAL,
    values: [dec('1.25'), null, dec('12345678901234567890.12'), dec('-99999999999999999999.99'), dec('0')],
  },
  strings: { type: TEXT, values: ['a', null, '', LONG, 'é'] },
};

describe('dataflow/gather', () => {
  for (const [name, { type, values }] of Object.entries(KINDS)) {
    const rows = values.map((value): [number, Value] => [1, value]);
    const whole = deltaOf([type], rows);
    const column = whole.columns[0]!;
    const shown = rowsOf([type], whole).map(([, value]) => value);
    const read = (part: typeof column, count: number): unknown[] =>
      rowsOf([type], { ...whole, rows: count, columns: [part] }).map(([, value]) => value);

    it(`picks ${name} in any order, as often as asked`, () => {
      const selected = Int32Array.of(3, 1, 0, 0, 4, 2, 99);
      expect(read(gatherColumn(column, selected, 6), 6)).deep.equal([3, 1, 0, 0, 4, 2].map((i) => shown[i]));
      expect(read(gatherColumn(column, selected, 0), 0)).deep.equal([]);
    });

    it(`forgets the NULLs of ${name} when none is picked`, () => {
      expect(gatherColumn(column, Int32Array.of(0, 2, 3), 3).nulls).equal(undefined);
      expect(gatherColumn(column, Int32Array.of(0, 1), 2).nulls).deep.equal(Uint32Array.of(2));
    });

    it(`joins parts of ${name}, of which only so many rows count`, () => {
      const part = gatherColumn(column, Int32Array.of(2, 3, 4), 3);
      const joined = joinColumns([column, part, emptyColumn(type), part, column], [4, 2, 0, 3, 5]);
      const expected = [...shown.slice(0, 4), shown[2], shown[3], ...shown.slice(2, 5), ...shown];
      expect(read(joined, 14)).deep.equal(expected);
    });
  }

  it('makes arrays that fit', () => {
    const { columns } = deltaOf(
      [TEXT],
      [
        [1, LONG],
        [1, 'ab'],
        [1, LONG],
      ],
    );
    const picked = gatherColumn(columns[0]!, Int32Array.of(1), 1);
    expect(picked.kind === 'bytes' && picked.data.buffer.byteLength).equal(2);
    expect(pickInt32(Int32Array.of(5, 6, 7), Int32Array.of(2, 0), 2)).deep.equal(Int32Array.of(7, 5));
  });

  it('reads bytes wherever they begin, and wide values only of rows that count', () => {
    const data = Uint8Array.of(0x3f, 0x3f, 0x61, 0x62, 0x63);
    const late = { kind: 'bytes', offsets: Uint32Array.of(2, 3, 5), data, nulls: undefined } as const;
    const joined = joinColumns([late, late], [2, 1]);
    expect(joined.kind === 'bytes' && Buffer.from(joined.data).toString()).equal('abca');
    const wide = deltaOf(
      [DECIMAL],
      [
        [1, dec('1.00')],
        [1, dec('12345678901234567890.12')],
      ],
    ).columns[0]!;
    const narrow = joinColumns([wide, wide], [1, 1]);
    expect(narrow.kind === 'dec' && narrow.wide).equal(undefined);
  });

  it('keeps NULLs in their places when words of 32 are crossed', () => {
    const rows = Array.from({ length: 45 }, (_, i): [number, Value] => [1, i % 7 === 0 ? null : BigInt(i)]);
    const { columns } = deltaOf([BIGINT], rows);
    const joined = joinColumns([columns[0]!, columns[0]!], [45, 45]);
    const all = rowsOf([BIGINT], {
      rows: 90,
      weights: new Int32Array(90),
      columns: [joined],
      isConsolidated: false,
    });
    expect(all.map(([, value]) => value)).deep.equal([...rows, ...rows].map(([, value]) => value));
  });

  it('joins only columns of one kind and scale', () => {
    const one = deltaOf([BIGINT, DECIMAL, TEXT, DOUBLE], [[1, 1n, dec('1.00'), 'a', 1]]).columns;
    expect(() => joinColumns([one[0]!, one[1]!], [1, 1])).throw('joined');
    expect(() => joinColumns([one[2]!, one[0]!], [1, 1])).throw('joined');
    expect(() => joinColumns([one[3]!, one[0]!], [1, 1])).throw('joined');
    const finer = deltaOf([{ ...DECIMAL, decimal: 5 }], [[1, dec('1.00000')]]).columns[0]!;
    expect(() => joinColumns([one[1]!, finer], [1, 1])).throw('joined');
  });
});
