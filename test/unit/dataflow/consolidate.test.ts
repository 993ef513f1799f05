import { expect } from 'chai';
import { LimitError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import { Consolidation, consolidate } from '../../../src/dataflow/consolidate.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { hashRows } from '../../../src/dataflow/row-identity.js';
import { BIGINT, DECIMAL, DOUBLE, TEXT, type WeightedRow, dec, deltaOf, rowsOf } from './rows.js';

describe('dataflow/consolidate', () => {
  it('sums the weights of equal rows, in the order of their first occurrence', () => {
    const types = [BIGINT, TEXT];
    const delta = deltaOf(types, [
      [1, 2n, 'b'],
      [-1, 1n, 'a'],
      [1, 2n, 'b'],
      [1, 2n, 'c'],
      [-3, 1n, 'a'],
    ]);
    const result = consolidate(delta);
    expect(result.isConsolidated).equal(true);
    expect(rowsOf(types, result)).deep.equal([
      [2, 2n, 'b'],
      [-4, 1n, 'a'],
      [1, 2n, 'c'],
    ]);
  });

  it('drops rows whose weights cancel', () => {
    const types = [BIGINT, DECIMAL];
    const delta = deltaOf(types, [
      [-1, 1n, dec('1.50')],
      [-1, 2n, dec('1.50')],
      [1, 1n, dec('1.50')],
      [1, 2n, dec('1.51')],
    ]);
    expect(rowsOf(types, consolidate(delta))).deep.equal([
      [-1, 2n, 'd1.50'],
      [1, 2n, 'd1.51'],
    ]);
  });

  it('tells apart decimals that only their wide values tell apart', () => {
    const wide = '90071992547409930000000000';
    const delta = deltaOf(
      [DECIMAL],
      [
        [1, dec(`${wide}.01`)],
        [-1, dec(`${wide}.02`)],
        [-1, dec(`${wide}.01`)],
        [1, dec(`-${wide}.02`)],
      ],
    );
    expect(rowsOf([DECIMAL], consolidate(delta))).deep.equal([
      [-1, `d${wide}.02`],
      [1, `d-${wide}.02`],
    ]);
  });

  it('takes NULLs for equal, whatever lies beneath them, and for nothing else', () => {
    const [lo, hi] = [Int32Array.of(7, 9, 0, 0), new Int32Array(4)];
    const delta: Delta = {
      rows: 4,
      weights: Int32Array.of(1, 1, 1, -1),
      columns: [{ kind: 'i64', lo, hi, nulls: Uint32Array.of(0b1011) }],
      isConsolidated: false,
    };
    expect(rowsOf([BIGINT], consolidate(delta))).deep.equal([
      [1, null],
      [1, 0n],
    ]);
    const strings = deltaOf(
      [TEXT],
      [
        [1, null],
        [-1, ''],
      ],
    );
    expect(consolidate(strings).rows).equal(2);
  });

  it('tells 0 from −0, and strings by their bytes', () => {
    const doubles = deltaOf(
      [DOUBLE],
      [
        [1, 0],
        [-1, -0],
      ],
    );
    expect(consolidate(doubles).rows).equal(2);
    const texts = deltaOf(
      [TEXT, TEXT],
      [
        [1, 'a', 'bc'],
        [-1, 'ab', 'c'],
        [-1, 'A', 'bc'],
        [-1, 'a', 'bc '],
      ],
    );
    expect(consolidate(texts).rows).equal(4);
  });

  it('is exact where hashes collide', () => {
    const values = Array.from({ length: 300_000 }, (_, i) => BigInt(i) * 0x9_e377_9b97n);
    const { rows, columns } = deltaOf(
      [BIGINT],
      values.map((value) => [1, value]),
    );
    const hashes = new Int32Array(rows);
    hashRows(columns, 0, rows, hashes);
    const seen = new Map<number, bigint>();
    const colliding: WeightedRow[] = [];
    hashes.forEach((hash, i) => {
      const other = seen.get(hash);
      if (other !== undefined) colliding.push([1, other], [-1, values[i]!]);
      seen.set(hash, values[i]!);
    });
    expect(colliding.length, 'rows that collide').greaterThan(0);
    expect(rowsOf([BIGINT], consolidate(deltaOf([BIGINT], colliding)))).deep.equal(colliding);
  });

  it('does not slow down over many wide decimals', function () {
    this.timeout(5000);
    const rows: WeightedRow[] = [];
    for (let i = 0; i < 60_000; i++) rows.push([1, dec(`9007199254740993${i}.00`)]);
    expect(consolidate(deltaOf([DECIMAL], rows)).rows).equal(60_000);
  });

  it('comes to the same in pieces', () => {
    const rows: WeightedRow[] = Array.from({ length: 100 }, (_, i) => [i % 3 === 0 ? -1 : 1, BigInt(i % 30)]);
    const delta = deltaOf([BIGINT], rows);
    const consolidation = new Consolidation(delta);
    const looks: number[] = [];
    for (;;) {
      const { rows: looked, isDone } = consolidation.run(33);
      looks.push(looked);
      if (isDone) break;
    }
    expect(looks).deep.equal([33, 33, 33, 1]);
    expect(rowsOf([BIGINT], consolidation.finish())).deep.equal(rowsOf([BIGINT], consolidate(delta)));
    expect(() => new Consolidation(delta).finish()).throw('too early');
  });

  it('passes a consolidated delta on, and keeps the columns of one without repetitions', () => {
    const delta = deltaOf(
      [BIGINT],
      [
        [1, 1n],
        [-1, 2n],
      ],
    );
    const once = consolidate(delta);
    expect(once.columns).equal(delta.columns);
    expect(consolidate(once)).equal(once);
  });

  it('looks only at the rows that a delta has', () => {
    const delta = {
      ...deltaOf(
        [BIGINT],
        [
          [1, 1n],
          [1, 2n],
          [1, 1n],
        ],
      ),
      rows: 2,
    };
    expect(rowsOf([BIGINT], consolidate(delta))).deep.equal([
      [1, 1n],
      [1, 2n],
    ]);
  });

  it('refuses more rows than an epoch may have', function () {
    this.timeout(10_000);
    const rows = limits.epochRows + 1;
    const lo = Int32Array.from({ length: rows }, (_, i) => i);
    const delta: Delta = {
      rows,
      weights: new Int32Array(rows).fill(1),
      columns: [{ kind: 'i64', lo, hi: new Int32Array(rows), nulls: undefined }],
      isConsolidated: false,
    };
    expect(() => consolidate(delta)).throw(LimitError, `${limits.epochRows}`);
    const weights = new Int32Array(rows).fill(1);
    weights[5] = 0;
    expect(consolidate({ ...delta, weights }).rows).equal(limits.epochRows);
  });
});
