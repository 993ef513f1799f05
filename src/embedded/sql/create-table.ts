/** CREATE TABLE: from what was typed to a TableInfo as TiDB would store it. */
import { present } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import { datumText } from '../../codec/datum-text.js';
import { parseBit } from '../../codec/datum-parse.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { isString } from '../../codec/string-type.js';
import { negated, numberConstant, stringConstant, integerConstant } from '../../plan/typing/literal.js';
import type { Expression } from '../../sql/ast/select.js';
import type { ColumnDefinition, CreateTableStatement, KeyDefinition } from '../../sql/ast/statement.js';
import { UPDATED_NOW_FLAG } from './column-facts.js';
import { type CharsetPair, charsetPair, columnType } from './column-types.js';
import { storedValue } from './store-value.js';
import {
  type StoredColumn,
  type StoredIndex,
  type StoredTable,
  storedColumn,
  storedIndex,
  storedName,
  storedTable,
  storedType,
} from './stored-table.js';

/** A column without default that may not be NULL: TiDB's flag for it. */
const NO_DEFAULT_FLAG = 4096;
/** Where defaults of TIMESTAMP are in UTC. */
const COLUMN_VERSION = 2;
/** Bytes of a key, at most. */
const KEY_BYTES_MAX = 3072;

/** What a table is made with. */
export interface TableOrigin {
  readonly id: number;
  readonly charset: CharsetPair;
  /** Minutes east of UTC, in which defaults of TIMESTAMP columns are written. */
  readonly offsetMinutes: number;
  readonly updateTimestamp: number;
}

/** @throws SqlError — TiDB's codes for what is wrong with it; 1235 for what is not supported. */
export function tableOf(statement: CreateTableStatement, origin: TableOrigin): StoredTable {
  const { options, columns } = statement;
  refuse(options.unsupported);
  if (options.policy !== undefined)
    throw new SqlError(8239, 'HY000', `Unknown placement policy '${options.policy}'`);
  const pair = charsetPair(options, origin.charset);
  const keys = keysOf(statement);
  const primary = keys.find(({ isPrimary }) => isPrimary);
  const types = columns.map((column) => typeOfColumn(column, pair, primary));
  checkNames(columns);
  const keyed = keys.map((key) => ({ key, parts: partsOf(key, columns, types) }));
  const flagged = types.map((type, offset) => ({ ...type, flag: type.flag | keyFlag(offset, keyed) }));
  const isIntegerKey = primary !== undefined && isHandle(primary, columns, types);
  const isClustered = primary !== undefined && primary.isClustered !== false;
  const autos = flagged.filter((type) => hasFlag(type, FieldFlag.autoIncrement));
  if (autos.length > 1)
    throw new SqlError(
      1075,
      '42000',
      'Incorrect table definition; there can be only one auto column and it must be defined as a key',
    );
  const indexes = keyed.filter(({ key }) => !(key.isPrimary && isIntegerKey));
  const isCommonHandle = isClustered && !isIntegerKey;
  const bits = options.shardRowIdBits ?? 0;
  return storedTable({
    id: origin.id,
    name: storedName(statement.table.name),
    ...pair,
    cols: columns.map((column, offset) =>
      columnOf(column, present(flagged[offset], 'a type'), offset, origin),
    ),
    index_info: indexes.length === 0 ? null : indexes.map(({ key, parts }, i) => indexOf(key, parts, i + 1)),
    pk_is_handle: isIntegerKey,
    is_common_handle: isCommonHandle,
    common_handle_version: isCommonHandle ? 1 : 0,
    comment: options.comment ?? '',
    auto_inc_id: Number(options.autoIncrement ?? 0n),
    update_timestamp: origin.updateTimestamp,
    ShardRowIDBits: bits,
    max_shard_row_id_bits: bits,
    pre_split_regions: options.preSplitRegions ?? 0,
  });
}

/** An index of a table that is there. @throws SqlError — as {@link tableOf}. */
export function addedIndex(key: KeyDefinition, table: StoredTable): StoredIndex {
  const columns = table.cols ?? [];
  const parts = key.parts.map(({ column, length }) => {
    const offset = columns.findIndex(({ name }) => name.L === lowerName(column ?? ''));
    if (offset < 0) throw noKeyColumn(column ?? '');
    return { name: present(columns[offset], 'a column').name, offset, length: length ?? -1 };
  });
  const name =
    key.name ??
    freeName(
      parts[0]?.name.O ?? '',
      (table.index_info ?? []).map(({ idx_name }) => idx_name.L),
    );
  if (table.index_info?.some(({ idx_name }) => idx_name.L === lowerName(name)) === true)
    throw duplicateKeyName(name);
  return indexOf({ ...key, name }, parts, table.max_idx_id + 1);
}

function refuse(what: string | undefined): void {
  if (what !== undefined) throw new SqlError(1235, '42000', `The embedded cluster does not support ${what}`);
}

/** All keys, each with a name; those of columns behind those of the table, as TiDB makes them. */
function keysOf({ columns, keys }: CreateTableStatement): readonly KeyDefinition[] {
  const whole = keys.map((key): KeyDefinition => {
    if (key.kind === 'key') return key;
    throw new SqlError(1235, '42000', `The embedded cluster does not support ${key.what}`);
  });
  const ofColumns = columns.flatMap(({ name, attributes }): KeyDefinition[] => {
    const parts = [{ column: name, length: undefined }];
    const { isClustered } = attributes;
    const clustered = isClustered === undefined ? {} : { isClustered };
    return [
      ...(attributes.isPrimaryKey === true
        ? [{ kind: 'key' as const, name: 'PRIMARY', isPrimary: true, isUnique: true, parts, ...clustered }]
        : []),
      ...(attributes.isUniqueKey === true
        ? [{ kind: 'key' as const, name: undefined, isPrimary: false, isUnique: true, parts }]
        : []),
    ];
  });
  const all = [...whole, ...ofColumns];
  if (all.filter(({ isPrimary }) => isPrimary).length > 1)
    throw new SqlError(1068, '42000', 'Multiple primary key defined');
  const taken: string[] = [];
  return all.map((key) => {
    const name = key.name ?? freeName(key.parts[0]?.column ?? '', taken);
    if (taken.includes(lowerName(name))) throw duplicateKeyName(name);
    taken.push(lowerName(name));
    return { ...key, name };
  });
}

function freeName(column: string, taken: readonly string[]): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? column : `${column}_${i}`;
    if (!taken.includes(lowerName(name))) return name;
  }
}

function duplicateKeyName(name: string): SqlError {
  return new SqlError(1061, '42000', `Duplicate key name '${name}'`);
}

function noKeyColumn(name: string): SqlError {
  return new SqlError(1072, '42000', `Key column '${name}' doesn't exist in table`);
}

function checkNames(columns: readonly ColumnDefinition[]): void {
  const names = columns.map(({ name }) => lowerName(name));
  const twice = columns.find((_, i) => names.indexOf(names[i] ?? '') < i);
  if (twice !== undefined) throw new SqlError(1060, '42S21', `Duplicate column name '${twice.name}'`);
}

function typeOfColumn(
  { name, type, attributes }: ColumnDefinition,
  pair: CharsetPair,
  primary: KeyDefinition | undefined,
): FieldType {
  refuse(attributes.unsupported);
  const { collate } = attributes;
  const whole = columnType(name, collate === undefined ? type : { ...type, collate }, pair);
  const isKey = primary?.parts.some(({ column }) => lowerName(column ?? '') === lowerName(name)) ?? false;
  const isAuto = attributes.isAutoIncrement === true;
  const isNotNull = attributes.isNotNull === true || isKey || isAuto;
  if (isKey && attributes.isNull === true)
    throw new SqlError(
      1171,
      '42000',
      'All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead',
    );
  const hasDefault = attributes.defaultValue !== undefined || isAuto;
  const flag =
    (isNotNull ? FieldFlag.notNull : 0) |
    (isNotNull && !hasDefault ? NO_DEFAULT_FLAG : 0) |
    (isAuto ? FieldFlag.autoIncrement : 0) |
    (attributes.isUpdatedNow === true ? UPDATED_NOW_FLAG : 0);
  return { ...whole, flag: whole.flag | flag };
}

type Parts = StoredIndex['idx_cols'];

function partsOf(
  key: KeyDefinition,
  columns: readonly ColumnDefinition[],
  types: readonly FieldType[],
): Parts {
  let bytes = 0;
  const parts = key.parts.map(({ column, length }) => {
    if (column === undefined)
      throw new SqlError(1235, '42000', 'The embedded cluster does not support keys on expressions');
    const offset = columns.findIndex(({ name }) => lowerName(name) === lowerName(column));
    const found = columns[offset];
    const type = types[offset];
    if (found === undefined || type === undefined) throw noKeyColumn(column);
    const isLong =
      isString(type) &&
      (type.tp === MysqlType.tinyBlob ||
        type.tp === MysqlType.blob ||
        type.tp === MysqlType.mediumBlob ||
        type.tp === MysqlType.longBlob);
    if (isLong && length === undefined)
      throw new SqlError(
        1170,
        '42000',
        `BLOB/TEXT column '${column}' used in key specification without a key length`,
      );
    if (type.tp === MysqlType.json)
      throw new SqlError(3152, '42000', `JSON column '${column}' cannot be used in key specification.`);
    if (length !== undefined && (!isString(type) || (!isLong && length > type.flen)))
      throw new SqlError(
        1089,
        'HY000',
        "Incorrect prefix key; the used key part isn't a string, the used length is longer than the key part, or the storage engine doesn't support unique prefix keys",
      );
    bytes += isString(type) ? (length ?? type.flen) * (type.charset === 'utf8mb4' ? 4 : 1) : 8;
    return {
      name: storedName(found.name),
      offset,
      length: length === undefined || length === type.flen ? -1 : length,
    };
  });
  if (bytes > KEY_BYTES_MAX)
    throw new SqlError(
      1071,
      '42000',
      `Specified key was too long (${bytes} bytes); max key length is ${KEY_BYTES_MAX} bytes`,
    );
  return parts;
}

/** What being in keys says about a column. */
function keyFlag(
  offset: number,
  keyed: readonly { readonly key: KeyDefinition; readonly parts: Parts }[],
): number {
  let flag = 0;
  for (const { key, parts } of keyed) {
    if (key.isPrimary) {
      if (parts.some((part) => part.offset === offset)) flag |= FieldFlag.primaryKey;
    } else if (parts[0]?.offset === offset) {
      flag |= key.isUnique && parts.length === 1 ? FieldFlag.uniqueKey : FieldFlag.multipleKey;
    }
  }
  return flag;
}

const INTEGER_TYPES: readonly number[] = [
  MysqlType.tiny,
  MysqlType.short,
  MysqlType.int24,
  MysqlType.long,
  MysqlType.longlong,
];

/** Whether the primary key is one integer column, which is then the row's handle. */
function isHandle(
  primary: KeyDefinition,
  columns: readonly ColumnDefinition[],
  types: readonly FieldType[],
): boolean {
  const [part, ...others] = primary.parts;
  const offset = columns.findIndex(({ name }) => lowerName(name) === lowerName(part?.column ?? ''));
  const type = types[offset];
  return (
    primary.isClustered !== false &&
    others.length === 0 &&
    type !== undefined &&
    INTEGER_TYPES.includes(type.tp)
  );
}

function indexOf(key: KeyDefinition, parts: Parts, id: number): StoredIndex {
  return storedIndex({
    id,
    idx_name: storedName(key.name ?? ''),
    idx_cols: parts,
    is_unique: key.isUnique,
    is_primary: key.isPrimary,
  });
}

function columnOf(
  column: ColumnDefinition,
  type: FieldType,
  offset: number,
  origin: TableOrigin,
): StoredColumn {
  return storedColumn({
    id: offset + 1,
    name: storedName(column.name),
    offset,
    type: storedType(type),
    version: COLUMN_VERSION,
    comment: column.attributes.comment ?? '',
    ...defaultOf(column, type, origin.offsetMinutes),
  });
}

const NOW_NAMES: readonly string[] = ['CURRENT_TIMESTAMP', 'NOW', 'LOCALTIME', 'LOCALTIMESTAMP'];

function defaultOf(
  { name, attributes }: ColumnDefinition,
  type: FieldType,
  offsetMinutes: number,
): Partial<StoredColumn> {
  const { defaultValue } = attributes;
  const wrong = new SqlError(1067, '42000', `Invalid default value for '${name}'`);
  if (defaultValue === undefined) return {};
  if (defaultValue.kind === 'null') {
    if (hasFlag(type, FieldFlag.notNull)) throw wrong;
    return {};
  }
  if (defaultValue.kind === 'call' && NOW_NAMES.includes(defaultValue.name)) {
    if (type.tp !== MysqlType.timestamp && type.tp !== MysqlType.datetime) throw wrong;
    return { default: 'CURRENT_TIMESTAMP' };
  }
  if (
    isString(type) &&
    /text|blob/i.test(type.tp === MysqlType.string || type.tp === MysqlType.varchar ? '' : 'blob')
  )
    throw new SqlError(1101, '42000', `BLOB/TEXT/JSON column '${name}' can't have a default value`);
  if (type.tp === MysqlType.bit && defaultValue.kind === 'bytes') return bitDefault(defaultValue);
  const given = literalOf(defaultValue);
  if (given === undefined)
    throw new SqlError(
      1235,
      '42000',
      `The embedded cluster does not support this default of column '${name}'`,
    );
  try {
    const stored = storedValue(given.value, given.type, { name, type, row: 1, offsetMinutes });
    // TiDB keeps decimals as they were written.
    const isDecimal = type.tp === MysqlType.newdecimal && defaultValue.kind === 'number';
    return { default: isDecimal ? defaultValue.text : datumText(stored, type) };
  } catch (error) {
    throw error instanceof SqlError ? wrong : error;
  }
}

function bitDefault({ form, digits }: Extract<Expression, { kind: 'bytes' }>): Partial<StoredColumn> {
  const value = form === 'bit' ? BigInt(`0b${digits || '0'}`) : (parseBit(Buffer.from(digits, 'hex')) ?? 0n);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
  return { default: bytes.toString('utf8'), default_bit: bytes.toString('base64') };
}

function literalOf(node: Expression) {
  switch (node.kind) {
    case 'number':
      return numberConstant(node);
    case 'string':
      return stringConstant(node);
    case 'boolean':
      return integerConstant(node.value ? 1n : 0n, 1);
    case 'unary': {
      const operand = node.operand.kind === 'number' ? numberConstant(node.operand) : undefined;
      return operand === undefined || node.operator === '+' ? operand : negated(operand);
    }
    default:
      return undefined;
  }
}
