/**
 * Tables of a real TiDB with definitions over them, each kept up to date by a circuit and computed by the reference
 * evaluator; after every change all three must agree.
 */
import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { cellAt } from '../../../src/codec/cell.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { type FieldType, MysqlType } from '../../../src/codec/field-type.js';
import { isString } from '../../../src/codec/string-type.js';
import type { TableId } from '../../../src/codec/table-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../src/dataflow/circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { type ViewPlan, planView, readDefinition } from '../../../src/plan/plan-view.js';
import { evaluatePlan } from '../../../src/plan/reference/evaluate-plan.js';
import { disagreement } from '../../../src/plan/type-agreement.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import type { LocalRig } from '../../e2e/plan/local-rig.js';
import {
  Bag,
  type TextRow,
  bytesOf,
  datumOf,
  deltaOf,
  describedColumns,
  keyOf,
  oneText,
  tableVersion,
  textRows,
} from '../../e2e/plan/table-under-test.js';

/** A definition under test. */
export interface BenchView {
  readonly name: string;
  readonly select: string;
  readonly canonical: string;
  readonly plan: ViewPlan;
  /** What the circuit's deltas have added up to. */
  readonly contents: Bag;
}

interface BenchTable {
  readonly version: TableVersion;
  rows: readonly (readonly Datum[])[];
}

/** Tables, definitions over them, and one circuit for all. */
export class Workbench {
  readonly views: BenchView[] = [];
  /** The reasons of what was refused, with the definition. */
  readonly refused: { readonly select: string; readonly reason: string }[] = [];
  readonly #rig: LocalRig;
  readonly #connection: Connection;
  readonly #tables = new Map<string, BenchTable>();
  readonly #prefix: string;
  readonly #isSteppedByCircuit: boolean;
  /** What the tables hold now, before the circuit knows. */
  readonly #pending = new Map<BenchTable, readonly (readonly Datum[])[]>();
  #circuit: Circuit | undefined;

  /** @param prefix - of the names of views. */
  constructor(rig: LocalRig, connection: Connection, prefix: string, isSteppedByCircuit = true) {
    this.#rig = rig;
    this.#connection = connection;
    this.#prefix = prefix;
    this.#isSteppedByCircuit = isSteppedByCircuit;
  }

  /** Makes a table known; it is there already. */
  async addTable(name: string): Promise<void> {
    this.#tables.set(name, { version: await tableVersion(this.#rig.status, 'test', name), rows: [] });
  }

  /** Plans a definition; TiDB's types must be ours. Whether it was not refused. */
  async addView(select: string): Promise<boolean> {
    const name = `${this.#prefix}_v${this.views.length}`;
    await this.#connection.query(`create or replace view ${name} as ${select}`);
    const canonical = await oneText(
      this.#connection,
      `select view_definition from information_schema.views where table_schema = 'test' and table_name = '${name}'`,
    );
    let plan: ViewPlan;
    try {
      plan = planView(readDefinition(canonical), (_, table) => this.#tables.get(table)?.version, {
        timeZone: '+00:00',
      });
    } catch (error) {
      if (!(error instanceof NotSupportedError)) throw error;
      this.refused.push({ select, reason: error.message });
      return false;
    }
    const described = await describedColumns(this.#connection, name);
    plan.output.forEach((column, i) => {
      expect(disagreement(column, described[i]!), canonical).equal(undefined);
    });
    this.views.push({ name, select, canonical, plan, contents: new Bag() });
    return true;
  }

  /** Reads the tables, steps the circuit to their contents, and compares every view with TiDB's answer. */
  async check(where: string): Promise<void> {
    for (const table of this.#tables.values()) {
      const text = await textRows(this.#connection, `select * from \`${table.version.info.name.original}\``);
      const types = table.version.columns.map(({ type }) => type);
      const rows = text.map((row) => row.map((cell, i) => datumOf(cell, types[i]!)));
      this.#pending.set(table, rows);
    }
    if (this.#isSteppedByCircuit) this.#step();
    for (const [table, rows] of this.#pending) table.rows = rows;
    for (const view of this.views) await this.#compare(view, where);
  }

  async drop(): Promise<void> {
    for (const { name } of this.views) await this.#connection.query(`drop view ${name}`);
    for (const name of this.#tables.keys()) await this.#connection.query(`drop table ${name}`);
  }

  #step(): void {
    this.#circuit ??= buildCircuit(
      this.views.map(({ plan }, i) => ({ viewId: BigInt(i), hasKey: plan.keys.length > 0, root: plan.root })),
      ts(1n),
    );
    const circuit = this.#circuit;
    const inputs = new Map<TableId, Delta>();
    for (const [table, rows] of this.#pending) {
      const source = circuit.sources.get(table.version.id);
      if (source !== undefined) inputs.set(table.version.id, changes(table, rows, source));
    }
    const step = circuit.begin(ts(BigInt(circuit.upper) + 1n), inputs);
    for (;;) {
      const result = step.run(7);
      if (result.kind === 'more') continue;
      this.views.forEach((view, i) => this.#absorb(view, result.views.get(BigInt(i))!));
      return;
    }
  }

  #absorb({ plan, contents }: BenchView, delta: Delta): void {
    for (let row = 0; row < delta.rows; row++) {
      const cells = plan.output.map(({ type }, i) => bytesOf(cellAt(delta.columns[i]!, row, type), type, 0));
      contents.add(looseKey(cells, plan), delta.weights[row]!);
    }
  }

  async #compare(view: BenchView, where: string): Promise<void> {
    const { plan, name } = view;
    const bagOf = (rows: readonly TextRow[]): Bag => {
      const bag = new Bag();
      for (const row of rows) bag.add(looseKey(row, plan), 1);
      return bag;
    };
    const theirs = bagOf(await textRows(this.#connection, `select * from ${name}`));
    const computed = evaluatePlan(plan.logical, (version, columnIds) => this.#rowsOf(version, columnIds));
    const ours = bagOf(computed.map((row) => row.map((datum, i) => bytesOf(datum, plan.output[i]!.type, 0))));
    const what = `${view.select}\n${view.canonical}\n${where}`;
    expect(ours.entries(), `reference: ${what}`).deep.equal(theirs.entries());
    if (this.#isSteppedByCircuit)
      expect(view.contents.entries(), `circuit: ${what}`).deep.equal(theirs.entries());
  }

  #rowsOf(version: TableVersion, columnIds: readonly number[]): readonly (readonly Datum[])[] {
    const table = [...this.#tables.values()].find((one) => one.version.id === version.id)!;
    const places = columnIds.map((id) => version.columns.findIndex((column) => column.id === id));
    return table.rows.map((row) => places.map((place) => row[place]!));
  }
}

function changes(
  { version, rows: before }: BenchTable,
  after: readonly (readonly Datum[])[],
  source: readonly { readonly id: number; readonly type: FieldType }[],
): Delta {
  const places = source.map(({ id }) => version.columns.findIndex((column) => column.id === id));
  const narrow = (row: readonly Datum[]): readonly Datum[] => places.map((place) => row[place]!);
  return deltaOf(
    [
      ...before.map((row) => ({ row: narrow(row), weight: -1 })),
      ...after.map((row) => ({ row: narrow(row), weight: 1 })),
    ],
    source.map(({ type }) => type),
  );
}

/** A row with what SQL leaves open (SURFACE §4) made the same for all choices. */
function looseKey(row: TextRow, { output, choices }: ViewPlan): string {
  return keyOf(
    row.map((cell, i) => {
      const choice = choices[i]!;
      if (choice === 'none') return cell;
      return choice === 'equal' ? loose(cell, output[i]!.type) : null;
    }),
  );
}

function loose(cell: Buffer | null, type: FieldType): Buffer | null {
  if (cell === null) return null;
  if (isString(type)) return Buffer.from(collationOf(type.collate, true).sortKey(cell));
  if (type.tp !== MysqlType.double && type.tp !== MysqlType.float) return cell;
  const value = Number(cell.toString('latin1'));
  return Buffer.from((Math.abs(value) < 1e-9 ? 0 : value + 0).toPrecision(9));
}
