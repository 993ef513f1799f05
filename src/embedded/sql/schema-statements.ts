/** The statements that change the schema. */
import { present, unreachable } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import { FieldFlag } from '../../codec/field-type.js';
import type { Query, SelectItem } from '../../sql/ast/select.js';
import type { Statement, TableChange } from '../../sql/ast/statement.js';
import { printCanonical } from '../../sql/parse/print-select.js';
import { charsetPair } from './column-types.js';
import { addedIndex, tableOf } from './create-table.js';
import { kindOf, someNode } from './map-tree.js';
import { qualifyQuery } from './qualify.js';
import { type SchemaTable, qualified, shownName } from './schema.js';
import { type SchemaDraft, type SchemaWriter, TablePlaces, versionOf } from './schema-writer.js';
import { type StoredTable, storedColumn, storedName, storedTable, storedType } from './stored-table.js';
import { systemTable } from './system-tables.js';
import { TableWriter, readRows } from './table-rows.js';
import { zoneMinutes } from './variables.js';
import { type SessionState, Work } from './work.js';

/** A statement that changes the schema. */
export type SchemaStatement = Extract<
  Statement,
  {
    kind:
      | 'createDatabase'
      | 'dropDatabase'
      | 'createTable'
      | 'createView'
      | 'dropTables'
      | 'truncate'
      | 'renameTables'
      | 'alterTable';
  }
>;

interface Origin {
  readonly session: SessionState;
  /** The statement as it was typed. */
  readonly text: string;
}

const DATABASE_CHARSET = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };

/** Carries it out. @throws SqlError — TiDB's codes; 1235 for what is not supported. */
export function changeSchema(
  writer: SchemaWriter,
  statement: SchemaStatement,
  origin: Origin,
  signal: AbortSignal,
): Promise<void> {
  const { database } = origin.session;
  switch (statement.kind) {
    case 'createDatabase':
      return writer.change((draft) => createDatabase(draft, statement), signal);
    case 'dropDatabase':
      return writer.change((draft) => dropDatabase(draft, statement), signal);
    case 'createTable':
      return writer.change((draft) => createTable(draft, statement, origin), signal);
    case 'createView':
      return writer.change((draft) => createView(draft, statement, origin, signal), signal);
    case 'dropTables':
      return writer.change((draft) => dropTables(draft, statement, database), signal);
    case 'truncate':
      return writer.change(async (draft) => {
        const table = draft.schema.baseTable(statement.table, database);
        draft.deleteTable(table.database.id, table.stored.id);
        draft.putTable(
          table.database.id,
          copyOf(table, { id: await draft.newId(), update_timestamp: draft.ts }),
        );
      }, signal);
    case 'renameTables':
      return writer.change((draft) => {
        const places = new TablePlaces(draft.schema);
        for (const { from, to } of statement.renames) places.move(from, to, database, draft);
        return Promise.resolve();
      }, signal);
    case 'alterTable':
      return writer.change(async (draft) => {
        const { change, table } = statement;
        if (change.kind === 'rename') new TablePlaces(draft.schema).move(table, change.to, database, draft);
        else await alterTable(draft, draft.schema.baseTable(table, database), change, signal);
      }, signal);
    default:
      return unreachable(statement);
  }
}

async function createDatabase(
  draft: SchemaDraft,
  { database, isLenient, options }: Extract<Statement, { kind: 'createDatabase' }>,
): Promise<void> {
  const isThere =
    draft.schema.databases.has(lowerName(database)) || lowerName(database) === 'information_schema';
  if (isThere && isLenient) return;
  if (isThere) throw new SqlError(1007, 'HY000', `Can't create database '${database}'; database exists`);
  draft.putDatabase(await draft.newId(), database, charsetPair(options, DATABASE_CHARSET));
}

function dropDatabase(
  draft: SchemaDraft,
  { database, isLenient }: Extract<Statement, { kind: 'dropDatabase' }>,
): Promise<void> {
  const found = draft.schema.databases.get(lowerName(database));
  if (found === undefined) {
    if (isLenient) return Promise.resolve();
    throw new SqlError(1008, 'HY000', `Can't drop database '${database}'; database doesn't exist`);
  }
  for (const { stored } of found.tables.values()) draft.deleteTable(found.info.id, stored.id);
  draft.deleteDatabase(found.info.id);
  return Promise.resolve();
}

/** A new table like another, which counts its own rows. */
function copyOf({ stored, database }: SchemaTable, own: Partial<StoredTable>): StoredTable {
  return { ...stored, ...(stored.old_schema_id !== undefined && { old_schema_id: database.id }), ...own };
}

async function createTable(
  draft: SchemaDraft,
  statement: Extract<Statement, { kind: 'createTable' }>,
  { session }: Origin,
): Promise<void> {
  const name = qualified(statement.table, session.database);
  const { info, tables } = draft.schema.database(name.database);
  if (statement.isTemporary)
    throw new SqlError(1235, '42000', 'The embedded cluster does not support temporary tables');
  if (tables.has(lowerName(name.name)) || systemTable(name.database, name.name) !== undefined) {
    if (statement.isLenient) return;
    throw new SqlError(1050, '42S01', `Table '${shownName(name)}' already exists`);
  }
  const id = await draft.newId();
  if (statement.like !== undefined) {
    const like = draft.schema.baseTable(statement.like, session.database);
    const own = { id, name: storedName(name.name), auto_inc_id: 0, update_timestamp: draft.ts };
    draft.putTable(info.id, copyOf(like, own));
    return;
  }
  const origin = {
    id,
    charset: { charset: info.charset, collate: info.collate },
    offsetMinutes: zoneMinutes(session.variables.get('time_zone')),
    updateTimestamp: draft.ts,
  };
  const table = tableOf(statement, origin);
  // Whatever our own catalog does not read, nobody should have to.
  versionOf(table, info.id);
  draft.putTable(info.id, table);
}

async function createView(
  draft: SchemaDraft,
  statement: Extract<Statement, { kind: 'createView' }>,
  { session, text }: Origin,
  signal: AbortSignal,
): Promise<void> {
  const name = qualified(statement.table, session.database);
  const { info, tables } = draft.schema.database(name.database);
  const there = tables.get(lowerName(name.name));
  if (there !== undefined && !statement.isReplacing)
    throw new SqlError(1050, '42S01', `Table '${shownName(name)}' already exists`);
  if (there !== undefined && there.stored.view === null)
    throw new SqlError(1347, 'HY000', `'${shownName(name)}' is not VIEW`);
  if (someNode(statement.query, isVariable))
    throw new SqlError(1351, 'HY000', "View's SELECT contains a variable or parameter");
  const naming = { schema: draft.schema, database: session.database, expandsViews: false };
  const query = withDistinctNames(qualifyQuery(statement.query, naming), text);
  const select = printCanonical(query);
  const described = new Work(draft.transaction, draft.schema, session, signal).describe(query).columns;
  if (statement.columns.length > 0 && statement.columns.length !== described.length)
    throw new SqlError(
      1353,
      'HY000',
      'In definition of view, derived table or common table expression, SELECT list and column names list have different column counts',
    );
  const names = described.map((column, i) => statement.columns[i] ?? column.name);
  const twice = names.find((one, i) => names.findIndex((other) => lowerName(other) === lowerName(one)) < i);
  if (twice !== undefined) throw new SqlError(1060, '42S21', `Duplicate column name '${twice}'`);
  draft.putTable(
    info.id,
    storedTable({
      id: there?.stored.id ?? (await draft.newId()),
      name: storedName(name.name),
      charset: session.variables.get('character_set_client'),
      collate: session.variables.get('collation_connection'),
      cols: names.map((column, offset) =>
        storedColumn({
          id: offset + 1,
          name: storedName(column),
          offset,
          type: storedType(undefined),
          version: 0,
        }),
      ),
      update_timestamp: draft.ts,
      view: storedView(select, statement.columns),
    }),
  );
}

function storedView(select: string, columns: readonly string[]) {
  return {
    view_algorithm: 0,
    view_definer: {
      Username: 'root',
      Hostname: '%',
      CurrentUser: false,
      AuthUsername: 'root',
      AuthHostname: '%',
      AuthPlugin: 'mysql_native_password',
    },
    view_security: 0,
    view_select: select,
    view_checkoption: 1,
    view_cols: columns.length === 0 ? null : columns.map(storedName),
  };
}

function isVariable(node: unknown): boolean {
  return kindOf(node) === 'call' && String((node as { readonly name: unknown }).name).startsWith('@');
}

/** TiDB gives names of its own to expressions that are called like another column. */
function withDistinctNames(query: Query, text: string): Query {
  const { body } = query;
  if (body.kind !== 'select') return query;
  const seen = new Set<string>();
  const items = body.items.map((item): SelectItem => {
    if (item.kind !== 'item' || item.alias === undefined) return item;
    const isRepeated = seen.has(lowerName(item.alias));
    seen.add(lowerName(item.alias));
    const { start, end } = item.value.span;
    const isOwnText = item.value.kind !== 'column' && text.slice(start, end).includes(item.alias);
    return isRepeated && isOwnText ? { ...item, alias: `Name_exp_${item.alias}` } : item;
  });
  return { ...query, body: { ...body, items } };
}

function dropTables(
  draft: SchemaDraft,
  { isView, isLenient, tables }: Extract<Statement, { kind: 'dropTables' }>,
  current: string | undefined,
): Promise<void> {
  const missing: string[] = [];
  for (const table of tables) {
    const name = qualified(table, current);
    const found = draft.schema.find(name.database, name.name);
    if (found === undefined) missing.push(shownName(name));
    else if (isView && found.stored.view === null)
      throw new SqlError(1347, 'HY000', `'${shownName(name)}' is not VIEW`);
    else if (!isView && found.stored.view !== null) missing.push(shownName(name));
    else draft.deleteTable(found.database.id, found.stored.id);
  }
  if (missing.length > 0 && !isLenient)
    throw new SqlError(1051, '42S02', `Unknown table '${missing.join(',')}'`);
  return Promise.resolve();
}

async function alterTable(
  draft: SchemaDraft,
  { database, stored, version }: SchemaTable,
  change: Exclude<TableChange, { kind: 'rename' }>,
  signal: AbortSignal,
): Promise<void> {
  switch (change.kind) {
    case 'comment':
      draft.putTable(database.id, { ...stored, comment: change.comment, update_timestamp: draft.ts });
      return;
    case 'dropKey': {
      const index = stored.index_info?.find(
        ({ idx_name, is_primary }) => idx_name.L === lowerName(change.name) && !is_primary,
      );
      if (index === undefined) {
        if (change.isLenient) return;
        throw new SqlError(1091, '42000', `Can't DROP '${change.name}'; check that column/key exists`);
      }
      draft.putTable(
        database.id,
        withIndexes(
          { database, stored, version },
          (stored.index_info ?? []).filter((one) => one !== index),
          draft,
        ),
      );
      return;
    }
    case 'addKey': {
      const { key } = change;
      if (key.kind !== 'key' || key.isPrimary)
        throw new SqlError(1235, '42000', 'The embedded cluster does not support adding this kind of key');
      const isThere = stored.index_info?.some(({ idx_name }) => idx_name.L === lowerName(key.name ?? ''));
      if (isThere === true && change.isLenient) return;
      const index = addedIndex(key, stored);
      const after = withIndexes({ database, stored, version }, [...(stored.index_info ?? []), index], draft);
      draft.putTable(database.id, { ...after, max_idx_id: index.id });
      await fillIndex(draft, { database, stored, version }, versionOf(after, database.id), signal);
      return;
    }
    case 'unsupported':
      throw new SqlError(1235, '42000', `The embedded cluster does not support ALTER TABLE … ${change.what}`);
  }
}

/** The table with other indexes, and what they say about columns. */
function withIndexes(
  { stored }: SchemaTable,
  indexes: NonNullable<SchemaTable['stored']['index_info']>,
  draft: SchemaDraft,
) {
  const cols = (stored.cols ?? []).map((column) => {
    const first = indexes.filter(
      ({ is_primary, idx_cols }) => !is_primary && idx_cols[0]?.offset === column.offset,
    );
    const isUnique = first.some(({ is_unique, idx_cols }) => is_unique && idx_cols.length === 1);
    const isMultiple = first.some(({ is_unique, idx_cols }) => !is_unique || idx_cols.length > 1);
    const others = column.type.Flag & ~(FieldFlag.uniqueKey | FieldFlag.multipleKey);
    const flag = others | (isUnique ? FieldFlag.uniqueKey : 0) | (isMultiple ? FieldFlag.multipleKey : 0);
    return { ...column, type: { ...column.type, Flag: flag } };
  });
  return { ...stored, cols, index_info: indexes.length === 0 ? null : indexes, update_timestamp: draft.ts };
}

/** Writes the entries of a new index, in the transaction that makes it. @throws SqlError 1062 */
async function fillIndex(
  draft: SchemaDraft,
  table: SchemaTable,
  after: SchemaTable['version'],
  signal: AbortSignal,
): Promise<void> {
  const before = new TableWriter(table.version, draft.transaction);
  const writer = new TableWriter(after, draft.transaction);
  const rows = await readRows(table.version, before.columnIds, draft.transaction, signal);
  for (const row of rows) {
    const known = new Set(
      before.changes(undefined, row).map(({ key }) => Buffer.from(key).toString('latin1')),
    );
    const entries = writer
      .changes(undefined, row)
      .filter(({ key }) => !known.has(Buffer.from(key).toString('latin1')));
    const [taken] = await writer.taken(entries, signal);
    if (taken !== undefined) throw writer.duplicate(row, present(taken, 'a key'));
    writer.write(entries);
  }
}
