/**
 * A table's schema at some moment, with what follows from it for reading rows: where they are, how they are decoded,
 * what identifies them. Two moments with the same TableInfo share one version.
 */
import { createHash } from 'node:crypto';
import { present } from '../base/assert.js';
import { SqlError } from '../base/errors.js';
import { FieldFlag, hasFlag } from '../codec/field-type.js';
import { RowDecoder } from '../codec/row-decoder.js';
import type { HandleLayout, LayoutColumn, RowLayout } from '../codec/row-layout.js';
import { type KeyRange, ROWID_COLUMN, type TableId, recordRange } from '../codec/table-keys.js';
import type { ColumnInfo } from './column-info.js';
import { originDefaultOf } from './origin-default.js';
import { SchemaError } from './schema-error.js';
import { type TableInfo, columnAt, physicalIdsOf, primaryIndexOf } from './table-info.js';

/** A table at a moment. Frozen; shared by whoever needs it. */
export class TableVersion {
  readonly info: TableInfo;
  readonly databaseId: number;
  /** The cluster's `new_collation_enabled`. */
  readonly isNewCollation: boolean;
  /** Columns that a SELECT can name, in their order; hidden ones left out. */
  readonly columns: readonly ColumnInfo[];
  /** The physical tables that hold the rows: the partitions, or the table itself. */
  readonly physicalIds: readonly TableId[];
  /** The record keys of each of {@link TableVersion.physicalIds}. */
  readonly recordRanges: readonly KeyRange[];
  /** What the handle in a record key is. */
  readonly handle: HandleLayout;
  /** Columns that identify a row: those of the clustered key, or only the hidden row id (−1). */
  readonly keyColumnIds: readonly number[];
  /**
   * Sets of columns that no two rows agree on: the primary key, and unique keys over whole NOT NULL columns. (Under
   * their collations: `a` and `A` may be the same key.)
   */
  readonly uniqueKeys: readonly (readonly number[])[];
  readonly #byId: ReadonlyMap<number, ColumnInfo>;

  /** @throws SchemaError — when the primary key is not where the TableInfo says it is. */
  constructor(info: TableInfo, databaseId: number, isNewCollation: boolean) {
    this.info = info;
    this.databaseId = databaseId;
    this.isNewCollation = isNewCollation;
    this.columns = Object.freeze(
      info.columns.filter((column) => column.state === 'public' && !column.isHidden),
    );
    this.physicalIds = Object.freeze(physicalIdsOf(info));
    this.recordRanges = Object.freeze(this.physicalIds.map(recordRange));
    this.handle = handleLayoutOf(info);
    this.keyColumnIds = Object.freeze(keyColumnIdsOf(this.handle));
    this.uniqueKeys = Object.freeze(uniqueKeysOf(info));
    this.#byId = new Map(info.columns.map((column) => [column.id, column]));
    Object.freeze(this);
  }

  get id(): TableId {
    return this.info.id;
  }

  /** A column by id, in whatever state, or undefined. */
  column(id: number): ColumnInfo | undefined {
    return this.#byId.get(id);
  }

  /**
   * Stands for everything that decides how some columns are read from stored rows: equal fingerprints, equal decoding.
   * Names, indexes, comments, other columns and the like are not in it.
   */
  fingerprintOf(columnIds: readonly number[]): string {
    return fingerprintOf(this, columnIds);
  }

  /**
   * What a decoder of some columns must know.
   *
   * @throws SqlError 1235 — when one of them is computed when read (a virtual generated column): rows do not hold it.
   */
  layout(columnIds: readonly number[]): RowLayout {
    const stored = columnIds.filter((id) => id !== ROWID_COLUMN).map((id) => this.#layoutColumn(id));
    return { columns: stored, handle: this.handle, isNewCollation: this.isNewCollation };
  }

  /**
   * A decoder of some columns, in the order given.
   *
   * @param columnIds - −1 is the hidden row id, if the table has one.
   * @throws SqlError 1235 — as {@link TableVersion.layout}.
   */
  rowDecoder(columnIds: readonly number[]): RowDecoder {
    return new RowDecoder(this.layout(columnIds), columnIds);
  }

  #layoutColumn(id: number): LayoutColumn {
    const column = present(this.#byId.get(id), `no column ${id} in table ${this.info.id}`);
    if (column.generated?.isStored === false) {
      const name = column.name.original;
      throw new SqlError(
        1235,
        '42000',
        `TiView does not support reading virtual generated column '${name}' yet`,
      );
    }
    return { id, type: column.type, originDefault: originDefaultOf(column) };
  }
}

function handleLayoutOf(info: TableInfo): HandleLayout {
  if (info.isPkHandle) {
    const key = info.columns.find((column) => hasFlag(column.type, FieldFlag.primaryKey));
    if (key === undefined)
      throw new SchemaError(`table ${info.id} has a handle column, but none is a primary key`);
    return { kind: 'int', columnId: key.id };
  }
  if (!info.isCommonHandle) return { kind: 'rowid' };
  const primary = primaryIndexOf(info);
  if (primary === undefined) throw new SchemaError(`table ${info.id} is clustered, but has no primary key`);
  const columns = primary.columns.map(({ offset, prefixLength }) => ({
    columnId: columnAt(info, offset).id,
    isPrefix: prefixLength >= 0,
  }));
  return { kind: 'common', columns };
}

function keyColumnIdsOf(handle: HandleLayout): readonly number[] {
  switch (handle.kind) {
    case 'rowid':
      return [ROWID_COLUMN];
    case 'int':
      return [handle.columnId];
    case 'common':
      return handle.columns.map(({ columnId }) => columnId);
  }
}

function uniqueKeysOf(info: TableInfo): readonly (readonly number[])[] {
  const handle = handleLayoutOf(info);
  const keys = info.indexes
    .filter((index) => index.isUnique && index.state === 'public' && !index.isMultiValued)
    .filter((index) => index.condition === undefined && !index.isColumnar)
    .filter(({ columns }) =>
      columns.every(({ offset, prefixLength }) => {
        return prefixLength < 0 && hasFlag(columnAt(info, offset).type, FieldFlag.notNull);
      }),
    )
    .map(({ columns }) => Object.freeze(columns.map(({ offset }) => columnAt(info, offset).id)));
  return handle.kind === 'int' ? [Object.freeze([handle.columnId]), ...keys] : keys;
}

function fingerprintOf(table: TableVersion, columnIds: readonly number[]): string {
  const { info } = table;
  const content = {
    id: info.id,
    isNewCollation: table.isNewCollation,
    physicalIds: table.physicalIds,
    handle: table.handle,
    columns: info.columns
      .filter((column) => column.state === 'public' && columnIds.includes(column.id))
      .sort((a, b) => a.id - b.id)
      .map(({ id, type, originDefault, version, generated }) => ({
        id,
        type: { ...type, flag: type.flag & ROW_FLAGS },
        originDefault: originDefault instanceof Uint8Array ? [...originDefault] : originDefault,
        version,
        generated,
      })),
  };
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** The flags that matter to values; the others tell of keys and defaults. */
export const ROW_FLAGS = FieldFlag.notNull | FieldFlag.unsigned;
