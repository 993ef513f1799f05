import { expect } from 'chai';
import fc from 'fast-check';
import { cellAt } from '../../../src/codec/cell.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { type RowExpression, typeOf } from '../../../src/dataflow/expression.js';
import type { NodeSpec } from '../../../src/dataflow/view-spec.js';
import { evaluate, truthOf } from '../../../src/plan/reference/evaluate-expression.js';
import { COLUMNS, type Row, arbitraryRow, arbitraryTest, datumKey, deltaOfRows } from './arbitrary-rows.js';

const TABLE = 7;
const SOURCE: NodeSpec = { kind: 'source', table: TABLE, columns: COLUMNS.map((type, id) => ({ id, type })) };
const PASSED_ON: readonly RowExpression[] = COLUMNS.map((type, index) => ({ kind: 'column', index, type }));

interface View {
  readonly predicate: RowExpression;
  readonly items: readonly RowExpression[];
}

const arbitraryView: fc.Arbitrary<View> = fc.record({
  predicate: arbitraryTest,
  items: fc
    .tuple(fc.subarray([...PASSED_ON], { minLength: 1 }), fc.array(arbitraryTest, { maxLength: 2 }))
    .map(([columns, tests]) => [...columns, ...tests]),
});

function rootOf({ predicate, items }: View): NodeSpec {
  return { kind: 'project', input: { kind: 'filter', input: SOURCE, predicate }, items };
}

/** A bag of rows by key; zero counts are left out. */
function bag(entries: Iterable<readonly [string, number]>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [key, weight] of entries) counts.set(key, (counts.get(key) ?? 0) + weight);
  return new Map([...counts].filter(([, count]) => count !== 0).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function keysOfDelta(delta: Delta, items: readonly RowExpression[]): readonly (readonly [string, number])[] {
  return Array.from({ length: delta.rows }, (_, row) => {
    const cells = items.map((item, i) => datumKey(cellAt(delta.columns[i]!, row, typeOf(item))));
    return [cells.join(), delta.weights[row]!] as const;
  });
}

function expected(
  { predicate, items }: View,
  changes: readonly { readonly row: Row; readonly weight: number }[],
) {
  return bag(
    changes
      .filter(({ row }) => truthOf(predicate, row) === true)
      .map(({ row, weight }) => [items.map((item) => datumKey(evaluate(item, row))).join(), weight] as const),
  );
}

describe('dataflow/circuit', () => {
  it('emits for every delta what the plain evaluator does, each row once', () => {
    fc.assert(
      fc.property(
        arbitraryView,
        fc.array(fc.record({ row: arbitraryRow, weight: fc.constantFrom(1, -1, 2) }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 50 }),
        (view, changes, budget) => {
          const circuit = buildCircuit([{ viewId: 1n, hasKey: false, root: rootOf(view) }], ts(1n));
          const step = circuit.begin(ts(2n), new Map([[TABLE, deltaOfRows(changes)]]));
          let result = step.run(budget);
          while (result.kind === 'more') result = step.run(budget);
          const delta = result.views.get(1n)!;
          const keys = keysOfDelta(delta, view.items);
          expect(new Set(keys.map(([key]) => key)).size, 'each distinct row once').equal(delta.rows);
          expect(delta.isConsolidated).equal(true);
          expect([...bag(keys)]).deep.equal([...expected(view, changes)]);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('stands, after any history, where the plain evaluator stands over the rows that are there', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryView, { minLength: 1, maxLength: 3 }),
        fc.array(arbitraryRow, { minLength: 1, maxLength: 12 }),
        fc.array(
          fc.array(fc.tuple(fc.nat(30), fc.option(fc.nat(30), { nil: undefined })), { maxLength: 8 }),
          { minLength: 1, maxLength: 6 },
        ),
        (views, pool, epochs) => {
          const circuit = buildCircuit(
            views.map((view, i) => ({ viewId: BigInt(i), hasKey: false, root: rootOf(view) })),
            ts(1n),
          );
          const table = new Map<number, Row>();
          const contents = views.map(() => [] as (readonly [string, number])[]);
          let upper = 1n;
          for (const epoch of epochs) {
            const changes: { row: Row; weight: number }[] = [];
            for (const [key, value] of epoch) {
              const old = table.get(key % 10);
              if (old !== undefined) changes.push({ row: old, weight: -1 });
              table.delete(key % 10);
              if (value === undefined) continue;
              const row = pool[value % pool.length]!;
              table.set(key % 10, row);
              changes.push({ row, weight: 1 });
            }
            const result = circuit.begin(ts(++upper), new Map([[TABLE, deltaOfRows(changes)]])).run(1000);
            if (result.kind !== 'done') throw new Error('more');
            views.forEach((view, i) =>
              contents[i]!.push(...keysOfDelta(result.views.get(BigInt(i))!, view.items)),
            );
            const rows = [...table.values()].map((row) => ({ row, weight: 1 }));
            views.forEach((view, i) => expect([...bag(contents[i]!)]).deep.equal([...expected(view, rows)]));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('cancels what is taken away and added again', () => {
    fc.assert(
      fc.property(arbitraryView, fc.array(arbitraryRow, { maxLength: 20 }), (view, rows) => {
        const circuit = buildCircuit([{ viewId: 1n, hasKey: false, root: rootOf(view) }], ts(1n));
        const changes = [
          ...rows.map((row) => ({ row, weight: 1 })),
          ...rows.map((row) => ({ row, weight: -1 })),
        ];
        const result = circuit.begin(ts(2n), new Map([[TABLE, deltaOfRows(changes)]])).run(1000);
        expect(result.kind === 'done' && result.views.get(1n)?.rows).equal(0);
      }),
      { numRuns: 200 },
    );
  });
});
