/**
 * What a definition means, as relational algebra over base tables. Columns of a relation are positions. Grows with what
 * views may contain; a relation that is not here yet is refused before it gets here.
 *
 * Binding (bind-query.ts) writes a plan as the definition says it; push-down.ts and prune.ts rewrite it, so that what is
 * left is what incrementalize.ts lowers to a circuit. Only they make joins with keys: bound joins have conditions alone.
 */
import type { TableVersion } from '../catalog/table-version.js';
import type { FieldType } from '../codec/field-type.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { AggregateSpec, JoinColumns, JoinType, KeyColumn } from '../dataflow/view-spec.js';

/** A relation. */
export type LogicalPlan = ScanPlan | FilterPlan | ProjectPlan | JoinPlan | AggregatePlan | UnionPlan;

/** A base table, reduced to some columns. */
export interface ScanPlan {
  readonly kind: 'scan';
  readonly table: TableVersion;
  /** As the definition names it. */
  readonly name: string;
  /** Ids of the columns, in the relation's order. */
  readonly columnIds: readonly number[];
}

/** The rows for which a test is true. */
interface FilterPlan {
  readonly kind: 'filter';
  readonly input: LogicalPlan;
  readonly predicate: RowExpression;
}

/** Values computed from each row. */
interface ProjectPlan {
  readonly kind: 'project';
  readonly input: LogicalPlan;
  readonly items: readonly RowExpression[];
}

/** Rows of two relations that match; columns and NULLs as JoinSpec of dataflow/view-spec.ts says. */
export interface JoinPlan {
  readonly kind: 'join';
  readonly type: JoinType;
  readonly left: LogicalPlan;
  readonly right: LogicalPlan;
  readonly on: readonly JoinColumns[];
  /** Over left columns followed by right columns, of semi and anti joins too. */
  readonly residual: RowExpression | undefined;
}

/** One row a group: the group columns, then the aggregates. */
export interface AggregatePlan {
  readonly kind: 'aggregate';
  readonly input: LogicalPlan;
  readonly groups: readonly KeyColumn[];
  /** Exactly one row, of an empty input too; then there are no groups. */
  readonly isScalar: boolean;
  readonly aggregates: readonly AggregateSpec[];
}

/** The rows of several relations, duplicates kept. */
interface UnionPlan {
  readonly kind: 'unionAll';
  /** At least one. Their values are in the form that {@link UnionPlan.types} has. */
  readonly inputs: readonly LogicalPlan[];
  readonly types: readonly FieldType[];
}

/** A column of a view. */
export interface OutputColumn {
  readonly name: string;
  /** As this program derives it; TiDB's own is the authority, and must agree. */
  readonly type: FieldType;
}
