/** What a row decoder must know of a table, in terms of bytes: the catalog makes it from a TableInfo. */
import type { Datum } from './datum.js';
import type { FieldType } from './field-type.js';

/** One column as it is stored. */
export interface LayoutColumn {
  readonly id: number;
  readonly type: FieldType;
  /**
   * What a row written before the column existed has for it. undefined: such a row cannot exist, since the column is
   * NOT NULL and has no default.
   */
  readonly originDefault: Datum | undefined;
}

/** One column of a clustered key that is not a single integer. */
interface CommonHandleColumn {
  readonly columnId: number;
  /** Whether the handle holds only a prefix, so that the row holds the column too. */
  readonly isPrefix: boolean;
}

/** What the handle in a record key is. */
export type HandleLayout =
  /** A hidden integer; its column id is −1. */
  | { readonly kind: 'rowid' }
  /** The value of an integer column, which the row does not hold. */
  | { readonly kind: 'int'; readonly columnId: number }
  /** Key values one after the other; the row holds those that the key does not tell (restored data). */
  | { readonly kind: 'common'; readonly columns: readonly CommonHandleColumn[] };

/** Everything about a table that its stored rows depend on. */
export interface RowLayout {
  readonly columns: readonly LayoutColumn[];
  readonly handle: HandleLayout;
  /** The cluster's `new_collation_enabled`: whether strings in keys are sort keys. */
  readonly isNewCollation: boolean;
}
