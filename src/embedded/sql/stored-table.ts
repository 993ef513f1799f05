/**
 * TiDB's TableInfo as it writes it, field for field: what a real tidb-server must be able to read.
 *
 * @see pingcap/tidb pkg/meta/model/{table,column,index}.go, pkg/parser/types/field_type.go
 */
import { lowerName } from '../../catalog/lower-name.js';
import type { FieldType } from '../../codec/field-type.js';

/** A name as written and in lower case. */
interface StoredName {
  readonly O: string;
  readonly L: string;
}

/** A FieldType. */
interface StoredType {
  readonly Tp: number;
  readonly Flag: number;
  readonly Flen: number;
  readonly Decimal: number;
  readonly Charset: string;
  readonly Collate: string;
  readonly Elems: readonly string[] | null;
}

/** A column. */
export interface StoredColumn {
  readonly id: number;
  readonly name: StoredName;
  readonly offset: number;
  readonly default: string | null;
  readonly default_bit: string | null;
  readonly default_is_expr: boolean;
  readonly type: StoredType;
  readonly comment: string;
}

/** An index. */
export interface StoredIndex {
  readonly id: number;
  readonly idx_name: StoredName;
  readonly idx_cols: readonly {
    readonly name: StoredName;
    readonly offset: number;
    readonly length: number;
  }[];
  readonly is_unique: boolean;
  readonly is_primary: boolean;
}

/** A table or view. */
export interface StoredTable {
  readonly id: number;
  readonly name: StoredName;
  readonly charset: string;
  readonly collate: string;
  readonly cols: readonly StoredColumn[] | null;
  readonly index_info: readonly StoredIndex[] | null;
  readonly comment: string;
  readonly pk_is_handle: boolean;
  readonly is_common_handle: boolean;
  readonly auto_inc_id: number;
  readonly max_idx_id: number;
  /** Whose counters of row ids it uses; absent: its own database's. */
  readonly old_schema_id?: number;
  readonly update_timestamp: number;
  readonly view: { readonly view_select: string; readonly view_cols: readonly StoredName[] | null } | null;
}

/** What stands for a schema object that is in use. */
const PUBLIC = 5;

/** A name. */
export function storedName(name: string): StoredName {
  return { O: name, L: lowerName(name) };
}

/** A type; undefined: the empty one, which columns of views have. */
export function storedType(type: FieldType | undefined): StoredType {
  const rest = { ElemsIsBinaryLit: null, Array: false };
  if (type === undefined)
    return { Tp: 0, Flag: 0, Flen: 0, Decimal: 0, Charset: '', Collate: '', Elems: null, ...rest };
  const { tp, flag, flen, decimal, charset, collate, elems } = type;
  return {
    Tp: tp,
    Flag: flag,
    Flen: flen,
    Decimal: decimal,
    Charset: charset,
    Collate: collate,
    Elems: elems.length === 0 ? null : elems,
    ...rest,
  };
}

/** A column with every field that TiDB writes. */
export function storedColumn(
  own: Pick<StoredColumn, 'id' | 'name' | 'offset' | 'type'> & Partial<StoredColumn> & { version: number },
): StoredColumn {
  const { id, name, offset } = own;
  return {
    ...{ id, name, offset },
    origin_default: null,
    origin_default_bit: null,
    default: null,
    default_bit: null,
    default_is_expr: false,
    generated_expr_string: '',
    generated_stored: false,
    dependences: null,
    state: PUBLIC,
    comment: '',
    hidden: false,
    change_state_info: null,
    ...own,
  } as StoredColumn;
}

/** An index with every field. */
export function storedIndex(own: StoredIndex): StoredIndex {
  const { id, idx_name } = own;
  return {
    ...{ id, idx_name },
    tbl_name: storedName(''),
    state: PUBLIC,
    backfill_state: 0,
    comment: '',
    index_type: 1,
    is_invisible: false,
    is_global: false,
    mv_index: false,
    vector_index: null,
    ...own,
  } as StoredIndex;
}

/** A table with every field. */
export function storedTable(
  own: Pick<StoredTable, 'id' | 'name' | 'charset' | 'collate' | 'cols' | 'update_timestamp'> &
    Partial<StoredTable> &
    Readonly<Record<string, unknown>>,
): StoredTable {
  // TiDB finds id and name by the first words that look like them.
  const { id, name, charset, collate, cols } = own;
  return {
    ...{ id, name, charset, collate, cols },
    index_info: null,
    constraint_info: null,
    fk_info: null,
    state: PUBLIC,
    pk_is_handle: false,
    is_common_handle: false,
    common_handle_version: 0,
    comment: '',
    auto_inc_id: 0,
    auto_id_cache: 0,
    auto_rand_id: 0,
    max_col_id: own.cols?.length ?? 0,
    max_idx_id: own.index_info?.length ?? 0,
    max_fk_id: 0,
    max_cst_id: 0,
    ShardRowIDBits: 0,
    max_shard_row_id_bits: 0,
    auto_random_bits: 0,
    auto_random_range_bits: 0,
    pre_split_regions: 0,
    partition: null,
    compression: '',
    view: null,
    sequence: null,
    Lock: null,
    version: 5,
    tiflash_replica: null,
    is_columnar: false,
    temp_table_type: 0,
    cache_table_status: 0,
    policy_ref_info: null,
    stats_options: null,
    exchange_partition_info: null,
    ttl_info: null,
    revision: 0,
    ...own,
  } as StoredTable;
}
