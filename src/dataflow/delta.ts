/**
 * A delta: a multiset of row changes (a Z-set), column by column. The weight says how often the row is added
 * (positive) or taken away (negative).
 *
 * @see Budiu et al., "DBSP: Automatic Incremental View Maintenance", VLDB 2023, §2
 */
import type { Column } from '../codec/column.js';

/** A multiset of row changes. Plain typed arrays, so that it can be transferred between threads. */
export interface Delta {
  /** Number of rows; arrays may be longer. */
  readonly rows: number;
  /** Weight of each row. Never zero in a consolidated delta. */
  readonly weights: Int32Array;
  readonly columns: readonly Column[];
  /** Whether each distinct row occurs at most once. */
  readonly isConsolidated: boolean;
}
