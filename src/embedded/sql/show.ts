/** SHOW and DESC: relations made of the schema and the server, then filtered by LIKE or WHERE as queries are. */
import { utf8 } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { isBinaryString, isString } from '../../codec/string-type.js';
import type { Expression, SelectItem } from '../../sql/ast/select.js';
import type { ShowStatement } from '../../sql/ast/statement.js';
import { printName, printString } from '../../sql/parse/print-text.js';
import {
  UPDATED_NOW_FLAG,
  columnFacts,
  defaultTextOf,
  indexFacts,
  isNow,
  keyOf,
  nowText,
  indexTraits,
} from './column-facts.js';
import type { ResultTable } from './relation-table.js';
import { type SchemaTable, qualified } from './schema.js';
import { queryOf, relationNamed, selectOf } from './select-nodes.js';
import type { StoredColumn, StoredTable } from './stored-table.js';
import { numberColumn, textColumn } from './system-columns.js';
import { systemTable, systemTableNames } from './system-tables.js';
import { typeText } from './type-text.js';
import type { Work } from './work.js';

type Value = string | number | null;

const SPAN = { start: 0, end: 0 };
const SHOWN = '#shown';

/** Answers it. @throws SqlError — TiDB's codes; 1235 for what is not shown here. */
export async function show(work: Work, statement: ShowStatement): Promise<ResultTable> {
  const content = contentOf(work, statement);
  const { like, where } = statement;
  if (like === undefined && where === undefined) return content;
  const column = (name: string): Expression => ({
    kind: 'column',
    span: SPAN,
    database: undefined,
    table: undefined,
    name,
  });
  const items = content.columns.map(({ name }): SelectItem => ({
    kind: 'item',
    span: SPAN,
    value: column(name),
    alias: name,
  }));
  const pattern: Expression = { kind: 'string', span: SPAN, value: like ?? '', charset: undefined };
  const matches: Expression = {
    kind: 'like',
    span: SPAN,
    operator: 'LIKE',
    operand: column(content.columns[0]?.name ?? ''),
    pattern,
    escape: undefined,
    isNegated: false,
  };
  const select = { ...selectOf(items, relationNamed(SHOWN, undefined, SPAN), SPAN), where: where ?? matches };
  return work.answer(queryOf(select), new Map([[SHOWN, content]]));
}

/** @param columns - names; those that end in `#` are of integers. */
function table(columns: string, rows: readonly (readonly Value[])[]): ResultTable {
  const parsed = columns
    .split('|')
    .map((name) => (name.endsWith('#') ? numberColumn(name.slice(0, -1)) : textColumn(name)));
  return {
    columns: parsed,
    rows: rows.map((row) =>
      row.map((value) => (value === null ? null : typeof value === 'string' ? utf8(value) : BigInt(value))),
    ),
  };
}

function contentOf(work: Work, statement: ShowStatement): ResultTable {
  const { schema, session } = work;
  switch (statement.what) {
    case 'databases': {
      const names = [...schema.databases.values()].map(({ info }) => info.name.original);
      return table(
        'Database',
        ['INFORMATION_SCHEMA', ...names].sort().map((name) => [name]),
      );
    }
    case 'tables':
      return tables(work, statement);
    case 'table status':
      return tableStatus(work, statement);
    case 'columns':
      return columns(work, statement);
    case 'indexes':
      return indexes(named(work, statement));
    case 'create table':
    case 'create view':
      return createTable(work, statement);
    case 'create database': {
      const { info } = schema.database(statement.database ?? '');
      const text = `CREATE DATABASE ${printName(info.name.original)} /*!40100 DEFAULT CHARACTER SET ${info.charset} */`;
      return table('Database|Create Database', [[info.name.original, text]]);
    }
    case 'variables':
      return table(
        'Variable_name|Value',
        [...session.variables.all].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    default:
      return serverFacts(work, statement);
  }
}

/** System tables under the names that SHOW has for their columns. */
const OF_SYSTEM: Readonly<Record<string, { readonly table: string; readonly columns: string }>> = {
  collation: {
    table: 'information_schema.collations',
    columns: 'Collation|Charset|Id|Default|Compiled|Sortlen|Pad_attribute',
  },
  charset: {
    table: 'information_schema.character_sets',
    columns: 'Charset|Default collation|Description|Maxlen',
  },
  engines: {
    table: 'information_schema.engines',
    columns: 'Engine|Support|Comment|Transactions|XA|Savepoints',
  },
  processlist: {
    table: 'information_schema.processlist',
    columns: 'Id|User|Host|db|Command|Time|State|Info',
  },
};

/** What there is nothing of here. */
const NOTHING: Readonly<Record<string, string>> = {
  warnings: 'Level|Code#|Message',
  errors: 'Level|Code#|Message',
  privileges: 'Privilege|Context|Comment',
  plugins: 'Name|Status|Type|Library|License|Version',
  triggers: 'Trigger|Event|Table|Statement|Timing|Created|sql_mode|Definer|character_set_client',
  events: 'Db|Name|Time zone|Definer|Type|Execute At|Interval Value|Interval Field|Starts|Ends|Status',
  'procedure status': 'Db|Name|Type|Definer|Modified|Created|Security_type|Comment',
  'function status': 'Db|Name|Type|Definer|Modified|Created|Security_type|Comment',
  'master status': 'File|Position#|Binlog_Do_DB|Binlog_Ignore_DB|Executed_Gtid_Set',
};

function serverFacts(work: Work, { what }: ShowStatement): ResultTable {
  const system = OF_SYSTEM[what];
  const content = system === undefined ? undefined : work.systemContent(system.table);
  if (system !== undefined && content !== undefined) {
    const names = system.columns.split('|');
    return { ...content, columns: content.columns.map((column, i) => ({ ...column, name: names[i] ?? '' })) };
  }
  const nothing = NOTHING[what];
  if (nothing !== undefined) return table(nothing, []);
  switch (what) {
    case 'status':
      return table('Variable_name|Value', [
        ['Ssl_cipher', ''],
        ['Ssl_version', ''],
        ['server_id', 'embedded'],
      ]);
    case 'grants':
      return table('Grants for User', [["GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION"]]);
    default:
      throw new SqlError(1235, '42000', `The embedded cluster does not support SHOW ${what.toUpperCase()}`);
  }
}

function isSystem(database: string): boolean {
  return database.toLowerCase() === 'information_schema';
}

function tables(work: Work, { database, isFull }: ShowStatement): ResultTable {
  const name = database ?? work.session.database;
  if (name === undefined) throw new SqlError(1046, '3D000', 'No database selected');
  const shown = isSystem(name)
    ? systemTableNames().map((table) => [table, 'SYSTEM VIEW'] as const)
    : [...work.schema.database(name).tables.values()].map(
        ({ version }) =>
          [version.info.name.original, version.info.kind === 'view' ? 'VIEW' : 'BASE TABLE'] as const,
      );
  const rows = [...shown].sort(([a], [b]) => (a < b ? -1 : 1));
  return isFull
    ? table(`Tables_in_${name}|Table_type`, rows)
    : table(
        `Tables_in_${name}`,
        rows.map(([one]) => [one]),
      );
}

function tableStatus(work: Work, { database }: ShowStatement): ResultTable {
  const name = database ?? work.session.database;
  if (name === undefined) throw new SqlError(1046, '3D000', 'No database selected');
  const all = isSystem(name) ? [] : [...work.schema.database(name).tables.values()];
  return table(
    'Name|Engine|Version#|Row_format|Rows#|Avg_row_length#|Data_length#|Max_data_length#|Index_length#|Data_free#|Auto_increment#|' +
      'Create_time|Update_time|Check_time|Collation|Checksum|Create_options|Comment',
    all.map(({ version: { info } }) => {
      const isView = info.kind === 'view';
      const number = isView ? null : 0;
      return [
        info.name.original,
        isView ? null : 'InnoDB',
        isView ? null : 10,
        isView ? null : 'Compact',
        number,
        number,
        number,
        number,
        number,
        number,
        null,
        null,
        null,
        null,
        isView ? null : info.collate,
        '',
        '',
        isView ? 'VIEW' : info.comment,
      ];
    }),
  );
}

function named({ schema, session }: Work, { table: name }: ShowStatement): SchemaTable {
  return schema.table(name ?? { database: undefined, name: '' }, session.database);
}

function columns(work: Work, statement: ShowStatement): ResultTable {
  const name = qualified(statement.table ?? { database: undefined, name: '' }, work.session.database);
  const system = systemTable(name.database, name.name);
  const found = system === undefined ? named(work, statement) : undefined;
  const described = system?.columns ?? (found === undefined ? [] : work.columnsOf(found));
  const rows = described.map(({ name: column, type }): Value[] => {
    const facts =
      found === undefined ? { defaultText: null, extra: '', comment: '' } : columnFacts(found, column);
    const start = [column, typeText(type)];
    const end = [
      hasFlag(type, FieldFlag.notNull) ? 'NO' : 'YES',
      found === undefined ? '' : keyOf(type),
      facts.defaultText,
      facts.extra,
    ];
    if (!statement.isFull) return [...start, ...end];
    return [...start, collationOf(type), ...end, 'select,insert,update,references', facts.comment];
  });
  return statement.isFull
    ? table('Field|Type|Collation|Null|Key|Default|Extra|Privileges|Comment', rows)
    : table('Field|Type|Null|Key|Default|Extra', rows);
}

/** null: it has none. */
function collationOf(type: FieldType): string | null {
  const isText = (isString(type) && !isBinaryString(type)) || type.elems.length > 0;
  return isText ? type.collate : null;
}

function indexes(found: SchemaTable): ResultTable {
  return table(
    'Table|Non_unique#|Key_name|Seq_in_index#|Column_name|Collation|Cardinality#|Sub_part#|Packed|Null|Index_type|Comment|' +
      'Index_comment|Visible|Expression|Clustered|Global',
    indexFacts(found).map((fact) => [
      found.version.info.name.original,
      fact.isUnique ? 0 : 1,
      fact.name,
      fact.place,
      fact.column,
      ...indexTraits(fact),
      fact.isClustered ? 'YES' : 'NO',
      'NO',
    ]),
  );
}

function createTable(work: Work, statement: ShowStatement): ResultTable {
  const found = named(work, statement);
  const { stored, version } = found;
  const name = version.info.name.original;
  if (stored.view !== null) {
    const names = (stored.cols ?? []).map((column) => printName(column.name.O)).join(', ');
    const text =
      `CREATE ALGORITHM=UNDEFINED DEFINER=${printName('root')}@${printName('%')} SQL SECURITY DEFINER VIEW ${printName(name)} ` +
      `(${names}) AS ${stored.view.view_select}`;
    return table('View|Create View|character_set_client|collation_connection', [
      [name, text, stored.charset, stored.collate],
    ]);
  }
  if (statement.what === 'create view')
    throw new SqlError(1347, 'HY000', `'${found.database.name.original}.${name}' is not VIEW`);
  return table('Table|Create Table', [[name, tableDdl(found)]]);
}

function tableDdl(found: SchemaTable): string {
  const { stored, version } = found;
  const lines = version.columns.map(({ name, type }) => {
    const column = stored.cols?.find((one) => one.name.O === name.original);
    return `  ${printName(name.original)} ${columnDdl(type, column, stored)}`;
  });
  const names = [...new Set(indexFacts(found).map(({ name }) => name))];
  for (const name of names) lines.push(`  ${keyDdl(found, name)}`);
  const comment = stored.comment === '' ? '' : ` COMMENT=${printString(stored.comment)}`;
  return (
    `CREATE TABLE ${printName(version.info.name.original)} (\n${lines.join(',\n')}\n) ` +
    `ENGINE=InnoDB DEFAULT CHARSET=${stored.charset} COLLATE=${stored.collate}${comment}`
  );
}

function columnDdl(
  type: FieldType,
  column: StoredColumn | undefined,
  { charset, collate }: StoredTable,
): string {
  const isText = collationOf(type) !== null;
  const words = [typeText(type)];
  if (isText && type.charset !== charset) words.push(`CHARACTER SET ${type.charset}`);
  if (isText && type.collate !== collate) words.push(`COLLATE ${type.collate}`);
  if (hasFlag(type, FieldFlag.notNull)) words.push('NOT NULL');
  if (hasFlag(type, FieldFlag.autoIncrement)) words.push('AUTO_INCREMENT');
  else if (column !== undefined) words.push(...defaultWords(type, column));
  if (column !== undefined && (column.type.Flag & UPDATED_NOW_FLAG) !== 0)
    words.push(`ON UPDATE ${nowText(column)}`);
  if (column !== undefined && column.comment !== '') words.push(`COMMENT ${printString(column.comment)}`);
  return words.join(' ');
}

function defaultWords(type: FieldType, column: StoredColumn): readonly string[] {
  const text = defaultTextOf(column);
  if (text === null) {
    if (hasFlag(type, FieldFlag.notNull)) return [];
    return type.tp === MysqlType.timestamp ? ['NULL', 'DEFAULT NULL'] : ['DEFAULT NULL'];
  }
  const isBare = isNow(column) || column.default_bit !== null;
  return [`DEFAULT ${isBare ? text : printString(text)}`];
}

function keyDdl(found: SchemaTable, name: string): string {
  const parts = indexFacts(found).filter((one) => one.name === name);
  const list = parts
    .map(({ column, prefix }) => printName(column) + (prefix === null ? '' : `(${prefix})`))
    .join(',');
  if (name === 'PRIMARY') {
    const how = parts[0]?.isClustered === true ? 'CLUSTERED' : 'NONCLUSTERED';
    return `PRIMARY KEY (${list}) /*T![clustered_index] ${how} */`;
  }
  return `${parts[0]?.isUnique === true ? 'UNIQUE KEY' : 'KEY'} ${printName(name)} (${list})`;
}
