import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { cellAt } from '../../../src/codec/cell.js';
import type { Datum } from '../../../src/codec/datum.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../src/dataflow/circuit.js';
import { type ViewPlan, planView, readDefinition } from '../../../src/plan/plan-view.js';
import { evaluatePlan } from '../../../src/plan/reference/evaluate-plan.js';
import { disagreement } from '../../../src/plan/type-agreement.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import { type LocalRig, startLocalRig } from './local-rig.js';
import { Chance, seedOfRun } from './random.js';
import { randomDefinition } from './random-definition.js';
import { type RandomTable, randomTable, randomValue } from './random-table.js';
import { REGRESSIONS } from './regressions.js';
import {
  Bag,
  bytesOf,
  datumOf,
  deltaOf,
  describedColumns,
  keyOf,
  oneText,
  tableVersion,
  textRows,
} from './table-under-test.js';

/** How long the random part goes on: 30 s in CI, as long as one likes by hand. */
const SECONDS = Number(process.env['PLAN_SECONDS'] ?? 30);
const DEFINITIONS_A_TABLE = 12;
/** ER_CANT_AGGREGATE_2COLLATIONS. */
const ILLEGAL_MIX_OF_COLLATIONS = 1267;
const ROUNDS = 3;
const ZONES = [
  { name: '+00:00', minutes: 0 },
  { name: '+08:00', minutes: 480 },
  { name: '-05:30', minutes: -330 },
];

interface View {
  readonly name: string;
  readonly select: string;
  readonly canonical: string;
  readonly plan: ViewPlan;
  readonly contents: Bag;
}

describe('plan/definitions against TiDB', function () {
  this.timeout(SECONDS * 1000 + 120_000);
  let rig: LocalRig;
  let connection: Connection;

  before(async () => {
    rig = await startLocalRig();
    connection = await rig.connect('test');
    // Zero dates and the like are values that a table can hold.
    await connection.query(`set sql_mode = ''`);
  });

  after(async () => {
    await connection.end();
    await rig.stop();
  });

  for (const { title, create, insert, selects, zone } of REGRESSIONS) {
    it(`regression: ${title}`, async () => {
      await connection.query('drop table if exists regression');
      await connection.query(create);
      await connection.query(insert);
      const trial = new Trial(
        rig,
        connection,
        'regression',
        ZONES.find(({ name }) => name === zone) ?? ZONES[0]!,
      );
      for (const select of selects) await trial.addView(select);
      expect(trial.views.length, 'views that are planned').equal(selects.length);
      await trial.checkAll('regression');
    });
  }

  it('agree in types and rows, at first and after every change', async () => {
    const chance = new Chance(seedOfRun());
    console.log(`      SEED=${chance.seed}`);
    const until = Date.now() + SECONDS * 1000;
    let [tables, planned, refused] = [0, 0, 0];
    const reasons = new Map<string, number>();
    do {
      const table = randomTable(`t${tables++}`, chance);
      const trial = await randomTrial(table, chance);
      planned += trial.views.length;
      refused += trial.refused.length;
      for (const reason of trial.refused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      await trial.drop();
    } while (Date.now() < until);
    console.log(`      ${tables} tables, ${planned} definitions, ${refused} refused`);
    for (const [reason, times] of reasons) console.log(`      ${times} × ${reason}`);
    expect(planned, 'definitions that are planned').greaterThan(refused);
  });

  async function randomTrial(table: RandomTable, chance: Chance): Promise<Trial> {
    await connection.query(`drop table if exists ${table.name}`);
    await connection.query(table.create);
    const trial = new Trial(rig, connection, table.name, chance.pick(ZONES));
    for (let i = 0; i < DEFINITIONS_A_TABLE; i++) await trial.addView(randomDefinition(table, chance));
    let id = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const rows = Array.from(
        { length: 12 },
        () => `(${[...table.columns.map((column) => randomValue(column, chance)), id++].join(', ')})`,
      );
      const names = [...table.columns.map(({ name }) => name), 'id'];
      await connection.query(
        `insert ignore into ${table.name} (${names.join(', ')}) values ${rows.join(', ')}`,
      );
      await trial.checkAll(`${table.create}; after insertion ${round}`);
      const column = chance.pick(table.columns);
      const which = chance.below(3);
      await connection.query(
        `update ignore ${table.name} set ${column.name} = ${randomValue(column, chance)} where id % 3 = ${which}`,
      );
      await trial.checkAll(`${table.create}; after update ${round}`);
      await connection.query(`delete from ${table.name} where id % 4 = ${chance.below(4)}`);
      await trial.checkAll(`${table.create}; after deletion ${round}`);
    }
    return trial;
  }
});

/** One table, the views over it, and one circuit for all of them. */
class Trial {
  readonly views: View[] = [];
  /** The reasons of what was refused. */
  readonly refused: string[] = [];
  readonly #rig: LocalRig;
  readonly #connection: Connection;
  readonly #table: string;
  readonly #zone: (typeof ZONES)[number];
  #version: TableVersion | undefined;
  #circuit: Circuit | undefined;
  #rows: readonly (readonly Datum[])[] = [];

  constructor(rig: LocalRig, connection: Connection, table: string, zone: (typeof ZONES)[number]) {
    this.#rig = rig;
    this.#connection = connection;
    this.#table = table;
    this.#zone = zone;
  }

  async addView(select: string): Promise<void> {
    const name = `${this.#table}_v${this.views.length}`;
    await this.#connection.query(`set time_zone = '${this.#zone.name}'`);
    try {
      await this.#connection.query(`create or replace view ${name} as ${select}`);
    } catch (error) {
      // What TiDB itself has no meaning for is no view of anybody's.
      if ((error as { readonly errno?: number }).errno !== ILLEGAL_MIX_OF_COLLATIONS) throw error;
      return;
    }
    const canonical = await oneText(
      this.#connection,
      `select view_definition from information_schema.views where table_schema = 'test' and table_name = '${name}'`,
    );
    const version = await this.#versionOf();
    let plan: ViewPlan;
    try {
      plan = planView(readDefinition(canonical), () => version, { timeZone: this.#zone.name });
    } catch (error) {
      if (!(error instanceof NotSupportedError)) throw error;
      this.refused.push(error.reason);
      return;
    }
    const described = await describedColumns(this.#connection, name);
    plan.output.forEach((column, i) => {
      expect(disagreement(column, described[i]!), canonical).equal(undefined);
    });
    this.views.push({ name, select, canonical, plan, contents: new Bag() });
  }

  /** Reads the table, steps the circuit to its contents, and compares every view with TiDB's answer. */
  async checkAll(where: string): Promise<void> {
    const version = await this.#versionOf();
    await this.#connection.query(`set time_zone = '+00:00'`);
    const types = version.columns.map(({ type }) => type);
    const text = await textRows(this.#connection, `select * from ${this.#table}`);
    const rows = text.map((row) => row.map((cell, i) => datumOf(cell, types[i]!)));
    this.#step(version, rows);
    await this.#connection.query(`set time_zone = '${this.#zone.name}'`);
    for (const view of this.views) await this.#check(view, version, rows, where);
  }

  async drop(): Promise<void> {
    for (const { name } of this.views) await this.#connection.query(`drop view ${name}`);
    await this.#connection.query(`drop table ${this.#table}`);
  }

  async #versionOf(): Promise<TableVersion> {
    this.#version ??= await tableVersion(this.#rig.status, 'test', this.#table);
    return this.#version;
  }

  #step(version: TableVersion, rows: readonly (readonly Datum[])[]): void {
    this.#circuit ??= buildCircuit(
      this.views.map(({ plan }, i) => ({ viewId: BigInt(i), hasKey: plan.keys.length > 0, root: plan.root })),
      ts(1n),
    );
    const circuit = this.#circuit;
    const source = circuit.sources.get(version.id);
    if (source === undefined) return;
    const places = source.map(({ id }) => version.columns.findIndex((column) => column.id === id));
    const narrow = (row: readonly Datum[]): readonly Datum[] => places.map((place) => row[place]!);
    const changes = [
      ...this.#rows.map((row) => ({ row: narrow(row), weight: -1 })),
      ...rows.map((row) => ({ row: narrow(row), weight: 1 })),
    ];
    this.#rows = rows;
    const delta = deltaOf(
      changes,
      source.map(({ type }) => type),
    );
    const step = circuit.begin(ts(BigInt(circuit.upper) + 1n), new Map([[version.id, delta]]));
    for (;;) {
      const result = step.run(7);
      if (result.kind === 'more') continue;
      this.views.forEach((view, i) => this.#absorb(view, result.views.get(BigInt(i))!));
      return;
    }
  }

  #absorb({ plan, contents }: View, delta: ReturnType<typeof deltaOf>): void {
    expect(delta.isConsolidated).equal(true);
    for (let row = 0; row < delta.rows; row++) {
      const cells = plan.output.map(({ type }, i) =>
        bytesOf(cellAt(delta.columns[i]!, row, type), type, this.#zone.minutes),
      );
      contents.add(keyOf(cells), delta.weights[row]!);
    }
  }

  async #check(
    { name, select, canonical, plan, contents }: View,
    version: TableVersion,
    rows: readonly (readonly Datum[])[],
    where: string,
  ): Promise<void> {
    const theirs = new Bag();
    for (const row of await textRows(this.#connection, `select * from ${name}`)) theirs.add(keyOf(row), 1);
    const ours = new Bag();
    const rowsOf = (_table: TableVersion, columnIds: readonly number[]): readonly (readonly Datum[])[] => {
      const places = columnIds.map((id) => version.columns.findIndex((column) => column.id === id));
      return rows.map((row) => places.map((place) => row[place]!));
    };
    for (const row of evaluatePlan(plan.logical, rowsOf)) {
      ours.add(keyOf(row.map((datum, i) => bytesOf(datum, plan.output[i]!.type, this.#zone.minutes))), 1);
    }
    const what = `${select}\n${canonical}\nin ${this.#zone.name}, ${where}`;
    expect(ours.entries(), `reference: ${what}`).deep.equal(theirs.entries());
    expect(contents.entries(), `circuit: ${what}`).deep.equal(theirs.entries());
  }
}
