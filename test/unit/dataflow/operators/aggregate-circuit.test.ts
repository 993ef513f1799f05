import { expect } from 'chai';
import type { Datum } from '../../../../src/codec/datum.js';
import { ts } from '../../../../src/codec/tso.js';
import { type FieldType, MysqlType } from '../../../../src/codec/field-type.js';
import { buildCircuit } from '../../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../../src/dataflow/circuit.js';
import type { AggregateFunction, AggregateSpec, NodeSpec } from '../../../../src/dataflow/view-spec.js';
import { BIGINT, DECIMAL, DOUBLE, TEXT, type WeightedRow, dec, deltaOf, rowsOf } from '../rows.js';

const TYPES = [BIGINT, BIGINT, DECIMAL, DOUBLE, TEXT];
const SOURCE: NodeSpec = { kind: 'source', table: 1, columns: TYPES.map((type, id) => ({ id, type })) };
const SUM: FieldType = { ...DECIMAL, decimal: 0 };
const AVERAGE: FieldType = { ...DECIMAL, decimal: 6 };
const DOMAINS = [
  { kind: 'integer' },
  { kind: 'integer' },
  { kind: 'decimal' },
  { kind: 'real' },
  { kind: 'string', collation: 'utf8mb4_bin', isNewCollation: true },
] as const;

function spec(
  name: AggregateFunction,
  operand: number | undefined,
  type: FieldType,
  isDistinct = false,
): AggregateSpec {
  const operands = operand === undefined ? [] : [operand];
  return { function: name, isDistinct, operands, domains: operands.map((k) => DOMAINS[k]!), type };
}

class Harness {
  readonly circuit: Circuit;
  readonly #types: readonly FieldType[];

  constructor(groups: readonly number[], aggregates: readonly AggregateSpec[]) {
    const root: NodeSpec = {
      kind: 'aggregate',
      input: SOURCE,
      groups: groups.map((index) => ({ index, domain: DOMAINS[index]! })),
      isScalar: groups.length === 0,
      aggregates,
    };
    this.#types = [...groups.map((k) => TYPES[k]!), ...aggregates.map(({ type }) => type)];
    this.circuit = buildCircuit([{ viewId: 1n, hasKey: true, root }], ts(1n));
  }

  run(...rows: readonly WeightedRow[]): readonly (readonly unknown[])[] {
    const input = new Map(rows.length === 0 ? [] : [[1, deltaOf(TYPES, rows)]]);
    const result = this.circuit.begin(ts(this.circuit.upper + 1n), input).run(1e9);
    if (result.kind === 'more') throw new Error('an epoch that does not end');
    return rowsOf(this.#types, result.views.get(1n)!);
  }
}

function row(
  weight: number,
  group: Datum,
  value: Datum,
  more: Partial<Record<'d' | 'r' | 't', Datum | string>> = {},
): WeightedRow {
  return [weight, group, value, more.d ?? null, more.r ?? null, more.t ?? null];
}

describe('dataflow/operators: aggregation in a circuit', () => {
  it('a scalar aggregation has its row from the first epoch on, also without input', () => {
    const harness = new Harness(
      [],
      [spec('count', undefined, BIGINT), spec('sum', 1, SUM), spec('max', 1, BIGINT)],
    );
    expect(harness.run()).deep.equal([[1, 0n, null, null]]);
    expect(harness.run()).deep.equal([]);
    expect(harness.run(row(1, 1n, 5n))).deep.equal([
      [-1, 0n, null, null],
      [1, 1n, 'd5', 5n],
    ]);
    expect(harness.run(row(-1, 1n, 5n))).deep.equal([
      [-1, 1n, 'd5', 5n],
      [1, 0n, null, null],
    ]);
  });

  it('a scalar aggregation whose first epoch is given up still gives its row in the next', () => {
    const harness = new Harness([], [spec('count', undefined, BIGINT)]);
    harness.circuit.begin(ts(5n), new Map());
    harness.circuit.abandon();
    expect(harness.run()).deep.equal([[1, 0n]]);
  });

  it('gives nothing for a group that ends as it was', () => {
    const harness = new Harness([0], [spec('sum', 1, SUM), spec('avg', 1, AVERAGE)]);
    harness.run(row(1, 1n, 2n), row(1, 1n, 4n));
    expect(harness.run(row(-1, 1n, 2n), row(-1, 1n, 4n), row(1, 1n, 3n), row(1, 1n, 3n))).deep.equal([]);
    expect(harness.run(row(1, 1n, null))).deep.equal([]);
  });

  it('sums exactly beyond 2^63 and 2^84, and back', () => {
    const harness = new Harness([0], [spec('sum', 1, SUM)]);
    const most = 2n ** 63n - 1n;
    expect(harness.run(row(2 ** 30, 1n, most), row(1, 1n, 1n))).deep.equal([
      [1, 1n, `d${most * 2n ** 30n + 1n}`],
    ]);
    expect(harness.run(row(-(2 ** 30), 1n, most))).deep.equal([
      [-1, 1n, `d${most * 2n ** 30n + 1n}`],
      [1, 1n, 'd1'],
    ]);
    const harness2 = new Harness([0], [spec('sum', 2, DECIMAL)]);
    const wide = '12345678901234567890123456789012345678901234567890.25';
    expect(harness2.run(row(1, 1n, 0n, { d: dec(wide) }))).deep.equal([[1, 1n, `d${wide}`]]);
    expect(harness2.run(row(1, 1n, 0n, { d: dec('0.50') }), row(-1, 1n, 0n, { d: dec(wide) }))).deep.equal([
      [-1, 1n, `d${wide}`],
      [1, 1n, 'd0.50'],
    ]);
  });

  it('forgets a double that is taken away, however large it was', () => {
    const harness = new Harness([0], [spec('sum', 3, DOUBLE)]);
    harness.run(row(1, 1n, 0n, { r: 0.1 }), row(1, 1n, 0n, { r: 1e300 }), row(1, 1n, 0n, { r: 0.2 }));
    expect(harness.run(row(-1, 1n, 0n, { r: 1e300 })).at(-1)).deep.equal([1, 1n, 0.1 + 0.2]);
  });

  it('finds the next extreme when one leaves, and takes back none that is still there', () => {
    const harness = new Harness([0], [spec('min', 1, BIGINT), spec('max', 1, BIGINT)]);
    harness.run(...Array.from({ length: 1000 }, (_, i) => row(1, 1n, BigInt(i % 500))));
    expect(harness.run(row(-1, 1n, 0n))).deep.equal([]);
    expect(harness.run(row(-1, 1n, 0n), row(-1, 1n, 1n), row(-1, 1n, 1n))).deep.equal([
      [-1, 1n, 0n, 499n],
      [1, 1n, 2n, 499n],
    ]);
  });

  it('counts and sums distinct values once, passing over NULL', () => {
    const harness = new Harness([0], [spec('count', 1, BIGINT, true), spec('sum', 1, SUM, true)]);
    expect(harness.run(row(1, 1n, 5n), row(3, 1n, 5n), row(1, 1n, 7n), row(1, 1n, null))).deep.equal([
      [1, 1n, 2n, 'd12'],
    ]);
    expect(harness.run(row(-3, 1n, 5n))).deep.equal([]);
    expect(harness.run(row(-1, 1n, 5n))).deep.equal([
      [-1, 1n, 2n, 'd12'],
      [1, 1n, 1n, 'd7'],
    ]);
  });

  it('groups NULL with NULL', () => {
    const harness = new Harness([0], [spec('count', undefined, BIGINT)]);
    expect(harness.run(row(1, null, 1n), row(1, null, 2n))).deep.equal([[1, null, 2n]]);
  });

  it('lets the least of equal strings stand for them', () => {
    const harness = new Harness([4], [spec('count', undefined, BIGINT)]);
    expect(harness.run(row(1, 1n, 0n, { t: 'a  ' }))).deep.equal([[1, 'a  ', 1n]]);
    expect(harness.run(row(1, 1n, 0n, { t: 'a ' }))).deep.equal([
      [-1, 'a  ', 1n],
      [1, 'a ', 2n],
    ]);
    expect(harness.run(row(-1, 1n, 0n, { t: 'a ' }), row(1, 1n, 0n, { t: 'a  ' }))).deep.equal([
      [-1, 'a ', 2n],
      [1, 'a  ', 2n],
    ]);
  });

  it('forgets what an epoch that was given up had brought', () => {
    const harness = new Harness([0], [spec('sum', 1, SUM), spec('min', 1, BIGINT), spec('avg', 3, DOUBLE)]);
    harness.run(row(1, 1n, 5n, { r: 1 }));
    const more = [row(1, 1n, 1n, { r: 5 }), row(1, 2n, 1n, { r: 7 })];
    harness.circuit.begin(ts(100n), new Map([[1, deltaOf(TYPES, more)]])).run(2);
    harness.circuit.abandon();
    expect(harness.run(row(1, 1n, 6n, { r: 2 }))).deep.equal([
      [-1, 1n, 'd5', 5n, 1],
      [1, 1n, 'd11', 5n, 1.5],
    ]);
    expect(harness.circuit.report()[0]!.counters.stateRows).equal(1 + 2);
    expect(MysqlType.double).equal(DOUBLE.tp);
  });
});
