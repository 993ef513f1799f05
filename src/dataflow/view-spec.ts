/** What a circuit is to compute, as plain data: it comes from the planner, perhaps of another thread. */
import type { TableId } from '../codec/table-keys.js';
import type { FieldType } from '../codec/field-type.js';
import type { ComparisonDomain, RowExpression } from './expression.js';
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
  | { readonly kind: 'project'; readonly input: NodeSpec; readonly items: readonly RowExpression[] }
  | JoinSpec
  | AggregateNodeSpec
  /** The rows of all inputs, duplicates kept. The inputs, at least one, have columns of the same types. */
  | { readonly kind: 'unionAll'; readonly inputs: readonly NodeSpec[] };

/** What becomes of a left row and its matches: see {@link JoinSpec}. */
export type JoinType = 'inner' | 'left' | 'semi' | 'anti';

/**
 * Rows of two relations that match. Columns: those of left, then those of right; of semi and anti joins, which pick
 * the left rows that have a match or none, only those of left. A left join fills up a row without a match with NULLs.
 */
export interface JoinSpec {
  readonly kind: 'join';
  readonly type: JoinType;
  readonly left: NodeSpec;
  readonly right: NodeSpec;
  /** What must be equal. Empty: every row with every row. */
  readonly on: readonly JoinColumns[];
  /** A further condition over left columns followed by right columns: rows match only where it is true. */
  readonly residual: RowExpression | undefined;
}

/** A column of left and one of right that must be equal in a domain. */
export interface JoinColumns {
  readonly left: number;
  readonly right: number;
  readonly domain: ComparisonDomain;
  /** Whether NULL equals NULL; otherwise it equals nothing. */
  readonly isNullSafe: boolean;
}

/**
 * Rows in groups, one row a group: the group columns, then the aggregates. Of the values that are equal in a group
 * column's domain the least stands for them: strings by their bytes. DISTINCT has all columns as groups and no
 * aggregates.
 */
export interface AggregateNodeSpec {
  readonly kind: 'aggregate';
  readonly input: NodeSpec;
  readonly groups: readonly KeyColumn[];
  /** Whether there is exactly one row, of an empty input too; then there are no groups. */
  readonly isScalar: boolean;
  readonly aggregates: readonly AggregateSpec[];
}

/** A column by which rows are grouped: values are the same if they are equal in the domain; NULL equals NULL. */
export interface KeyColumn {
  readonly index: number;
  readonly domain: ComparisonDomain;
}

/** The aggregate functions. NULLs are passed over; SUM, AVG, MIN and MAX of nothing are NULL. */
export type AggregateFunction = 'count' | 'sum' | 'avg' | 'min' | 'max';

/** One aggregate of a group. */
export interface AggregateSpec {
  readonly function: AggregateFunction;
  readonly isDistinct: boolean;
  /**
   * Positions of the operands in the input: one, but none for `COUNT(*)`, and `COUNT(DISTINCT a, b)` has several (rows
   * with a NULL among them are passed over).
   */
  readonly operands: readonly number[];
  /** The domain of each operand: how distinct values are told apart and which comes first. */
  readonly domains: readonly ComparisonDomain[];
  /** The result's type, by TiDB's rules: SUM of integers is DECIMAL(…,0), AVG has four more digits, … */
  readonly type: FieldType;
}
