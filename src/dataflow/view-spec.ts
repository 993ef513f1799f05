/** What a circuit is to compute, as plain data: it comes from the planner, perhaps of another thread. */
import type { TableId } from '../codec/table-keys.js';
import type { RowExpression } from './expression.js';
import type { SourceColumn } from './operators/source-operator.js';

/** Identifies a view within a circuit: its id in the registry. */
export type ViewId = bigint;

/** One view. */
export interface ViewSpec {
  readonly viewId: ViewId;
  /** Whether no two rows of the view can be equal. */
  readonly hasKey: boolean;
  readonly root: NodeSpec;
}

/** A relation, made from others. Columns of a relation are positions. */
export type NodeSpec =
  | {
      readonly kind: 'source';
      readonly table: TableId;
      /** The columns that are read, in the order of the relation's. */
      readonly columns: readonly SourceColumn[];
    }
  | { readonly kind: 'filter'; readonly input: NodeSpec; readonly predicate: RowExpression }
  | { readonly kind: 'project'; readonly input: NodeSpec; readonly items: readonly RowExpression[] };
