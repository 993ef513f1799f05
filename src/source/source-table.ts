/** A base table as views use it. */
import type { TableVersion } from '../catalog/table-version.js';
import type { TableId } from '../codec/table-keys.js';

/** A table, its schema, and the columns in use. Immutable: another set of columns is another value. */
export interface SourceTable {
  readonly version: TableVersion;
  /** Columns that the table's deltas have, in this order. */
  readonly columnIds: readonly number[];
}

/** The id by which a circuit knows the table: its own, not that of a partition. */
export function sourceIdOf(table: SourceTable): TableId {
  return table.version.id;
}
