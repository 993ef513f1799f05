/** What binding a query needs to know, and what it gives. */
import type { TableVersion } from '../catalog/table-version.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { ColumnReference } from '../sql/ast/leaf.js';
import type { CompareQuery, Exists, InQuery, Query, ScalarQuery, Select } from '../sql/ast/select.js';
import type { BindContext } from './bind-context.js';
import type { LogicalPlan, OutputColumn } from './logical-plan.js';
import type { Relation } from './relation.js';
import type { ComparisonContext } from './typing/comparison.js';

/** Finds a table by the names of canonical text; undefined: there is none. */
export type TableLookup = (database: string, table: string) => TableVersion | undefined;

/** What a query is bound against. */
export interface QueryContext {
  /** The canonical text that the tree was read from. */
  readonly text: string;
  readonly tableOf: TableLookup;
  readonly comparison: ComparisonContext;
  /** The pinned `div_precision_increment`. */
  readonly divPrecisionIncrement: number;
  /** Common tables that the query can name, by name in lower case. */
  readonly commonTables: ReadonlyMap<string, BoundQuery>;
  /** What a name means in the query outside; undefined where there is none. */
  readonly outer: OuterNames | undefined;
  /** The binding of whole queries: expressions hold queries, and queries expressions. */
  readonly binder: Binder;
}

/** The column of the query outside that a name means, over that query's relation; undefined: none. */
export type OuterNames = (node: ColumnReference) => RowExpression | undefined;

/** A query, bound. */
export interface BoundQuery {
  readonly plan: LogicalPlan;
  readonly output: readonly OutputColumn[];
}

/** The rows of FROM for which WHERE is true. */
export interface BoundRows {
  readonly relation: Relation;
  /** Tests of WHERE that speak of the query outside (outer-column.ts) and have not been applied. */
  readonly correlations: readonly RowExpression[];
}

/** Where an expression stands. */
export interface Place {
  /** Over which it is; queries in it are joined to it. */
  readonly relation: Relation;
  readonly context: BindContext;
  /** What its names mean to the queries in it. */
  readonly names: OuterNames;
}

/** An expression that holds a query. */
export type Subquery = ScalarQuery | Exists | InQuery | CompareQuery;

/** Binds the parts of a query. */
export interface Binder {
  /** @throws NotSupportedError — naming the piece that cannot be maintained; also what refers to a query outside. */
  query(query: Query, context: QueryContext): BoundQuery;
  /** @throws NotSupportedError */
  rows(select: Select, context: QueryContext): BoundRows;
  /** The value of an expression that holds a query, over the relation of its place. @throws NotSupportedError */
  subquery(node: Subquery, place: Place, context: QueryContext): RowExpression;
}
