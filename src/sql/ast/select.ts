/**
 * Queries and expressions as TiDB writes them in a view's definition. The tree keeps what was written, not what it
 * means: names are unresolved, operators are words, parentheses are gone (the tree's shape says what they said).
 * All nodes are frozen. Expressions hold queries and queries hold expressions, so they are one file, longer than most.
 *
 * @see pingcap/tidb pkg/parser/ast/dml.go, pkg/parser/ast/expressions.go, pkg/parser/ast/functions.go
 */
import type { Span } from './span.js';

/** A whole query: what may stand in parentheses. */
export interface Query {
  readonly kind: 'query';
  readonly span: Span;
  readonly with: With | undefined;
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | undefined;
  /** `FOR UPDATE …` as written; undefined: none. */
  readonly lock: string | undefined;
}

/** What makes the rows of a query. */
export type QueryBody = Select | TableQuery | ValuesQuery | SetOperation;

/** `WITH [RECURSIVE] …` */
export interface With {
  readonly isRecursive: boolean;
  readonly tables: readonly CommonTable[];
}

/** `name [(columns)] AS (query)` */
export interface CommonTable {
  readonly name: string;
  /** Empty: the query's own names. */
  readonly columns: readonly string[];
  readonly query: Query;
  readonly span: Span;
}

/** `SELECT …` without WITH, ORDER BY and LIMIT, which are the {@link Query}'s. */
export interface Select {
  readonly kind: 'select';
  readonly span: Span;
  /** `SQL_BIG_RESULT` and the like; none of them changes a result. */
  readonly options: readonly string[];
  /** What stands between the marks of an optimizer hint. */
  readonly hints: string | undefined;
  readonly quantifier: 'DISTINCT' | 'ALL' | undefined;
  readonly isStraightJoin: boolean;
  readonly items: readonly SelectItem[];
  readonly from: TableExpression | undefined;
  readonly where: Expression | undefined;
  readonly groupBy: GroupBy | undefined;
  readonly having: Expression | undefined;
  readonly windows: readonly NamedWindow[];
}

/** One entry of a select list. */
export type SelectItem =
  | {
      readonly kind: 'item';
      readonly span: Span;
      readonly value: Expression;
      readonly alias: string | undefined;
    }
  | {
      readonly kind: 'wildcard';
      readonly span: Span;
      readonly database: string | undefined;
      readonly table: string | undefined;
    };

/** `TABLE t` */
export interface TableQuery {
  readonly kind: 'table';
  readonly span: Span;
  readonly table: TableName;
}

/** `VALUES ROW(…), …` */
export interface ValuesQuery {
  readonly kind: 'values';
  readonly span: Span;
  readonly rows: readonly Expression[];
}

/** The operators between queries. */
export type SetOperator = 'UNION' | 'UNION ALL' | 'EXCEPT' | 'EXCEPT ALL' | 'INTERSECT' | 'INTERSECT ALL';

/**
 * Queries joined by operators, in the order written: INTERSECT binds tighter than the others, which are equal, so
 * the list alone does not say what is computed first.
 */
export interface SetOperation {
  readonly kind: 'setOperation';
  readonly span: Span;
  /** At least one: `(SELECT …) LIMIT 1` has one and no operator. */
  readonly operands: readonly Query[];
  /** One fewer than operands. */
  readonly operators: readonly SetOperator[];
}

/** What stands in FROM. */
export type TableExpression = TableName | DerivedTable | Join;

/** A stored table or view, or a common table. */
export interface TableName {
  readonly kind: 'tableName';
  readonly span: Span;
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
export interface IndexHint {
  /** `USE INDEX`, `IGNORE INDEX FOR JOIN`, … */
  readonly type: string;
  readonly indexes: readonly string[];
}

/** A query in FROM. */
export interface DerivedTable {
  readonly kind: 'derived';
  readonly span: Span;
  readonly query: Query;
  readonly alias: string | undefined;
}

/** Two table expressions joined. */
export interface Join {
  readonly kind: 'join';
  readonly span: Span;
  readonly type: 'INNER' | 'LEFT' | 'RIGHT';
  readonly isNatural: boolean;
  /** STRAIGHT_JOIN: an inner join that tells the optimizer where to begin. */
  readonly isStraight: boolean;
  readonly left: TableExpression;
  readonly right: TableExpression;
  readonly on: Expression | undefined;
  /** Empty: no USING. */
  readonly using: readonly string[];
}

/** `GROUP BY … [WITH ROLLUP]` */
export interface GroupBy {
  readonly items: readonly OrderItem[];
  readonly isRollup: boolean;
}

/** `x [DESC]` */
export interface OrderItem {
  readonly value: Expression;
  readonly isDescending: boolean;
}

/** `LIMIT [offset,] count` */
export interface Limit {
  readonly offset: bigint;
  readonly count: bigint;
}

/** `name AS (…)` in a WINDOW clause. */
export interface NamedWindow {
  readonly name: string;
  readonly spec: WindowSpec;
}

/** `(base PARTITION BY … ORDER BY … frame)` */
export interface WindowSpec {
  readonly base: string | undefined;
  readonly partitionBy: readonly OrderItem[];
  readonly orderBy: readonly OrderItem[];
  readonly frame: Frame | undefined;
}

/** `{ROWS | RANGE} BETWEEN start AND end` */
export interface Frame {
  readonly unit: 'ROWS' | 'RANGE';
  readonly start: FrameBound;
  readonly end: FrameBound;
}

/** A bound of a frame; without an amount it is unbounded. */
export type FrameBound =
  | { readonly kind: 'currentRow' }
  | {
      readonly kind: 'preceding' | 'following';
      readonly amount: Expression | undefined;
      /** The amount is an interval of this unit. */
      readonly unit: string | undefined;
    };

/** Any expression. */
export type Expression =
  | NumberLiteral
  | StringLiteral
  | BytesLiteral
  | NullLiteral
  | BooleanLiteral
  | TimeLiteral
  | ColumnReference
  | Unary
  | Binary
  | IsNull
  | IsTruth
  | Between
  | InList
  | InQuery
  | Like
  | Regexp
  | MemberOf
  | CompareQuery
  | Exists
  | ScalarQuery
  | Row
  | Case
  | Collate
  | Call
  | Cast
  | ConvertCharset
  | Extract
  | IntervalCall
  | UnitCall
  | Trim
  | Position
  | WeightString
  | Aggregate
  | WindowCall
  | DefaultValue
  | ValuesOf
  | MatchAgainst;

interface Node<Kind extends string> {
  readonly kind: Kind;
  readonly span: Span;
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

/** An operator before its operand. */
export interface Unary extends Node<'unary'> {
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}

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

/** An operator between its operands. */
export interface Binary extends Node<'binary'> {
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `x IS [NOT] NULL` */
export interface IsNull extends Node<'isNull'> {
  readonly operand: Expression;
  readonly isNegated: boolean;
}

/** `x IS [NOT] {TRUE | FALSE}` */
export interface IsTruth extends Node<'isTruth'> {
  readonly operand: Expression;
  readonly truth: boolean;
  readonly isNegated: boolean;
}

/** `x [NOT] BETWEEN low AND high` */
export interface Between extends Node<'between'> {
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
  readonly isNegated: boolean;
}

/** `x [NOT] IN (a, b)` */
export interface InList extends Node<'inList'> {
  readonly operand: Expression;
  readonly list: readonly Expression[];
  readonly isNegated: boolean;
}

/** `x [NOT] IN (SELECT …)` */
export interface InQuery extends Node<'inQuery'> {
  readonly operand: Expression;
  readonly query: Query;
  readonly isNegated: boolean;
}

/** `x [NOT] {LIKE | ILIKE} pattern [ESCAPE 'c']` */
export interface Like extends Node<'like'> {
  readonly operator: 'LIKE' | 'ILIKE';
  readonly operand: Expression;
  readonly pattern: Expression;
  /** One character, or empty. undefined: the backslash. */
  readonly escape: string | undefined;
  readonly isNegated: boolean;
}

/** `x [NOT] REGEXP pattern` */
export interface Regexp extends Node<'regexp'> {
  readonly operand: Expression;
  readonly pattern: Expression;
  readonly isNegated: boolean;
}

/** `x MEMBER OF (json)` */
export interface MemberOf extends Node<'memberOf'> {
  readonly operand: Expression;
  readonly array: Expression;
}

/** `x > ALL (SELECT …)` */
export interface CompareQuery extends Node<'compareQuery'> {
  readonly operator: ComparisonOperator;
  readonly quantifier: 'ANY' | 'ALL';
  readonly operand: Expression;
  readonly query: Query;
}

/** `[NOT] EXISTS (SELECT …)` */
export interface Exists extends Node<'exists'> {
  readonly query: Query;
  readonly isNegated: boolean;
}

/** `(SELECT …)` as a value. */
export interface ScalarQuery extends Node<'scalarQuery'> {
  readonly query: Query;
}

/** `ROW(a, b)` */
export interface Row extends Node<'row'> {
  readonly values: readonly Expression[];
}

/** `CASE [x] WHEN … THEN … [ELSE …] END` */
export interface Case extends Node<'case'> {
  readonly operand: Expression | undefined;
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression | undefined;
}

/** `x COLLATE name` */
export interface Collate extends Node<'collate'> {
  readonly operand: Expression;
  readonly collation: string;
}

/** A function whose arguments stand between commas. */
export interface Call extends Node<'call'> {
  /** undefined: built in. */
  readonly schema: string | undefined;
  /** In upper case if it is built in. */
  readonly name: string;
  readonly args: readonly Expression[];
}

/** `CAST(x AS type)`, `CONVERT(x, type)`, `BINARY x` */
export interface Cast extends Node<'cast'> {
  readonly form: 'CAST' | 'CONVERT' | 'BINARY';
  readonly operand: Expression;
  /** undefined for BINARY. */
  readonly type: CastType | undefined;
}

/** A type in a cast: `DECIMAL(20, 5)`, `CHAR(10) CHARSET latin1`, `JSON ARRAY`. */
export interface CastType {
  readonly name: string;
  readonly parameters: readonly number[];
  readonly isBinary: boolean;
  readonly charset: string | undefined;
  readonly isArray: boolean;
}

/** `CONVERT(x USING 'charset')` */
export interface ConvertCharset extends Node<'convertCharset'> {
  readonly operand: Expression;
  readonly charset: string;
}

/** `EXTRACT(unit FROM x)` */
export interface Extract extends Node<'extract'> {
  readonly unit: string;
  readonly operand: Expression;
}

/** `DATE_ADD(x, INTERVAL n unit)` and its kin. */
export interface IntervalCall extends Node<'intervalCall'> {
  readonly name: 'DATE_ADD' | 'DATE_SUB' | 'ADDDATE' | 'SUBDATE';
  readonly operand: Expression;
  readonly amount: Expression;
  readonly unit: string;
}

/** `TIMESTAMPADD(unit, a, b)`, `TIMESTAMPDIFF(unit, a, b)`, `GET_FORMAT(DATE, a)` */
export interface UnitCall extends Node<'unitCall'> {
  readonly name: 'TIMESTAMPADD' | 'TIMESTAMPDIFF' | 'GET_FORMAT';
  readonly unit: string;
  readonly args: readonly Expression[];
}

/** `TRIM([[BOTH | LEADING | TRAILING] [characters] FROM] x)` */
export interface Trim extends Node<'trim'> {
  readonly direction: 'BOTH' | 'LEADING' | 'TRAILING' | undefined;
  readonly characters: Expression | undefined;
  readonly operand: Expression;
}

/** `POSITION(needle IN haystack)` */
export interface Position extends Node<'position'> {
  readonly needle: Expression;
  readonly haystack: Expression;
}

/** `WEIGHT_STRING(x [AS {CHAR | BINARY}(n)])` */
export interface WeightString extends Node<'weightString'> {
  readonly operand: Expression;
  readonly as: { readonly type: 'CHAR' | 'BINARY'; readonly length: number } | undefined;
}

/** An aggregate over a group. */
export interface Aggregate extends Node<'aggregate'> {
  /** In upper case. */
  readonly name: string;
  readonly isDistinct: boolean;
  readonly args: readonly Expression[];
  /** Only of GROUP_CONCAT. */
  readonly orderBy: readonly OrderItem[];
  /** Only of GROUP_CONCAT. */
  readonly separator: string | undefined;
}

/** `name(args) OVER window` */
export interface WindowCall extends Node<'windowCall'> {
  /** In upper case. */
  readonly name: string;
  readonly isDistinct: boolean;
  readonly args: readonly Expression[];
  readonly isFromLast: boolean;
  readonly isIgnoringNulls: boolean;
  /** A window's name, or a window. */
  readonly over: string | WindowSpec;
}

/** `DEFAULT(column)` or `DEFAULT` */
export interface DefaultValue extends Node<'default'> {
  readonly column: ColumnReference | undefined;
}

/** `VALUES(column)` */
export interface ValuesOf extends Node<'valuesOf'> {
  readonly column: ColumnReference;
}

/** `MATCH (columns) AGAINST (x …)` */
export interface MatchAgainst extends Node<'matchAgainst'> {
  readonly columns: readonly ColumnReference[];
  readonly against: Expression;
  readonly modifier: 'IN BOOLEAN MODE' | 'WITH QUERY EXPANSION' | undefined;
}
