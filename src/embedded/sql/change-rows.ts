/** INSERT, REPLACE, UPDATE and DELETE of one table's rows, in the statement's transaction. */
import { present } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import { sameDatum } from '../../codec/cell.js';
import type { Datum } from '../../codec/datum.js';
import { FieldFlag, hasFlag } from '../../codec/field-type.js';
import { ROWID_TYPE } from '../../codec/table-keys.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';
import { numberConstant, stringConstant } from '../../plan/typing/literal.js';
import type { Expression, SelectItem } from '../../sql/ast/select.js';
import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  UpdateStatement,
} from '../../sql/ast/statement.js';
import { UPDATED_NOW_FLAG } from './column-facts.js';
import { kindOf, mapChildren } from './map-tree.js';
import type { RowIds } from './row-ids.js';
import { ROW_ID, SPAN, TARGET, Target, type Typed, typedRows } from './row-target.js';
import type { ResultTable } from './relation-table.js';
import { queryOf, relationNamed, selectOf } from './select-nodes.js';
import { type KeyChange, readRows } from './table-rows.js';
import type { OwnRelations, Work } from './work.js';

/** What a change came to. */
export interface ChangeResult {
  readonly affectedRows: bigint;
  /** The first AUTO_INCREMENT value that was made; 0: none. */
  readonly lastInsertId: bigint;
  readonly info: string;
  /** Rows that a condition chose, changed or not. */
  readonly matched?: bigint;
}

/** Carries an INSERT or REPLACE out. @throws SqlError — TiDB's codes. */
export async function insertRows(work: Work, ids: RowIds, statement: InsertStatement): Promise<ChangeResult> {
  const target = new Target(work, work.schema.baseTable(statement.table, work.session.database));
  const places = placesOf(target, statement.columns);
  const given = await givenRows(work, statement, places);
  const rows = given.map((values, i) => completeRow(target, places, values, i + 1));
  const lastInsertId = await fillIds(work, ids, target, rows);
  const planned = rows.map((row) => ({ row, changes: target.writer.changes(undefined, row) }));
  // One look for the keys of all rows, not one for each.
  await target.writer.look(
    planned.flatMap(({ changes }) => changes),
    work.signal,
  );
  let affected = 0n;
  let same = 0n;
  for (const { row, changes } of planned) {
    const count = await insertOne(target, statement, row, changes);
    affected += count;
    if (count === 0n && !statement.isIgnoring) same++;
  }
  const count = BigInt(rows.length);
  const duplicates =
    statement.isReplacing || statement.onDuplicate.length > 0 ? affected - count : count - affected;
  return {
    affectedRows: affected,
    // Rows that are as they should be count for clients that ask for rows found.
    matched: affected + same,
    lastInsertId,
    info:
      rows.length > 1 || statement.query !== undefined
        ? `Records: ${count}  Duplicates: ${duplicates < 0n ? 0n : duplicates}  Warnings: 0`
        : '',
  };
}

function placesOf(target: Target, names: readonly string[] | undefined): readonly number[] {
  if (names === undefined) return target.table.version.columns.map((_, i) => i);
  const places = names.map((name) => target.place(name));
  const twice = places.find((place, i) => places.indexOf(place) < i);
  if (twice !== undefined)
    throw new SqlError(1110, '42000', `Column '${target.columns[twice]?.name ?? ''}' specified twice`);
  return places;
}

/** What is to be inserted; undefined: the default. */
async function givenRows(
  work: Work,
  { rows, query, columns }: InsertStatement,
  places: readonly number[],
): Promise<readonly (readonly (Typed | undefined)[])[]> {
  const wrongCount = (row: number): SqlError =>
    new SqlError(1136, '21S01', `Column count doesn't match value count at row ${row}`);
  if (query !== undefined) {
    const result = await work.answer(query);
    if (result.columns.length !== places.length) throw wrongCount(1);
    return typedRows(result);
  }
  const given: (readonly (Typed | undefined)[])[] = [];
  for (const [i, row] of (rows ?? []).entries()) {
    const isEmpty = row.length === 0 && columns === undefined;
    if (row.length !== places.length && !isEmpty) throw wrongCount(i + 1);
    given.push(isEmpty ? places.map(() => undefined) : await givenValues(work, row));
  }
  return given;
}

async function givenValues(work: Work, row: readonly Expression[]): Promise<readonly (Typed | undefined)[]> {
  const known = row.map((value) =>
    value.kind === 'default' && value.column === undefined ? 'default' : literal(value),
  );
  const unknown = row.filter((_, i) => known[i] === undefined);
  const items = unknown.map((value, i): SelectItem => ({ kind: 'item', span: SPAN, value, alias: `#${i}` }));
  const computed =
    items.length === 0
      ? []
      : [...(typedRows(await work.answer(queryOf(selectOf(items, undefined, SPAN))))[0] ?? [])];
  return known.map((value) => (value === 'default' ? undefined : (value ?? computed.shift())));
}

/** A literal's value, without asking the planner; undefined: it is none. */
function literal(node: Expression): Typed | undefined {
  switch (node.kind) {
    case 'number':
      return numberConstant(node);
    case 'string':
      return stringConstant(node);
    case 'null':
      return { value: null, type: ROWID_TYPE };
    default:
      return undefined;
  }
}

function completeRow(
  target: Target,
  places: readonly number[],
  values: readonly (Typed | undefined)[],
  rowNumber: number,
): Datum[] {
  return target.columns.map(({ name }, place) => {
    if (name === ROW_ID) return null;
    const given = places.indexOf(place);
    const value = given < 0 ? undefined : values[given];
    return value === undefined ? target.defaultOf(place) : target.stored(value, place, rowNumber);
  });
}

/** Makes AUTO_INCREMENT values and hidden row ids, in place. @returns the first of the former, or 0. */
async function fillIds(work: Work, ids: RowIds, target: Target, rows: readonly Datum[][]): Promise<bigint> {
  const isOwn = (value: Datum | undefined): boolean => value === null || value === 0n;
  const auto = target.columns.findIndex(({ type }) => hasFlag(type, FieldFlag.autoIncrement));
  let first = 0n;
  if (auto >= 0) {
    const greatest = rows.reduce((most, row) => {
      const value = row[auto];
      return typeof value === 'bigint' && value > most ? value : most;
    }, 0n);
    if (greatest > 0n) await ids.raise(target.table, greatest, work.signal);
    const wanting = rows.filter((row) => isOwn(row[auto]));
    let next = await ids.take(target.table, wanting.length, work.signal);
    first = wanting.length > 0 ? next : 0n;
    for (const row of wanting) row[auto] = next++;
  }
  const hidden = target.columns.findIndex(({ name }) => name === ROW_ID);
  if (hidden >= 0) {
    let next = await ids.take(target.table, rows.length, work.signal);
    for (const row of rows) row[hidden] = next++;
  }
  return first;
}

async function insertOne(
  target: Target,
  statement: InsertStatement,
  row: Row,
  changes: readonly KeyChange[],
): Promise<bigint> {
  const { writer, work } = target;
  const [key] = await writer.taken(changes, work.signal);
  if (key === undefined) {
    writer.write(changes);
    return 1n;
  }
  if (statement.onDuplicate.length > 0) return updateDuplicate(target, statement.onDuplicate, row, key);
  if (statement.isReplacing) {
    const before = await writer.rowOf(key, work.signal);
    writer.write(writer.changes(before, undefined));
    return 1n + (await insertOne(target, statement, row, changes));
  }
  if (statement.isIgnoring) return 0n;
  throw writer.duplicate(row, key);
}

async function updateDuplicate(
  target: Target,
  assignments: readonly Assignment[],
  row: Row,
  key: Uint8Array,
): Promise<bigint> {
  const { writer, work, columns } = target;
  const before = await writer.rowOf(key, work.signal);
  // The new row's values stand beside the old row's, under names that nobody can type.
  const both: ResultTable = {
    columns: [...columns, ...columns.map(({ name, type }) => ({ name: `#new ${lowerName(name)}`, type }))],
    rows: [[...before, ...row]],
  };
  const select = target.select(assignments.map(({ value }) => withNewValues(value)));
  const [values] = typedRows(await work.answer(queryOf(select), new Map([[TARGET, both]])));
  const after = assigned(target, assignments, before, values ?? [], 1);
  if (isSameRow(before, after)) return 0n;
  await replaceRow(target, before, after);
  return 2n;
}

function withNewValues(node: Expression): Expression {
  const visit = (inner: unknown): unknown => {
    if (kindOf(inner) !== 'valuesOf') return mapChildren(inner, visit);
    const { column, span } = inner as Extract<Expression, { kind: 'valuesOf' }>;
    return {
      kind: 'column',
      span,
      database: undefined,
      table: undefined,
      name: `#new ${lowerName(column.name)}`,
    };
  };
  return visit(node) as Expression;
}

/** A row after assignments; their values are of the row before, as in TiDB. */
function assigned(
  target: Target,
  assignments: readonly Assignment[],
  before: Row,
  values: readonly Typed[],
  rowNumber: number,
): Row {
  const after = [...before];
  const places = assignments.map(({ column }) => target.place(column.name));
  assignments.forEach(({ value: written }, i) => {
    const place = present(places[i], 'a place of each assignment');
    const isDefault = written.kind === 'default' && written.column === undefined;
    after[place] = isDefault
      ? target.defaultOf(place)
      : target.stored(present(values[i], 'a value of each assignment'), place, rowNumber);
  });
  if (isSameRow(before, after)) return after;
  target.table.stored.cols?.forEach(({ name, type }) => {
    const place = target.place(name.O);
    const column = present(target.columns[place], `no column ${place}`);
    if ((type.Flag & UPDATED_NOW_FLAG) !== 0 && !places.includes(place))
      after[place] = target.now(column.type);
  });
  return after;
}

function isSameRow(a: Row, b: Row): boolean {
  return a.every((value, i) => sameDatum(value, b[i] ?? null));
}

/** @throws SqlError 1062 — another row has one of the new keys. */
async function replaceRow({ writer, work }: Target, before: Row, after: Row): Promise<void> {
  const changes = writer.changes(before, after);
  const [key] = await writer.taken(changes, work.signal);
  if (key !== undefined) throw writer.duplicate(after, key);
  writer.write(changes);
}

/** Carries an UPDATE out. @throws SqlError — TiDB's codes. */
export async function updateRows(work: Work, statement: UpdateStatement): Promise<ChangeResult> {
  const target = new Target(work, work.schema.baseTable(statement.table, work.session.database));
  const { assignments } = statement;
  for (const { column } of assignments) target.place(column.name);
  const items = assignments.map(({ value }): Expression =>
    value.kind === 'default' ? { kind: 'null', span: SPAN } : value,
  );
  const chosen = await chosenRows(target, statement, items);
  const planned = chosen.flatMap(({ row, values }, i) => {
    const after = assigned(target, assignments, row, values, i + 1);
    return isSameRow(row, after) ? [] : [{ after, changes: target.writer.changes(row, after) }];
  });
  await target.writer.look(
    planned.flatMap(({ changes }) => changes),
    work.signal,
  );
  let ignored = 0n;
  for (const { after, changes } of planned) {
    const [key] = await target.writer.taken(changes, work.signal);
    if (key === undefined) target.writer.write(changes);
    else if (statement.isIgnoring) ignored++;
    else throw target.writer.duplicate(after, key);
  }
  const changed = BigInt(planned.length) - ignored;
  const matched = BigInt(chosen.length) - ignored;
  return {
    affectedRows: changed,
    matched,
    lastInsertId: 0n,
    info: `Rows matched: ${matched}  Changed: ${changed}  Warnings: 0`,
  };
}

/** Carries a DELETE out. @throws SqlError — TiDB's codes. */
export async function deleteRows(work: Work, statement: DeleteStatement): Promise<ChangeResult> {
  const target = new Target(work, work.schema.baseTable(statement.table, work.session.database));
  const chosen = await chosenRows(target, statement, []);
  for (const { row } of chosen) target.writer.write(target.writer.changes(row, undefined));
  return { affectedRows: BigInt(chosen.length), lastInsertId: 0n, info: '' };
}

/** The rows that WHERE, ORDER BY and LIMIT choose, with the values of expressions over each. */
async function chosenRows(
  target: Target,
  { alias, table, where, orderBy, limit }: UpdateStatement | DeleteStatement,
  items: readonly Expression[],
): Promise<readonly { readonly row: Row; readonly values: readonly Typed[] }[]> {
  const { work, columns, writer } = target;
  const { version, database } = target.table;
  const name = alias ?? table.name;
  const all = columns.map((column): Expression => ({
    kind: 'column',
    span: SPAN,
    database: undefined,
    table: name,
    name: column.name,
  }));
  const select = { ...target.select([...all, ...items], name), where };
  // Hidden row ids have no name by which a query could ask for them.
  const isHidden = version.handle.kind === 'rowid';
  const from = { ...relationNamed(version.info.name.original, name, SPAN), database: database.name.original };
  const body = isHidden ? select : { ...select, from };
  const rows = isHidden ? await readRows(version, writer.columnIds, work.transaction, work.signal) : [];
  const own: OwnRelations = isHidden ? new Map([[TARGET, { columns, rows }]]) : new Map();
  const result = typedRows(await work.answer({ ...queryOf(body), orderBy, limit }, own));
  return result.map((cells) => ({
    row: cells.slice(0, columns.length).map(({ value }) => value),
    values: cells.slice(columns.length),
  }));
}
