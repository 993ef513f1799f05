/** What DESC, SHOW INDEX and the information schema say of a table's columns and keys. */
import { toHex } from '../../base/bytes.js';
import { lowerName } from '../../catalog/lower-name.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import type { SchemaTable } from './schema.js';
import type { StoredColumn, StoredIndex } from './stored-table.js';

/** The flag of ON UPDATE CURRENT_TIMESTAMP. */
export const UPDATED_NOW_FLAG = 8192;

/** What is said of a column besides its type. */
interface ColumnFacts {
  /** null: none. */
  readonly defaultText: string | null;
  readonly extra: string;
  readonly comment: string;
}

/** A column of an index. */
interface IndexFacts {
  readonly name: string;
  readonly isUnique: boolean;
  readonly isClustered: boolean;
  /** From 1. */
  readonly place: number;
  readonly column: string;
  /** null: the whole value. */
  readonly prefix: number | null;
  readonly isNullable: boolean;
}

/** Facts of a column; those of a view's are empty. */
export function columnFacts({ stored }: SchemaTable, name: string): ColumnFacts {
  const column = stored.cols?.find((one) => one.name.L === lowerName(name));
  if (column === undefined || stored.view !== null) return { defaultText: null, extra: '', comment: '' };
  const { Flag: flag } = column.type;
  const extra = [
    ...((flag & FieldFlag.autoIncrement) !== 0 ? ['auto_increment'] : []),
    ...((flag & UPDATED_NOW_FLAG) !== 0 ? [`DEFAULT_GENERATED on update ${nowText(column)}`] : []),
  ].join(' ');
  return { defaultText: defaultTextOf(column), extra, comment: column.comment };
}

/** A default as shown; null: none. */
export function defaultTextOf(column: StoredColumn): string | null {
  if (column.default_bit !== null)
    return `b'${BigInt(`0x${toHex(Buffer.from(column.default_bit, 'base64')) || '0'}`).toString(2)}'`;
  return isNow(column) ? nowText(column) : column.default;
}

/** Whether a column's default is the moment of the statement. */
export function isNow({ default: text, type }: StoredColumn): boolean {
  return text === 'CURRENT_TIMESTAMP' && (type.Tp === MysqlType.timestamp || type.Tp === MysqlType.datetime);
}

/** `CURRENT_TIMESTAMP(3)` */
export function nowText({ type }: StoredColumn): string {
  return type.Decimal > 0 ? `CURRENT_TIMESTAMP(${type.Decimal})` : 'CURRENT_TIMESTAMP';
}

/** `PRI`, `UNI`, `MUL` or nothing. */
export function keyOf(type: FieldType): string {
  if (hasFlag(type, FieldFlag.primaryKey)) return 'PRI';
  if (hasFlag(type, FieldFlag.uniqueKey)) return 'UNI';
  return hasFlag(type, FieldFlag.multipleKey) ? 'MUL' : '';
}

/** The columns of all keys, in their order. */
export function indexFacts({ stored }: SchemaTable): readonly IndexFacts[] {
  const columns = stored.cols ?? [];
  const handle = stored.pk_is_handle
    ? columns.find(({ type }) => (type.Flag & FieldFlag.primaryKey) !== 0)
    : undefined;
  const primary =
    handle === undefined
      ? []
      : [
          {
            name: 'PRIMARY',
            isUnique: true,
            isClustered: true,
            place: 1,
            column: handle.name.O,
            prefix: null,
            isNullable: false,
          },
        ];
  return [
    ...primary,
    ...(stored.index_info ?? []).flatMap((index) => factsOf(index, columns, stored.is_common_handle)),
  ];
}

/** COLLATION to EXPRESSION, which SHOW INDEX and `information_schema.statistics` have in common. */
export function indexTraits({ prefix, isNullable }: IndexFacts): readonly (string | number | null)[] {
  return ['A', 0, prefix, null, isNullable ? 'YES' : '', 'BTREE', '', '', 'YES', null];
}

function factsOf(
  index: StoredIndex,
  columns: readonly StoredColumn[],
  isCommonHandle: boolean,
): readonly IndexFacts[] {
  return index.idx_cols.map(({ name, offset, length }, i) => ({
    name: index.idx_name.O,
    isUnique: index.is_unique,
    isClustered: index.is_primary && isCommonHandle,
    place: i + 1,
    column: name.O,
    prefix: length < 0 ? null : length,
    isNullable: ((columns[offset]?.type.Flag ?? 0) & FieldFlag.notNull) === 0,
  }));
}
