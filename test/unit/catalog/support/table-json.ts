/** TableInfo JSON for tests: what TiDB would store for a table, with everything usual filled in. */
import { utf8 } from '../../../../src/base/bytes.js';
import { TableVersion } from '../../../../src/catalog/table-version.js';
import { type TableInfo, parseTableInfo } from '../../../../src/catalog/table-info.js';
import type { FieldType } from '../../../../src/codec/field-type.js';

type Json = Readonly<Record<string, unknown>>;

/** A name as TiDB stores it. */
export function ciName(name: string): Json {
  return { O: name, L: name.toLowerCase() };
}

/** A FieldType as TiDB stores it. */
export function typeJson(type: FieldType): Json {
  return {
    Tp: type.tp,
    Flag: type.flag,
    Flen: type.flen,
    Decimal: type.decimal,
    Charset: type.charset,
    Collate: type.collate,
    Elems: type.elems.length === 0 ? null : type.elems,
    ElemsIsBinaryLit: null,
    Array: false,
  };
}

/** A column: id and offset follow from its place. */
export function columnJson(place: number, name: string, type: FieldType, more: Json = {}): Json {
  return {
    id: place + 1,
    name: ciName(name),
    offset: place,
    origin_default: null,
    origin_default_bit: null,
    default: null,
    default_bit: null,
    default_is_expr: false,
    generated_expr_string: '',
    generated_stored: false,
    dependences: null,
    type: typeJson(type),
    state: 5,
    comment: '',
    hidden: false,
    change_state_info: null,
    version: 2,
    ...more,
  };
}

/** An index over columns given as `[offset, prefix length]` or offset. */
export function indexJson(
  id: number,
  name: string,
  columns: readonly (number | readonly [number, number])[],
  more: Json = {},
): Json {
  return {
    id,
    idx_name: ciName(name),
    tbl_name: ciName(''),
    idx_cols: columns.map((column) => {
      const [offset, length] = typeof column === 'number' ? [column, -1] : column;
      return { name: ciName(`c${offset}`), offset, length };
    }),
    state: 5,
    backfill_state: 0,
    comment: '',
    index_type: 1,
    is_unique: false,
    is_primary: false,
    is_invisible: false,
    is_global: false,
    mv_index: false,
    vector_index: null,
    ...more,
  };
}

/** A table with id 100. */
export function tableJson(columns: readonly Json[], more: Json = {}): Json {
  return {
    id: 100,
    name: ciName('t'),
    charset: 'utf8mb4',
    collate: 'utf8mb4_bin',
    cols: columns,
    index_info: null,
    constraint_info: null,
    fk_info: null,
    state: 5,
    pk_is_handle: false,
    is_common_handle: false,
    common_handle_version: 0,
    comment: '',
    auto_inc_id: 0,
    auto_id_cache: 0,
    update_timestamp: 0,
    ShardRowIDBits: 0,
    partition: null,
    view: null,
    sequence: null,
    version: 5,
    temp_table_type: 0,
    cache_table_status: 0,
    ttl_info: null,
    revision: 1,
    ...more,
  };
}

/** The TableInfo of such JSON. */
export function tableInfo(json: Json): TableInfo {
  return parseTableInfo(utf8(JSON.stringify(json)));
}

/** The table of such JSON, in database 1. */
export function tableVersion(json: Json, isNewCollation = true): TableVersion {
  return new TableVersion(tableInfo(json), 1, isNewCollation);
}
