/** Tables for tests, made as the catalog makes them: from TiDB's JSON. */
import { utf8 } from '../../../src/base/bytes.js';
import { parseTableInfo } from '../../../src/catalog/table-info.js';
import { TableVersion } from '../../../src/catalog/table-version.js';
import { FieldFlag, type FieldType, MysqlType } from '../../../src/codec/field-type.js';

/** A column: its type, and whether it is computed when read. */
export interface TestColumn {
  readonly name: string;
  readonly type: FieldType;
  readonly isVirtual?: boolean;
}

/** An index over whole columns. */
export interface TestIndex {
  readonly columns: readonly string[];
  readonly isUnique: boolean;
  readonly isPrimary?: boolean;
}

/** A type; text types need a collation. */
export function typeOf(name: keyof typeof MysqlType, more: Partial<FieldType> = {}): FieldType {
  return {
    tp: MysqlType[name],
    flag: 0,
    flen: 20,
    decimal: 0,
    charset: 'binary',
    collate: 'binary',
    elems: [],
    ...more,
  };
}

/** VARCHAR of a collation. */
export function text(collate = 'utf8mb4_bin', charset = collate.split('_')[0]!): FieldType {
  return typeOf('varchar', { charset, collate, decimal: -1 });
}

/** The type with NOT NULL. */
export function notNull(type: FieldType): FieldType {
  return { ...type, flag: type.flag | FieldFlag.notNull };
}

/** The type with UNSIGNED. */
export function unsigned(type: FieldType): FieldType {
  return { ...type, flag: type.flag | FieldFlag.unsigned };
}

/** A table; column ids count from 1. */
export function testTable(
  columns: readonly TestColumn[],
  indexes: readonly TestIndex[] = [],
  more: Readonly<Record<string, unknown>> = {},
): TableVersion {
  const json = {
    id: 100,
    name: { O: 't', L: 't' },
    charset: 'utf8mb4',
    collate: 'utf8mb4_bin',
    cols: columns.map(({ name, type, isVirtual }, offset) => ({
      id: offset + 1,
      name: { O: name, L: name.toLowerCase() },
      offset,
      type: {
        Tp: type.tp,
        Flag: type.flag,
        Flen: type.flen,
        Decimal: type.decimal,
        Charset: type.charset,
        Collate: type.collate,
        Elems: type.elems,
      },
      state: 5,
      generated_expr_string: isVirtual === true ? '`a` + 1' : '',
      generated_stored: false,
    })),
    index_info: indexes.map(({ columns: names, isUnique, isPrimary }, i) => ({
      id: i + 1,
      idx_name: { O: `i${i}`, L: `i${i}` },
      idx_cols: names.map((name) => ({
        name: { O: name, L: name },
        offset: columns.findIndex((column) => column.name === name),
        length: -1,
      })),
      state: 5,
      is_unique: isUnique,
      is_primary: isPrimary === true,
    })),
    state: 5,
    pk_is_handle: false,
    is_common_handle: false,
    ...more,
  };
  return new TableVersion(parseTableInfo(utf8(JSON.stringify(json))), 1, true);
}
