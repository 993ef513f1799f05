import { expect } from 'chai';
import fc from 'fast-check';
import { toHex } from '../../../src/base/bytes.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { cellAt } from '../../../src/codec/cell.js';
import type { Datum } from '../../../src/codec/datum.js';
import type { TableId } from '../../../src/codec/table-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { type ViewPlan, bindDefinition, planView, readDefinition } from '../../../src/plan/plan-view.js';
import { type TableRows, evaluatePlan } from '../../../src/plan/reference/evaluate-plan.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import { Chance } from '../../e2e/plan/random.js';
import { datumOf, deltaOf } from '../../e2e/plan/table-under-test.js';
import { randomQuery } from '../../support/plan/random-query.js';
import { type RelationTable, randomRelation, relationValue } from '../../support/plan/random-relations.js';
import { notNull, testTable, typeOf } from '../../unit/plan/table.js';

const SETTINGS = { timeZone: '+00:00' };
const ROWS = 9;
const EPOCHS = 6;

type Row = readonly Datum[];

/** A random table in memory. */
class MemoryTable {
  readonly version: TableVersion;
  rows: readonly Row[] = [];
  readonly #table: RelationTable;
  readonly #chance: Chance;
  #nextId = 0;

  constructor(id: number, table: RelationTable, chance: Chance) {
    this.#table = table;
    this.#chance = chance;
    const indexes = [
      ...(table.hasKey ? [{ columns: ['id'], isUnique: true, isPrimary: true }] : []),
      ...(table.hasSecondKey ? [{ columns: ['k'], isUnique: true }] : []),
    ];
    this.version = testTable([{ name: 'id', type: notNull(typeOf('long')) }, ...table.columns], indexes, {
      id,
    });
  }

  /** Takes some rows away and puts others in. */
  change(): void {
    const chance = this.#chance;
    const kept = this.rows.filter(() => chance.percent(60));
    const added = Array.from({ length: ROWS - kept.length }, (): Row => [
      BigInt(this.#nextId++),
      ...this.#table.columns.map((column) => datumOf(cellOf(relationValue(column, chance)), column.type)),
    ]);
    const taken = new Set<string>();
    this.rows = [...kept, ...added].filter(([, k]) => {
      const text = String(k);
      const isFree = !this.#table.hasSecondKey || k === null || !taken.has(text);
      taken.add(text);
      return isFree;
    });
  }
}

function cellOf(sql: string): Buffer | null {
  return sql === 'null' ? null : Buffer.from(sql.replaceAll(`'`, ''));
}

/** The rows as a multiset; strings and doubles of which there is a choice are left out. */
function bagOf(
  rows: readonly { readonly row: Row; readonly weight: number }[],
  { choices }: ViewPlan,
): unknown {
  const bag = new Map<string, number>();
  for (const { row, weight } of rows) {
    const key = row.map((value, i) => textOf(value, choices[i] === 'none')).join('|');
    bag.set(key, (bag.get(key) ?? 0) + weight);
  }
  return [...bag].filter(([, weight]) => weight !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
}

function textOf(value: Datum, isExact: boolean): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return isExact ? toHex(value) : 'text';
  if (typeof value === 'number') return isExact ? String(value) : (value + 0).toPrecision(9);
  return String(value);
}

function plus(rows: readonly Row[]): readonly { readonly row: Row; readonly weight: number }[] {
  return rows.map((row) => ({ row, weight: 1 }));
}

describe('plan/plan-view', () => {
  it('means the same after rewriting, and in the circuit, as what was written', () => {
    let planned = 0;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const chance = new Chance(seed);
        const tables = ['r0', 'r1', 'r2'].map((name, i) => {
          const relation = randomRelation(name, chance);
          return { relation, memory: new MemoryTable(i + 1, relation, chance) };
        });
        const memories = tables.map(({ memory }) => memory);
        const sql = randomQuery(
          tables.map(({ relation }) => relation),
          chance,
        );
        const definition = readDefinition(sql);
        const find = (_: string, name: string): TableVersion | undefined =>
          tables.find(({ relation }) => relation.name === name)?.memory.version;
        let plan: ViewPlan;
        try {
          plan = planView(definition, find, SETTINGS);
        } catch (error) {
          if (error instanceof NotSupportedError) return;
          throw error;
        }
        planned++;
        const written = bindDefinition(definition, find, SETTINGS).plan;
        const rowsOf: TableRows = (version, columnIds) => {
          const places = columnIds.map((id) => version.columns.findIndex((column) => column.id === id));
          const rows = memories.find((memory) => memory.version === version)?.rows ?? [];
          return rows.map((row) => places.map((place) => row[place] ?? null));
        };
        const circuit = new TestCircuit(plan);
        for (let epoch = 0; epoch < EPOCHS; epoch++) {
          const before = memories.map(({ rows }) => rows);
          for (const memory of memories) if (epoch === 0 || chance.percent(70)) memory.change();
          const rewritten = bagOf(plus(evaluatePlan(plan.logical, rowsOf)), plan);
          expect(rewritten, sql).deep.equal(bagOf(plus(evaluatePlan(written, rowsOf)), plan));
          circuit.step(
            memories.map(({ version, rows }, i) => ({ version, before: before[i]!, after: rows })),
          );
          expect(bagOf(circuit.contents, plan), sql).deep.equal(rewritten);
          const keys = plan.keys.map((key) =>
            evaluatePlan(plan.logical, rowsOf).map((row) => key.map((i) => String(row[i])).join('|')),
          );
          for (const values of keys) expect(new Set(values).size, `a key of ${sql}`).equal(values.length);
        }
      }),
      { numRuns: Number(process.env['RUNS'] ?? 150) },
    );
    expect(planned).greaterThan(0);
  }).timeout(120_000);
});

/** A circuit of one view, and what its deltas have added up to. */
class TestCircuit {
  readonly contents: { readonly row: Row; readonly weight: number }[] = [];
  readonly #plan: ViewPlan;
  readonly #circuit;

  constructor(plan: ViewPlan) {
    this.#plan = plan;
    this.#circuit = buildCircuit([{ viewId: 1n, hasKey: plan.keys.length > 0, root: plan.root }], ts(1n));
  }

  step(
    changes: readonly {
      readonly version: TableVersion;
      readonly before: readonly Row[];
      readonly after: readonly Row[];
    }[],
  ): void {
    const inputs = new Map<TableId, Delta>();
    for (const { version, before, after } of changes) {
      const source = this.#circuit.sources.get(version.id);
      if (source === undefined) continue;
      const places = source.map(({ id }) => version.columns.findIndex((column) => column.id === id));
      const narrow = (rows: readonly Row[], weight: number): { row: Row; weight: number }[] =>
        rows.map((row) => ({ row: places.map((place) => row[place] ?? null), weight }));
      const types = source.map(({ type }) => type);
      inputs.set(version.id, deltaOf([...narrow(before, -1), ...narrow(after, 1)], types));
    }
    const step = this.#circuit.begin(ts(BigInt(this.#circuit.upper) + 1n), inputs);
    for (;;) {
      const result = step.run(5);
      if (result.kind === 'more') continue;
      const delta = result.views.get(1n)!;
      for (let row = 0; row < delta.rows; row++) {
        const cells = this.#plan.output.map(({ type }, i) => cellAt(delta.columns[i]!, row, type));
        this.contents.push({ row: cells, weight: delta.weights[row]! });
      }
      return;
    }
  }
}
