/**
 * Whether a view that was built on one version of a table can live with another. A short list of changes is known to
 * be harmless; whatever is not on it breaks the view, which then freezes (law 3): better too often than wrong once.
 */
import type { FieldType } from '../codec/field-type.js';
import { ROWID_COLUMN } from '../codec/table-keys.js';
import type { ColumnInfo } from './column-info.js';
import { type PartitionInfo, type TableInfo, columnAt, primaryIndexOf } from './table-info.js';
import { ROW_FLAGS, type TableVersion } from './table-version.js';

/** Where a table is found by name. */
export interface TableName {
  readonly databaseId: number;
  readonly name: string;
}

/** A table and its database: a TableVersion, or a change of kind `tablePut`. */
export interface PlacedTable {
  readonly databaseId: number;
  readonly info: TableInfo;
}

/** What a change of a base table means to a view on it. */
export type SchemaDrift =
  /** Nothing that could concern anybody. */
  | { readonly kind: 'unchanged' }
  /** Columns that are not used, indexes, comments and the like; decoders should be made from the new version. */
  | { readonly kind: 'harmless' }
  /** It has another name or database, and maybe changes that are harmless; the view follows. */
  | { readonly kind: 'renamed'; readonly from: TableName; readonly to: TableName }
  | { readonly kind: 'breaks'; readonly reason: string };

/**
 * Compares versions of a table.
 *
 * @param built - the version that the view was built on.
 * @param columnIds - the columns that the view uses; −1 for the hidden row id.
 * @param next - the table as it is now; undefined: it is gone (dropped, truncated, or swapped with a partition).
 */
export function schemaDrift(
  built: TableVersion,
  columnIds: readonly number[],
  next: PlacedTable | undefined,
): SchemaDrift {
  if (next === undefined) return { kind: 'breaks', reason: 'the table was dropped or truncated' };
  const reason = tableReason(built.info, next.info) ?? columnsReason(built, columnIds, next.info);
  if (reason !== undefined) return { kind: 'breaks', reason };
  const [from, to] = [nameOf(built), nameOf(next)];
  const isMoved = built.databaseId !== next.databaseId || built.info.name.lower !== next.info.name.lower;
  if (isMoved) return { kind: 'renamed', from, to };
  return { kind: isSame(built.info, next.info) ? 'unchanged' : 'harmless' };
}

function nameOf(table: PlacedTable): TableName {
  return { databaseId: table.databaseId, name: table.info.name.original };
}

/** Why a change of the table as a whole breaks a view, or undefined. */
function tableReason(built: TableInfo, next: TableInfo): string | undefined {
  if (next.id !== built.id) return 'the table was replaced by another one';
  if (next.kind !== 'table') return `the table is a ${next.kind} now`;
  if (next.state !== 'public') return 'the table is being dropped';
  if (next.temporary !== built.temporary) return 'the table became temporary';
  if (next.mode !== 'normal')
    return 'the table is being loaded past the change feed (IMPORT INTO or a restore)';
  if (handleText(next) !== handleText(built)) return 'the primary key changed';
  if (partitionText(next.partition) !== partitionText(built.partition)) return 'the partitions changed';
  return undefined;
}

/** The clustered key: decides record keys. Other primary keys are indexes. */
function handleText(info: TableInfo): string {
  const primary = info.isCommonHandle ? primaryIndexOf(info) : undefined;
  const columns = primary?.columns.map(({ offset, prefixLength }) => [
    columnAt(info, offset).id,
    prefixLength,
  ]);
  return JSON.stringify([info.isPkHandle, info.isCommonHandle, info.commonHandleVersion, columns]);
}

/** Partitions that are only coming or going are not in `definitions` yet, or still are. */
function partitionText(partition: PartitionInfo | undefined): string {
  if (partition === undefined) return '';
  const { type, expression, columns, definitions } = partition;
  return JSON.stringify([
    type,
    expression,
    columns.map(({ lower }) => lower),
    definitions.map(({ id }) => id),
  ]);
}

function columnsReason(
  built: TableVersion,
  columnIds: readonly number[],
  next: TableInfo,
): string | undefined {
  for (const id of columnIds) {
    if (id === ROWID_COLUMN) continue;
    const before = built.column(id);
    if (before === undefined) return `column ${id} is none of the table that the view was built on`;
    const after = next.columns.find((column) => column.id === id);
    const reason = columnReason(before, after);
    if (reason !== undefined) return `column '${before.name.original}' ${reason}`;
  }
  return undefined;
}

function columnReason(before: ColumnInfo, after: ColumnInfo | undefined): string | undefined {
  if (after === undefined) return 'was dropped or converted to another type';
  if (after.state !== 'public') return 'is being dropped';
  if (after.name.lower !== before.name.lower) return `was renamed to '${after.name.original}'`;
  if (typeText(after.type) !== typeText(before.type)) return 'changed its type, charset or collation';
  if (after.isArray !== before.isArray) return 'changed its type';
  if (originDefaultText(after) !== originDefaultText(before)) return 'changed its value in old rows';
  if (JSON.stringify(after.generated) !== JSON.stringify(before.generated)) return 'changed its expression';
  return undefined;
}

function typeText(type: FieldType): string {
  return JSON.stringify([
    type.tp,
    type.flag & ROW_FLAGS,
    type.flen,
    type.decimal,
    type.charset,
    type.collate,
    type.elems,
  ]);
}

function originDefaultText(column: ColumnInfo): string {
  const { originDefault, version } = column;
  return JSON.stringify([originDefault instanceof Uint8Array ? [...originDefault] : originDefault, version]);
}

/** Whether everything that is kept of a TableInfo is the same. */
function isSame(a: TableInfo, b: TableInfo): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
