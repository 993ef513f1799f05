/**
 * Law 1 (src/README.md), checked twice: by the product's own `ADMIN CHECK MATERIALIZED VIEW`, and here without
 * anything of the product but the row of its frontier: the views' tables and the frontier are read in one snapshot
 * of TiDB, the definitions — as the test wrote them — at `tidb_snapshot = E`, and both are compared as multisets of
 * the text that TiDB prints.
 */
import process from 'node:process';
import { expect } from 'chai';
import type { SqlClient } from './sql-client.js';

/** A view, and what it must be equal to. */
export interface ExpectedView {
  /** With its schema, unless the session has one. */
  readonly name: string;
  /** The select, as in CREATE MATERIALIZED VIEW. */
  readonly definition: string;
}

/** Where views stand, and what they contain, at one snapshot. */
export interface ViewsAtOnce {
  /** Of the frontier record. */
  readonly epoch: bigint;
  /** E. */
  readonly appliedTs: bigint;
  /** Rows of each view, sorted, one text a row. */
  readonly rows: readonly (readonly string[])[];
}

/** A row of `tiview.epochs`. */
export interface EpochRow {
  readonly epoch: bigint;
  readonly appliedTs: bigint;
  readonly commitTs: bigint;
}

const DIFFERENCES_SHOWN = 5;
/** A little less than `tidb_gc_life_time`, after which the first epochs are forgotten. */
const FORGOTTEN_AFTER_S = 9 * 60;

/** Reads views in one transaction. @param tidb - a session past TiView. */
export async function readAtOnce(tidb: SqlClient, views: readonly ExpectedView[]): Promise<ViewsAtOnce> {
  await tidb.run('begin');
  try {
    const [frontier] = await tidb.rows('select epoch, applied_ts from tiview.frontier');
    const rows: (readonly string[])[] = [];
    for (const { name } of views) rows.push(await sortedRows(tidb, `select * from ${name}`));
    return { epoch: BigInt(frontier?.[0] ?? 0), appliedTs: BigInt(frontier?.[1] ?? 0), rows };
  } finally {
    await tidb.run('commit');
  }
}

/** The definition's rows at an applied ts. */
export async function definitionRows(
  tidb: SqlClient,
  definition: string,
  appliedTs: bigint,
): Promise<readonly string[]> {
  await tidb.run(`set @@tidb_snapshot = '${appliedTs}'`);
  try {
    return await sortedRows(tidb, definition);
  } finally {
    await tidb.run("set @@tidb_snapshot = ''");
  }
}

/**
 * Views equal their definitions at the applied ts of the snapshot in which they are read: all of them at once.
 *
 * @param tidb - a session past TiView.
 * @returns the rows compared.
 */
export async function expectViewsEqual(tidb: SqlClient, views: readonly ExpectedView[]): Promise<number> {
  const found = await readAtOnce(tidb, views);
  let rows = 0;
  for (const [index, view] of views.entries()) {
    const wanted = await definitionRows(tidb, view.definition, found.appliedTs);
    expectSameRows(found.rows[index] ?? [], wanted, `${view.name} at epoch ${found.epoch}`);
    rows += wanted.length;
  }
  return rows;
}

/** A frozen view equals its definition as of the applied ts that the registry has for it. */
export async function expectFrozenEqual(tidb: SqlClient, view: ExpectedView): Promise<void> {
  const [schema, name] = view.name.split('.');
  const appliedTs = await tidb.value(
    `select applied_ts from tiview.views where schema_name = '${schema}' and name = '${name}'`,
  );
  const found = await sortedRows(tidb, `select * from ${view.name}`);
  const wanted = await definitionRows(tidb, view.definition, BigInt(appliedTs ?? 0));
  expectSameRows(found, wanted, view.name);
}

/**
 * Everything that can be checked of views: by the product, by TiDB's ADMIN CHECK TABLE, and by
 * {@link expectViewsEqual}.
 */
export async function expectLaw(
  client: SqlClient,
  tidb: SqlClient,
  views: readonly ExpectedView[],
): Promise<number> {
  for (const { name } of views) {
    await client.run(`admin check materialized view ${name}`);
    await tidb.run(`admin check table ${name}`);
  }
  return expectViewsEqual(tidb, views);
}

/** The history of epochs, oldest first. */
export async function epochsOf(tidb: SqlClient): Promise<readonly EpochRow[]> {
  const rows = await tidb.rows('select epoch, applied_ts, commit_ts from tiview.epochs order by epoch');
  return rows.map(([epoch, appliedTs, commitTs]) => ({
    epoch: BigInt(epoch ?? 0),
    appliedTs: BigInt(appliedTs ?? 0),
    commitTs: BigInt(commitTs ?? 0),
  }));
}

/**
 * No epoch is missing, none is there twice, time goes forward, and the frontier is at the end of it (law 2).
 *
 * @returns the epochs seen.
 */
export async function expectEpochsContiguous(tidb: SqlClient): Promise<number> {
  await tidb.run('begin');
  const epochs = await epochsOf(tidb);
  const last = BigInt((await tidb.value('select epoch from tiview.frontier')) ?? 0);
  await tidb.run('commit');
  for (const [index, { epoch, appliedTs, commitTs }] of epochs.entries()) {
    expect(commitTs > appliedTs, `epoch ${epoch}: committed at ${commitTs}, shows ${appliedTs}`).equal(true);
    const before = epochs[index - 1];
    if (before === undefined) continue;
    expect(epoch, 'epochs follow each other').equal(before.epoch + 1n);
    expect(appliedTs >= before.appliedTs, `applied ts of epoch ${epoch} goes back`).equal(true);
    expect(commitTs > before.commitTs, `commit ts of epoch ${epoch} goes back`).equal(true);
  }
  // What TiDB keeps no versions of any more is forgotten, nothing younger.
  if (process.uptime() < FORGOTTEN_AFTER_S) expect(epochs[0]?.epoch, 'the first epoch on record').equal(1n);
  // An epoch's row is written by the epoch after it.
  const newest = epochs.at(-1)?.epoch ?? 0n;
  expect(last - newest <= 1n, `the frontier is at ${last}, the history at ${newest}`).equal(true);
  return epochs.length;
}

/** Tables in the system schema that are not part of it: hidden tables of builds, tables on their way out. */
export async function hiddenTables(tidb: SqlClient): Promise<readonly string[]> {
  const rows = await tidb.rows(
    "select table_name from information_schema.tables where table_schema = 'tiview' " +
      "and table_name regexp '^(build|dropped|invalid|describe)_' order by 1",
  );
  return rows.map(([name]) => name ?? '');
}

function expectSameRows(found: readonly string[], wanted: readonly string[], what: string): void {
  const left = multisetOf(found);
  const missing: string[] = [];
  for (const row of wanted) {
    const count = left.get(row) ?? 0;
    if (count > 1) left.set(row, count - 1);
    else if (count === 1) left.delete(row);
    else missing.push(row);
  }
  const extra = [...left.keys()];
  if (missing.length === 0 && extra.length === 0) return;
  const shown = (rows: readonly string[]): string => rows.slice(0, DIFFERENCES_SHOWN).join(' ');
  expect.fail(
    `${what}: ${found.length} rows instead of ${wanted.length}; ` +
      `${missing.length} missing: ${shown(missing)}; ${extra.length} too many: ${shown(extra)}`,
  );
}

function multisetOf(rows: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
  return counts;
}

async function sortedRows(session: SqlClient, select: string): Promise<readonly string[]> {
  return (await session.rows(select)).map((row) => JSON.stringify(row)).sort();
}
