/** The system tables that clients and TiView itself ask for, computed from the schema and the server. */
import { present } from '../../base/assert.js';
import { utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import type { Datum } from '../../codec/datum.js';
import { FieldFlag, MysqlType, hasFlag } from '../../codec/field-type.js';
import { isBinaryString, isString } from '../../codec/string-type.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import { columnFacts, indexFacts, indexTraits, keyOf } from './column-facts.js';
import type { ResultTable } from './relation-table.js';
import type { Schema, SchemaTable } from './schema.js';
import { numberColumn, textColumn } from './system-columns.js';
import { COLLATIONS } from './variables.js';
import { typeNameOf, typeText } from './type-text.js';

/** What the rows are made of. */
export interface SystemSource {
  readonly schema: Schema;
  /** The columns of a table, or of a view's select. */
  columnsOf(table: SchemaTable): readonly OutputColumn[];
  readonly variables: ReadonlyMap<string, string>;
  readonly serverVersion: string;
  /** Addresses, `host:port`. */
  readonly servers: { readonly pd: readonly string[]; readonly sql: string };
  readonly connections: readonly { readonly id: number; readonly database: string | undefined }[];
}

type Value = string | number | bigint | null | undefined;

/** A system table. */
interface SystemTable {
  /** By which queries name it once they are qualified. */
  readonly name: string;
  readonly columns: readonly OutputColumn[];
  rows(source: SystemSource): readonly (readonly Value[])[];
}

/** Finds one; undefined: there is none, or it is an ordinary table. */
export function systemTable(database: string, name: string): SystemTable | undefined {
  return TABLES.get(`${lowerName(database)}.${lowerName(name)}`);
}

/** What a system table holds now, by its qualified name; undefined: there is none. */
export function systemContent(name: string, source: SystemSource): ResultTable | undefined {
  const table = TABLES.get(name);
  if (table === undefined) return undefined;
  const rows = table.rows(source).map((row) => table.columns.map((_, i) => datumOf(row[i])));
  return { columns: table.columns, rows };
}

/** Names of the tables of the information schema, in capitals. */
export function systemTableNames(): readonly string[] {
  return [...TABLES.keys()].flatMap((name) => {
    const [database, table] = name.split('.');
    return database === 'information_schema' && table !== undefined ? [table.toUpperCase()] : [];
  });
}

function datumOf(value: Value): Datum {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? utf8(value) : BigInt(value);
}

const TABLES = new Map<string, SystemTable>();

/** @param columns - names in capitals; those that end in `#` are of integers. */
function define(name: string, columns: string, rows: SystemTable['rows']): void {
  const parsed = columns
    .trim()
    .split(/\s+/)
    .map((column) => (column.endsWith('#') ? numberColumn(column.slice(0, -1)) : textColumn(column)));
  TABLES.set(name, { name, columns: parsed, rows });
}

function tablesOf({ schema }: SystemSource): readonly SchemaTable[] {
  return [...schema.databases.values()].flatMap(({ tables }) => [...tables.values()]);
}

/** The columns of a table; of a view that cannot be read, none, as in TiDB. */
function described(source: SystemSource, table: SchemaTable): readonly OutputColumn[] {
  try {
    return source.columnsOf(table);
  } catch (error) {
    if (error instanceof SqlError) return [];
    throw error;
  }
}

/** Every column of every table and view, with its place. */
function allColumns(
  source: SystemSource,
): readonly { table: SchemaTable; column: OutputColumn; place: number }[] {
  return tablesOf(source).flatMap((table) =>
    described(source, table).map((column, i) => ({ table, column, place: i + 1 })),
  );
}

function namesOf({ database, version }: SchemaTable): readonly [string, string, string] {
  return ['def', database.name.original, version.info.name.original];
}

define(
  'information_schema.schemata',
  'CATALOG_NAME SCHEMA_NAME DEFAULT_CHARACTER_SET_NAME DEFAULT_COLLATION_NAME SQL_PATH',
  ({ schema }) => [
    ['def', 'INFORMATION_SCHEMA', 'utf8mb4', 'utf8mb4_bin', null],
    ...[...schema.databases.values()].map(({ info }) => [
      'def',
      info.name.original,
      info.charset,
      info.collate,
      null,
    ]),
  ],
);

define(
  'information_schema.tables',
  'TABLE_CATALOG TABLE_SCHEMA TABLE_NAME TABLE_TYPE ENGINE VERSION# ROW_FORMAT TABLE_ROWS# AVG_ROW_LENGTH# DATA_LENGTH# ' +
    'MAX_DATA_LENGTH# INDEX_LENGTH# DATA_FREE# AUTO_INCREMENT# CREATE_TIME UPDATE_TIME CHECK_TIME TABLE_COLLATION ' +
    'CHECKSUM# CREATE_OPTIONS TABLE_COMMENT TIDB_TABLE_ID# TIDB_ROW_ID_SHARDING_INFO TIDB_PK_TYPE',
  (source) => [
    ...tablesOf(source).map((table) => {
      const { info } = table.version;
      const isView = info.kind === 'view';
      const nulls: Value[] = Array.from({ length: 8 }, () => (isView ? null : 0));
      return [
        ...namesOf(table),
        isView ? 'VIEW' : 'BASE TABLE',
        isView ? null : 'InnoDB',
        isView ? null : 10,
        isView ? null : 'Compact',
        ...nulls.slice(0, 6),
        null,
        null,
        null,
        null,
        isView ? null : info.collate,
        null,
        '',
        isView ? 'VIEW' : info.comment,
        info.id,
        null,
        isView ? '' : table.version.handle.kind === 'rowid' ? 'NONCLUSTERED' : 'CLUSTERED',
      ];
    }),
    ...systemTableNames().map((name) => ['def', 'INFORMATION_SCHEMA', name, 'SYSTEM VIEW']),
  ],
);

define(
  'information_schema.columns',
  'TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ORDINAL_POSITION# COLUMN_DEFAULT IS_NULLABLE DATA_TYPE ' +
    'CHARACTER_MAXIMUM_LENGTH# CHARACTER_OCTET_LENGTH# NUMERIC_PRECISION# NUMERIC_SCALE# DATETIME_PRECISION# ' +
    'CHARACTER_SET_NAME COLLATION_NAME COLUMN_TYPE COLUMN_KEY EXTRA PRIVILEGES COLUMN_COMMENT GENERATION_EXPRESSION SRS_ID#',
  (source) =>
    allColumns(source).map(({ table, column: { name, type }, place }) => {
      const facts = columnFacts(table, name);
      const isText = isString(type);
      const bytes = isText && !isBinaryString(type) ? type.flen * 4 : type.flen;
      const isTime = [MysqlType.datetime, MysqlType.timestamp, MysqlType.duration].some(
        (tp) => tp === type.tp,
      );
      const hasDigits = NUMERIC.has(type.tp);
      return [
        ...namesOf(table),
        name,
        place,
        facts.defaultText,
        hasFlag(type, FieldFlag.notNull) ? 'NO' : 'YES',
        typeNameOf(type),
        isText ? type.flen : null,
        isText ? bytes : null,
        hasDigits ? (NUMERIC.get(type.tp) ?? type.flen) : null,
        hasDigits ? Math.max(type.decimal, 0) : null,
        isTime ? Math.max(type.decimal, 0) : null,
        isText && !isBinaryString(type) ? type.charset : null,
        isText && !isBinaryString(type) ? type.collate : null,
        typeText(type).replace(' zerofill', ''),
        keyOf(type),
        facts.extra,
        'select,insert,update,references',
        facts.comment,
        '',
        null,
      ];
    }),
);

/** Decimal digits of numbers; undefined: as many as the type says. */
const NUMERIC: ReadonlyMap<number, number | undefined> = new Map<number, number | undefined>([
  [MysqlType.tiny, 3],
  [MysqlType.short, 5],
  [MysqlType.int24, 7],
  [MysqlType.long, 10],
  [MysqlType.longlong, 19],
  [MysqlType.float, 12],
  [MysqlType.double, 22],
  [MysqlType.newdecimal, undefined],
  [MysqlType.bit, undefined],
]);

define(
  'information_schema.statistics',
  'TABLE_CATALOG TABLE_SCHEMA TABLE_NAME NON_UNIQUE# INDEX_SCHEMA INDEX_NAME SEQ_IN_INDEX# COLUMN_NAME COLLATION ' +
    'CARDINALITY# SUB_PART# PACKED NULLABLE INDEX_TYPE COMMENT INDEX_COMMENT IS_VISIBLE EXPRESSION',
  (source) =>
    tablesOf(source).flatMap((table) =>
      indexFacts(table).map((fact) => [
        ...namesOf(table),
        fact.isUnique ? 0 : 1,
        table.database.name.original,
        fact.name,
        fact.place,
        fact.column,
        ...indexTraits(fact),
      ]),
    ),
);

define(
  'information_schema.key_column_usage',
  'CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME ' +
    'ORDINAL_POSITION# POSITION_IN_UNIQUE_CONSTRAINT# REFERENCED_TABLE_SCHEMA REFERENCED_TABLE_NAME REFERENCED_COLUMN_NAME',
  (source) =>
    tablesOf(source).flatMap((table) =>
      indexFacts(table)
        .filter(({ isUnique }) => isUnique)
        .map(({ name, place, column }) => [
          'def',
          table.database.name.original,
          name,
          ...namesOf(table),
          column,
          place,
          null,
          null,
          null,
          null,
        ]),
    ),
);

define(
  'information_schema.table_constraints',
  'CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME TABLE_SCHEMA TABLE_NAME CONSTRAINT_TYPE',
  (source) =>
    tablesOf(source).flatMap((table) =>
      indexFacts(table)
        .filter(({ isUnique, place }) => isUnique && place === 1)
        .map(({ name }) => {
          const [, database, tableName] = namesOf(table);
          return ['def', database, name, database, tableName, name === 'PRIMARY' ? 'PRIMARY KEY' : 'UNIQUE'];
        }),
    ),
);

define(
  'information_schema.views',
  'TABLE_CATALOG TABLE_SCHEMA TABLE_NAME VIEW_DEFINITION CHECK_OPTION IS_UPDATABLE DEFINER SECURITY_TYPE ' +
    'CHARACTER_SET_CLIENT COLLATION_CONNECTION',
  (source) =>
    tablesOf(source).flatMap((table) => {
      const { view, charset, collate } = table.stored;
      if (view === null) return [];
      return [[...namesOf(table), view.view_select, 'CASCADED', 'NO', 'root@%', 'DEFINER', charset, collate]];
    }),
);

define(
  'information_schema.cluster_info',
  'TYPE INSTANCE STATUS_ADDRESS VERSION GIT_HASH START_TIME UPTIME SERVER_ID#',
  (source) => [
    ['tidb', source.servers.sql, '', source.serverVersion, '', '', '', 1],
    ...source.servers.pd.map((address) => ['pd', address, address, source.serverVersion, '', '', '', 0]),
  ],
);

define(
  'information_schema.tidb_servers_info',
  'DDL_ID IP PORT# STATUS_PORT# LEASE VERSION GIT_HASH BINLOG_STATUS LABELS',
  (source) => {
    const at = source.servers.sql.lastIndexOf(':');
    const [host, port] = [source.servers.sql.slice(0, at), source.servers.sql.slice(at + 1)];
    return [['embedded', host, Number(port), 0, '0s', source.serverVersion, '', 'Off', '']];
  },
);

define('information_schema.engines', 'ENGINE SUPPORT COMMENT TRANSACTIONS XA SAVEPOINTS', () => [
  ['InnoDB', 'DEFAULT', 'Supports transactions, row-level locking, and foreign keys', 'YES', 'YES', 'YES'],
]);

define(
  'information_schema.character_sets',
  'CHARACTER_SET_NAME DEFAULT_COLLATE_NAME DESCRIPTION MAXLEN#',
  () =>
    COLLATIONS.filter(({ isDefault }) => isDefault).map(({ name, charset, bytes }) => [
      charset,
      name,
      charset,
      bytes,
    ]),
);

define(
  'information_schema.collations',
  'COLLATION_NAME CHARACTER_SET_NAME ID# IS_DEFAULT IS_COMPILED SORTLEN# PAD_ATTRIBUTE',
  () =>
    COLLATIONS.map(({ name, charset, id, isDefault, sortLength, isPadded }) => [
      name,
      charset,
      id,
      isDefault ? 'Yes' : '',
      'Yes',
      sortLength,
      isPadded ? 'PAD SPACE' : 'NO PAD',
    ]),
);

define('information_schema.session_variables', 'VARIABLE_NAME VARIABLE_VALUE', ({ variables }) => [
  ...variables,
]);

define('information_schema.processlist', 'ID# USER HOST DB COMMAND TIME# STATE INFO', ({ connections }) =>
  connections.map(({ id, database }) => [id, 'root', '127.0.0.1', database, 'Sleep', 0, '', null]),
);

define('mysql.tidb', 'VARIABLE_NAME VARIABLE_VALUE COMMENT', () => [
  ['bootstrapped', 'True', ''],
  ['new_collation_enabled', 'True', ''],
]);

define('mysql.user', 'HOST USER', () => [['%', 'root']]);

/** What a server without users, routines and partitions has nothing to say about. */
for (const [name, columns] of [
  [
    'routines',
    'SPECIFIC_NAME ROUTINE_CATALOG ROUTINE_SCHEMA ROUTINE_NAME ROUTINE_TYPE DATA_TYPE ROUTINE_DEFINITION ROUTINE_COMMENT',
  ],
  [
    'parameters',
    'SPECIFIC_CATALOG SPECIFIC_SCHEMA SPECIFIC_NAME ORDINAL_POSITION# PARAMETER_MODE PARAMETER_NAME DATA_TYPE ROUTINE_TYPE',
  ],
  [
    'triggers',
    'TRIGGER_CATALOG TRIGGER_SCHEMA TRIGGER_NAME EVENT_MANIPULATION EVENT_OBJECT_SCHEMA EVENT_OBJECT_TABLE ACTION_TIMING ACTION_STATEMENT',
  ],
  ['events', 'EVENT_CATALOG EVENT_SCHEMA EVENT_NAME'],
  [
    'partitions',
    'TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PARTITION_NAME SUBPARTITION_NAME PARTITION_ORDINAL_POSITION# PARTITION_METHOD PARTITION_EXPRESSION PARTITION_DESCRIPTION TABLE_ROWS#',
  ],
  [
    'referential_constraints',
    'CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME UNIQUE_CONSTRAINT_CATALOG UNIQUE_CONSTRAINT_SCHEMA ' +
      'UNIQUE_CONSTRAINT_NAME MATCH_OPTION UPDATE_RULE DELETE_RULE TABLE_NAME REFERENCED_TABLE_NAME',
  ],
  ['check_constraints', 'CONSTRAINT_CATALOG CONSTRAINT_SCHEMA CONSTRAINT_NAME CHECK_CLAUSE'],
  ['user_privileges', 'GRANTEE TABLE_CATALOG PRIVILEGE_TYPE IS_GRANTABLE'],
  ['schema_privileges', 'GRANTEE TABLE_CATALOG TABLE_SCHEMA PRIVILEGE_TYPE IS_GRANTABLE'],
  ['table_privileges', 'GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME PRIVILEGE_TYPE IS_GRANTABLE'],
  [
    'column_privileges',
    'GRANTEE TABLE_CATALOG TABLE_SCHEMA TABLE_NAME COLUMN_NAME PRIVILEGE_TYPE IS_GRANTABLE',
  ],
] as const) {
  define(`information_schema.${name}`, present(columns, name), () => []);
}
