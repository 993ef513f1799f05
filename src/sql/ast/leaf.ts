/**
 * The parts of queries and expressions in which no other query or expression stands: names, literals, operators.
 *
 * @see pingcap/tidb pkg/parser/ast/dml.go, pkg/parser/ast/expressions.go
 */
import type { Span } from './span.js';

/** `TABLE t` */
export interface TableQuery extends Node<'table'> {
  readonly table: TableName;
}

/** The operators between queries. */
export type SetOperator = 'UNION' | 'UNION ALL' | 'EXCEPT' | 'EXCEPT ALL' | 'INTERSECT' | 'INTERSECT ALL';

/** A stored table or view, or a common table. */
export interface TableName extends Node<'tableName'> {
  /** undefined: a common table expression. */
  readonly database: string | undefined;
  readonly name: string;
  /** Empty: all. */
  readonly partitions: readonly string[];
  readonly alias: string | undefined;
  readonly indexHints: readonly IndexHint[];
  /** `TABLESAMPLE …` as written. */
  readonly sample: string | undefined;
}

/** `USE INDEX [FOR …] (…)` and its kin. */
interface IndexHint {
  /** `USE INDEX`, `IGNORE INDEX FOR JOIN`, … */
  readonly type: string;
  readonly indexes: readonly string[];
}

/** `LIMIT [offset,] count` */
export interface Limit {
  readonly offset: bigint;
  readonly count: bigint;
}

/** What all nodes have. */
export interface Node<Kind extends string> {
  readonly kind: Kind;
  readonly span: Span;
  /** Pairs of parentheses around it where a person wrote them; canonical text has none that say nothing. */
  readonly parentheses?: number;
}

/** `1`, `1.50`, `1e+10`: the text says which of the three it is. */
export interface NumberLiteral extends Node<'number'> {
  readonly form: 'integer' | 'decimal' | 'double';
  readonly text: string;
}

/** A string; `charset` is its introducer without underscore, in lower case. */
export interface StringLiteral extends Node<'string'> {
  readonly value: string;
  readonly charset: string | undefined;
}

/** `x'0aff'` or `b'101'`. */
export interface BytesLiteral extends Node<'bytes'> {
  readonly form: 'hex' | 'bit';
  readonly digits: string;
}

/** `NULL`. */
export type NullLiteral = Node<'null'>;

/** `TRUE`, `FALSE`. */
export interface BooleanLiteral extends Node<'boolean'> {
  readonly value: boolean;
}

/** `DATE '2024-01-01'` and its kin. */
export interface TimeLiteral extends Node<'time'> {
  readonly form: 'DATE' | 'TIME' | 'TIMESTAMP';
  readonly value: string;
}

/** A column, qualified as far as it was written. */
export interface ColumnReference extends Node<'column'> {
  readonly database: string | undefined;
  readonly table: string | undefined;
  readonly name: string;
}

/** The operators before an operand. */
export type UnaryOperator = 'NOT' | '!' | '-' | '+' | '~';

/** The comparisons. */
export type ComparisonOperator = '=' | '<=>' | '!=' | '<' | '<=' | '>' | '>=';

/** The operators between two operands. */
export type BinaryOperator =
  | ComparisonOperator
  | 'AND'
  | 'OR'
  | 'XOR'
  | '+'
  | '-'
  | '*'
  | '/'
  | 'DIV'
  | '%'
  | '|'
  | '&'
  | '^'
  | '<<'
  | '>>';

/** A type in a cast: `DECIMAL(20, 5)`, `CHAR(10) CHARSET latin1`, `JSON ARRAY`. */
export interface CastType {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly isBinary: boolean;
  readonly charset: string | undefined;
  readonly isArray: boolean;
}

/** `DEFAULT(column)` or `DEFAULT` */
export interface DefaultValue extends Node<'default'> {
  readonly column: ColumnReference | undefined;
}

/** `VALUES(column)` */
export interface ValuesOf extends Node<'valuesOf'> {
  readonly column: ColumnReference;
}
