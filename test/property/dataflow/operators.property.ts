import { expect } from 'chai';
import fc from 'fast-check';
import { appendDatum, cellAt } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { FieldType } from '../../../src/codec/field-type.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../src/dataflow/circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { typesOfSpec } from '../../../src/dataflow/spec-types.js';
import type { NodeSpec } from '../../../src/dataflow/view-spec.js';
import { type Row, datumKey } from './arbitrary-rows.js';
import { Choices, chooseRow, chooseSpec } from './arbitrary-specs.js';
import { rowsOfSpec } from './naive.js';

interface Change {
  readonly row: Row;
  readonly weight: number;
}

/** What happens in an epoch to each table. */
type Epoch = ReadonlyMap<number, readonly Change[]>;

const TABLES = [1, 2];

/** Random changes of tables that hold rows already; what they hold is updated. */
function chooseEpoch(choices: Choices, tables: ReadonlyMap<number, Row[]>, phase: number): Epoch {
  return new Map(
    TABLES.map((table) => {
      const rows = tables.get(table)!;
      const changes: Change[] = [];
      for (let left = choices.below(6); left > 0; left--) {
        const mustAdd = rows.length === 0 || (phase % 4 !== 1 && rows.length < 12 && choices.below(3) > 0);
        if (!mustAdd) {
          const [row] = rows.splice(choices.below(rows.length), 1);
          changes.push({ row: row!, weight: -1 });
          if (choices.oneIn(2)) continue;
        }
        const known = rows.length > 0 && choices.oneIn(4) ? choices.of(rows) : chooseRow(choices);
        const weight = choices.oneIn(6) ? 2 : 1;
        for (let i = 0; i < weight; i++) rows.push(known);
        changes.push({ row: known, weight });
      }
      return [table, changes];
    }),
  );
}

function deltaOf(changes: readonly Change[], circuit: Circuit, table: number): Delta {
  const columns = circuit.sources.get(table)!;
  const builders = columns.map(({ type }) => columnBuilderOf(type));
  for (const { row } of changes)
    columns.forEach(({ id }, i) => {
      appendDatum(builders[i]!, row[id]!);
    });
  return {
    rows: changes.length,
    weights: Int32Array.from(changes, ({ weight }) => weight),
    columns: builders.map((builder) => builder.finish()),
    isConsolidated: false,
  };
}

function inputsOf(epoch: Epoch, circuit: Circuit): ReadonlyMap<number, Delta> {
  const used = [...epoch].filter(([table]) => circuit.sources.has(table));
  return new Map(used.map(([table, changes]) => [table, deltaOf(changes, circuit, table)]));
}

function bag(entries: Iterable<readonly [string, number]>): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const [key, weight] of entries) counts.set(key, (counts.get(key) ?? 0) + weight);
  return [...counts].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

function keysOf(delta: Delta, types: readonly FieldType[]): readonly (readonly [string, number])[] {
  return Array.from({ length: delta.rows }, (_, row) => {
    const cells = types.map((type, i) => datumKey(cellAt(delta.columns[i]!, row, type)));
    return [cells.join(), delta.weights[row]!] as const;
  });
}

function run(circuit: Circuit, upper: bigint, epoch: Epoch, budget: number): ReadonlyMap<bigint, Delta> {
  const step = circuit.begin(ts(upper), inputsOf(epoch, circuit));
  for (;;) {
    const result = step.run(budget);
    if (result.kind === 'done') return result.views;
  }
}

function widthOf(spec: NodeSpec): number {
  return typesOfSpec(spec).length;
}

/** Checks views over a history, epoch by epoch. */
function check(specs: readonly NodeSpec[], choices: Choices, budget: number, epochs: number): void {
  const views = specs.map((root, i) => ({ viewId: BigInt(i), hasKey: false, root }));
  const circuit = buildCircuit(views, ts(1n));
  const tables = new Map<number, Row[]>(TABLES.map((table) => [table, []]));
  const contents = specs.map(() => [] as (readonly [string, number])[]);
  for (let n = 0; n < epochs; n++) {
    if (choices.oneIn(4)) {
      // Steps that are given up somewhere change nothing.
      const copy = new Map([...tables].map(([table, rows]) => [table, [...rows]]));
      const step = circuit.begin(ts(BigInt(n + 2)), inputsOf(chooseEpoch(choices, copy, n), circuit));
      for (let left = choices.below(12); left > 0 && step.run(1 + choices.below(3)).kind === 'more'; left--);
      if (circuit.upper < n + 2) circuit.abandon();
      else return;
    }
    const result = run(circuit, BigInt(n + 2), chooseEpoch(choices, tables, n), budget);
    specs.forEach((spec, i) => {
      const delta = result.get(BigInt(i))!;
      const keys = keysOf(delta, typesOfSpec(spec));
      expect(new Set(keys.map(([key]) => key)).size, 'each distinct row once').equal(delta.rows);
      contents[i] = [...bag([...contents[i]!, ...keys])];
      const rows = rowsOfSpec(spec, tables, widthOf);
      const expected = bag(rows.map((row) => [row.map(datumKey).join(), 1] as const));
      expect(contents[i], `view ${i} after epoch ${n}`).deep.equal(expected);
    });
  }
}

const decisions = fc.array(fc.nat(1_000_000), { minLength: 40, maxLength: 400, size: 'max' });

describe('dataflow/operators', () => {
  it('stand, after every epoch of any history, where a plain evaluation of all rows stands', () => {
    fc.assert(
      fc.property(decisions, decisions, fc.constantFrom(1, 2, 7, 1_000_000), (shape, history, budget) => {
        check([chooseSpec(new Choices(shape), 2)], new Choices(history), budget, 7);
      }),
      { numRuns: 200 },
    );
  });

  it('do so together in one circuit', () => {
    fc.assert(
      fc.property(decisions, decisions, (shape, history) => {
        const choices = new Choices(shape);
        const specs = [chooseSpec(choices, 1), chooseSpec(choices, 2), chooseSpec(choices, 1)];
        check([...specs, specs[0]!], new Choices(history), 50, 5);
      }),
      { numRuns: 60 },
    );
  });
});
