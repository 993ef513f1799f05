/**
 * Tables and databases as TiDB stores them under its meta keys, in JSON. Only what matters to a reader and writer of
 * rows is kept; fields that are not known are ignored, so newer versions are read as far as they are understood.
 *
 * @see pingcap/tidb pkg/meta/model/{table,db}.go
 */
import { assert } from '../base/assert.js';
import type { TableId } from '../codec/table-keys.js';
import { type CiName, type ColumnInfo, ciNameOf, columnInfoOf } from './column-info.js';
import { type IndexInfo, indexInfoOf } from './index-info.js';
import { JsonObject } from './json-object.js';
import { SchemaError } from './schema-error.js';
import { type SchemaState, schemaStateOf } from './schema-state.js';

/** How rows are assigned to partitions. */
export interface PartitionInfo {
  /** TiDB's number: 1 range, 2 hash, 3 list, 4 key. */
  readonly type: number;
  readonly expression: string;
  readonly columns: readonly CiName[];
  /** The partitions that hold the table's rows. */
  readonly definitions: readonly PartitionDefinition[];
  /** Partitions coming and going in a change that is under way. */
  readonly adding: readonly PartitionDefinition[];
  readonly dropping: readonly PartitionDefinition[];
}

/** A partition: a physical table of its own. */
interface PartitionDefinition {
  readonly id: TableId;
  readonly name: CiName;
}

const TEMPORARY = ['none', 'global', 'local'] as const;
const MODES = ['normal', 'import', 'restore'] as const;

/** A table, view or sequence. Frozen. */
export interface TableInfo {
  readonly id: TableId;
  readonly name: CiName;
  readonly kind: 'table' | 'view' | 'sequence';
  readonly charset: string;
  readonly collate: string;
  /** All of them, in every state, by offset. */
  readonly columns: readonly ColumnInfo[];
  /** All of them, in every state. */
  readonly indexes: readonly IndexInfo[];
  readonly state: SchemaState;
  /** Whether the primary key is one integer column, which is the handle. */
  readonly isPkHandle: boolean;
  /** Whether the table is clustered on another primary key. */
  readonly isCommonHandle: boolean;
  /** 1 since TiDB 5.0: index values are in version 1 and hold less. */
  readonly commonHandleVersion: number;
  readonly comment: string;
  /** undefined: not partitioned. */
  readonly partition: PartitionInfo | undefined;
  /** Temporary tables have no rows in TiKV. */
  readonly temporary: (typeof TEMPORARY)[number];
  /** Whether servers cache the whole table. */
  readonly isCached: boolean;
  /** Whether rows are deleted by themselves after a time. */
  readonly hasTtl: boolean;
  readonly hasForeignKeys: boolean;
  /** TiDB's own materialized views: whether this is one, a log of one, or a base table of some. */
  readonly materialized: { readonly isView: boolean; readonly isLog: boolean; readonly isBase: boolean };
  /** Under `import` and `restore` rows come in beside the change feed. */
  readonly mode: (typeof MODES)[number];
  readonly autoIdCache: number;
  readonly shardRowIdBits: number;
  readonly autoRandomBits: number;
}

/** A database. Frozen. */
export interface DatabaseInfo {
  readonly id: number;
  readonly name: CiName;
  readonly charset: string;
  readonly collate: string;
  readonly state: SchemaState;
}

/**
 * Reads a table as stored.
 *
 * @throws SchemaError — when it is not JSON or something needed is missing.
 */
export function parseTableInfo(bytes: Uint8Array): TableInfo {
  return tableInfoOf(JsonObject.parse(bytes, 'TableInfo'));
}

/** Reads a table from parsed JSON, such as that inside a DDL job. @throws SchemaError — as {@link parseTableInfo}. */
export function tableInfoOf(json: JsonObject): TableInfo {
  const kind = json.has('view') ? 'view' : json.has('sequence') ? 'sequence' : 'table';
  // TiDB stores a view's columns without types: they are those of its select, whenever it is read.
  const columns = kind === 'view' ? [] : json.objects('cols').map(columnInfoOf);
  columns.forEach((column, i) => {
    if (column.offset !== i) throw new SchemaError(`${json.what}: column ${i} is at offset ${column.offset}`);
  });
  const info: TableInfo = {
    id: json.integer('id'),
    name: ciNameOf(json.object('name')),
    kind,
    charset: (json.optionalText('charset') ?? '').toLowerCase(),
    collate: (json.optionalText('collate') ?? '').toLowerCase(),
    columns: Object.freeze(columns),
    indexes: Object.freeze(json.objects('index_info').map(indexInfoOf)),
    state: schemaStateOf(json),
    isPkHandle: json.flag('pk_is_handle'),
    isCommonHandle: json.flag('is_common_handle'),
    commonHandleVersion: json.optionalInteger('common_handle_version') ?? 0,
    comment: json.optionalText('comment') ?? '',
    partition: partitionOf(json.optionalObject('partition')),
    temporary: named(TEMPORARY, json, 'temp_table_type'),
    isCached: (json.optionalInteger('cache_table_status') ?? 0) !== 0,
    hasTtl: json.has('ttl_info'),
    hasForeignKeys: json.objects('fk_info').length > 0,
    materialized: Object.freeze({
      isView: json.has('materialized_view'),
      isLog: json.has('materialized_view_log'),
      isBase: json.has('materialized_view_base'),
    }),
    mode: named(MODES, json, 'mode'),
    autoIdCache: json.optionalInteger('auto_id_cache') ?? 0,
    shardRowIdBits: json.optionalInteger('ShardRowIDBits') ?? 0,
    autoRandomBits: json.optionalInteger('auto_random_bits') ?? 0,
  };
  checkOffsets(info);
  return Object.freeze(info);
}

/** A name by its number in the field; an absent field is 0. */
function named<N extends string>(names: readonly N[], json: JsonObject, field: string): N {
  const number = json.optionalInteger(field) ?? 0;
  const name = names[number];
  if (name === undefined) throw new SchemaError(`${json.what}.${field} is ${number}, which is not known`);
  return name;
}

/** Index columns refer to columns by offset; everything after relies on that. */
function checkOffsets(info: TableInfo): void {
  for (const index of info.indexes) {
    for (const { offset, name } of index.columns) {
      if (info.columns[offset] === undefined) {
        throw new SchemaError(`index ${index.name.original} has column ${name.original} at offset ${offset}`);
      }
    }
  }
}

function partitionOf(json: JsonObject | undefined): PartitionInfo | undefined {
  // Tables created as partitioned before TiDB could do it have the definition, but not enabled.
  if (json?.flag('enable') !== true) return undefined;
  return Object.freeze({
    type: json.integer('type'),
    expression: json.optionalText('expr') ?? '',
    columns: Object.freeze(json.objects('columns').map(ciNameOf)),
    definitions: definitionsOf(json, 'definitions'),
    adding: definitionsOf(json, 'adding_definitions'),
    dropping: definitionsOf(json, 'dropping_definitions'),
  });
}

function definitionsOf(json: JsonObject, field: string): readonly PartitionDefinition[] {
  const read = (definition: JsonObject): PartitionDefinition =>
    Object.freeze({ id: definition.integer('id'), name: ciNameOf(definition.object('name')) });
  return Object.freeze(json.objects(field).map(read));
}

/**
 * Reads a database as stored.
 *
 * @throws SchemaError — when it is not JSON or something needed is missing.
 */
export function parseDatabaseInfo(bytes: Uint8Array): DatabaseInfo {
  const json = JsonObject.parse(bytes, 'DBInfo');
  return Object.freeze({
    id: json.integer('id'),
    name: ciNameOf(json.object('db_name')),
    charset: (json.optionalText('charset') ?? '').toLowerCase(),
    collate: (json.optionalText('collate') ?? '').toLowerCase(),
    state: schemaStateOf(json),
  });
}

/** The primary key's index, which a table with an integer handle does not need to have. */
export function primaryIndexOf(info: TableInfo): IndexInfo | undefined {
  return info.indexes.find((index) => index.isPrimary);
}

/** The column of an index column. */
export function columnAt(info: TableInfo, offset: number): ColumnInfo {
  const column = info.columns[offset];
  assert(column !== undefined, `no column at offset ${offset} of table ${info.id}`);
  return column;
}

/** The physical tables that hold the table's rows: its partitions, or itself. */
export function physicalIdsOf(info: TableInfo): readonly TableId[] {
  return info.partition === undefined ? [info.id] : info.partition.definitions.map(({ id }) => id);
}
