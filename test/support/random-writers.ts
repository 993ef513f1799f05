/**
 * Random writers on TiDB itself, past TiView: connections that insert, update and delete in transactions of every
 * kind that TiDB knows, over tables of every kind of key. What the tables contain is nobody's to know but TiDB's: the
 * tests compare views with it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../e2e/codec/random.js';
import type { ExpectedView } from './law.js';
import { SqlClient, isServerError } from './sql-client.js';

/** A table that the writers know. */
export interface WrittenTable {
  readonly name: string;
  /** Columns of its key; empty: it has none. */
  readonly key: readonly string[];
}

/** What writers do, and where. */
export interface WriterOptions {
  readonly port: number;
  readonly database: string;
  readonly seed: number;
  /** Default 8. */
  readonly connections?: number;
  /** Rests between transactions, at most; default 5. */
  readonly pauseMs?: number;
  readonly tables?: readonly WrittenTable[];
  /** TiDB may fail for want of TiKV or PD: writers then go on with their next transaction. */
  readonly expectsOutages?: boolean;
}

/** Tables with an integer, a string, two composite and no key, to be written at random. */
export const WRITTEN_TABLES: readonly WrittenTable[] = [
  { name: 'w_int', key: ['id'] },
  { name: 'w_str', key: ['code'] },
  { name: 'w_pair', key: ['id', 'code'] },
  { name: 'w_heap', key: ['id', 'code'] },
  { name: 'w_none', key: [] },
];

const VALUES = 'n int, s varchar(30), d decimal(10,2), at datetime(3), tail varchar(400)';

/** DDL of {@link WRITTEN_TABLES}. */
export const WRITTEN_TABLES_DDL: readonly string[] = [
  `create table w_int (id bigint primary key, code varchar(20), ${VALUES}, key (n))`,
  `create table w_str (id int, code varchar(20) primary key clustered, ${VALUES}, key (d, s))`,
  `create table w_pair (id int, code varchar(20), ${VALUES}, primary key (id, code) clustered)`,
  `create table w_heap (id int, code varchar(20), ${VALUES}, primary key (id, code) nonclustered)`,
  `create table w_none (id int, code varchar(20), ${VALUES})`,
];

/** Selects over {@link WRITTEN_TABLES}: name of a view → its parts. */
export const WRITTEN_VIEWS: readonly {
  readonly name: string;
  readonly list: string;
  readonly select: string;
}[] = [
  { name: 'v_int', list: '', select: 'select * from w_int where n > 300' },
  { name: 'v_int_s', list: '', select: "select id, s, d from w_int where s is null or s < 'm'" },
  { name: 'v_str', list: '', select: 'select code, n, d, tail from w_str where d <= 500 or n is null' },
  { name: 'v_pair', list: '', select: 'select * from w_pair where id > 100 and n <> 500' },
  { name: 'v_heap', list: '', select: 'select id, code, n, at from w_heap where n between 100 and 800' },
  { name: 'v_none', list: '', select: 'select n, s from w_none where n < 900 or s is not null' },
  {
    name: 'v_declared',
    list: '(k, m, txt, primary key (k), key by_m (m), unique key by_mk (m, k))',
    select: 'select id, n, s from w_int where d > 100',
  },
  { name: 'v_bag', list: '(m, key (m))', select: 'select n from w_str' },
];

/** The statement that makes one of {@link WRITTEN_VIEWS}. */
export function createStatement({ name, list, select }: (typeof WRITTEN_VIEWS)[number]): string {
  return `create materialized view ${name} ${list} as ${select}`;
}

/** {@link WRITTEN_VIEWS} as law.ts compares them. The session's database must be that of the tables. */
export function expectedViews(names?: readonly string[]): readonly ExpectedView[] {
  return WRITTEN_VIEWS.filter(({ name }) => names?.includes(name) ?? true).map(({ name, select }) => ({
    name,
    definition: select,
  }));
}

/** Fills {@link WRITTEN_TABLES}. */
export async function fillWrittenTables(session: SqlClient, seed: number, rows: number): Promise<void> {
  const random = new Random(seed);
  for (const table of WRITTEN_TABLES) {
    for (let i = 0; i < rows / 6; i++) await session.run(insert(random, table, 'insert ignore into'));
  }
}

/** TiDB's errors that random transactions meet: duplicates, conflicts, deadlocks, time-outs, schema changes. */
const EXPECTED_ERRNOS = new Set([1062, 1205, 1213, 8002, 8022, 8028, 9007]);
/** Keys are few, so that writers meet. */
const KEYS = 300;

/** Writers at work. */
export class RandomWriters implements AsyncDisposable {
  readonly #options: WriterOptions;
  readonly #stopped = new AbortController();
  #work: Promise<void>[] = [];
  #transactions = 0;
  #failed: unknown;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Transactions so far, rolled back ones counted. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Begins. */
  start(): this {
    const { connections = 8, seed } = this.#options;
    this.#work = Array.from({ length: connections }, (_, index) =>
      this.#write(new Random(seed * 31 + index)),
    );
    for (const one of this.#work) one.catch((error: unknown) => (this.#failed ??= error));
    return this;
  }

  /** Ends after the transactions under way. @throws what no writer should have met. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#work);
    if (this.#failed !== undefined) throw this.#failed as Error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #write(random: Random): Promise<void> {
    const { port, database, pauseMs = 5, tables = WRITTEN_TABLES, expectsOutages } = this.#options;
    await using session = await SqlClient.open({ port, database });
    await session.run('set innodb_lock_wait_timeout = 2');
    while (!this.#stopped.signal.aborted) {
      try {
        await oneTransaction(session, random, tables);
        this.#transactions++;
      } catch (error) {
        if (expectsOutages !== true || !isServerError(error)) throw error;
        await session.run('rollback');
      }
      await sleep(random.int(0, pauseMs));
    }
  }
}

/** One transaction of a random kind with random statements. Errors that concurrency explains are none. */
export async function oneTransaction(
  session: SqlClient,
  random: Random,
  tables: readonly WrittenTable[] = WRITTEN_TABLES,
): Promise<void> {
  const onOff = (): string => random.pick(['on', 'off']);
  await session.run(`set tidb_enable_async_commit = ${onOff()}, tidb_enable_1pc = ${onOff()}`);
  const isExplicit = random.chance(0.6);
  try {
    if (isExplicit) await session.run(`begin ${random.pick(['pessimistic', 'optimistic'])}`);
    const count = isExplicit ? random.int(1, 8) : 1;
    for (let i = 0; i < count; i++) await session.run(statement(random, random.pick(tables)));
    if (isExplicit) await session.run(random.chance(0.15) ? 'rollback' : 'commit');
  } catch (error) {
    if (!isServerError(error) || !EXPECTED_ERRNOS.has(error.errno)) throw error;
    await session.run('rollback');
  }
}

function statement(random: Random, table: WrittenTable): string {
  const kind = random.int(0, 99);
  const where = random.chance(0.7) ? onKey(random, table) : onRange(random);
  if (kind < 30) return insert(random, table, 'insert into');
  if (kind < 38) return insert(random, table, 'replace into');
  if (kind < 46) return insert(random, table, 'insert ignore into');
  if (kind < 54) return `${insert(random, table, 'insert into')} on duplicate key update ${change(random)}`;
  if (kind < 78) return `update ${table.name} set ${change(random)} where ${where}`;
  // A key that moves is a delete and an insert.
  if (kind < 82) return `update ignore ${table.name} set id = id + ${KEYS} where ${onKey(random, table)}`;
  if (kind < 86) return `select * from ${table.name} where ${onKey(random, table)} for update`;
  return `delete from ${table.name} where ${where} limit ${random.int(1, 10)}`;
}

function insert(random: Random, table: WrittenTable, verb: string): string {
  const rows = Array.from({ length: random.int(1, 6) }, () => {
    const id = random.int(1, KEYS);
    const values = [id, `'c${random.int(1, KEYS)}'`, ...valuesOf(random)];
    return `(${values.join(', ')})`;
  });
  return `${verb} ${table.name} values ${rows.join(', ')}`;
}

function valuesOf(random: Random): (string | number)[] {
  const orNull = (value: string | number): string | number => (random.chance(0.15) ? 'null' : value);
  return [
    orNull(random.int(0, 1000)),
    orNull(`'${random.pick(['a', 'B', 'kk', 'zz', 'é', '', ' '])}${random.int(0, 9)}'`),
    orNull(random.int(0, 100_000) / 100),
    orNull(`'2024-0${random.int(1, 9)}-10 1${random.int(0, 9)}:00:00.${random.int(100, 999)}'`),
    // Values over 255 bytes take another way through the change feed.
    random.chance(0.1) ? `repeat('t', ${random.int(200, 400)})` : "'t'",
  ];
}

function change(random: Random): string {
  const [n, s, d, at] = valuesOf(random);
  return random.pick([
    `n = ${n}`,
    `s = ${s}, d = ${d}`,
    'n = n + 1',
    `at = ${at}`,
    `n = ${n}, s = ${s}, d = ${d}, at = ${at}`,
  ]);
}

function onKey(random: Random, table: WrittenTable): string {
  if (table.key.length === 0 || table.key.includes('id')) return `id = ${random.int(1, KEYS)}`;
  return `code = 'c${random.int(1, KEYS)}'`;
}

function onRange(random: Random): string {
  const from = random.int(0, 1000);
  return `n between ${from} and ${from + random.int(0, 20)}`;
}
