/**
 * What a definition means, as relational algebra over base tables. Columns of a relation are positions. Grows with what
 * views may contain; a relation that is not here yet is refused before it gets here.
 */
import type { TableVersion } from '../catalog/table-version.js';
import type { FieldType } from '../codec/field-type.js';
import type { RowExpression } from '../dataflow/expression.js';

/** A relation. */
export type LogicalPlan = ScanPlan | FilterPlan | ProjectPlan;

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
export interface FilterPlan {
  readonly kind: 'filter';
  readonly input: LogicalPlan;
  readonly predicate: RowExpression;
}

/** Values computed from each row. */
export interface ProjectPlan {
  readonly kind: 'project';
  readonly input: LogicalPlan;
  readonly items: readonly RowExpression[];
}

/** A column of a view. */
export interface OutputColumn {
  readonly name: string;
  /** As this program derives it; TiDB's own is the authority, and must agree. */
  readonly type: FieldType;
}
