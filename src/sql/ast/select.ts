/**
 * Queries and expressions as TiDB writes them in a view's definition. The tree keeps what was written, not what it
 * means: names are unresolved, operators are words, parentheses are gone (the tree's shape says what they said).
 * All nodes are frozen. Expressions hold queries and queries hold expressions, so they are one file; what holds neither is in leaf.ts.
 *
 * @see pingcap/tidb pkg/parser/ast/dml.go, pkg/parser/ast/expressions.go, pkg/parser/ast/functions.go
 */
import type {
  BinaryOperator,
  BooleanLiteral,
  BytesLiteral,
  CastType,
  ColumnReference,
  ComparisonOperator,
  DefaultValue,
  Limit,
  Node,
  NullLiteral,
  NumberLiteral,
  SetOperator,
  StringLiteral,
  TableName,
  TableQuery,
  TimeLiteral,
  UnaryOperator,
  ValuesOf,
} from './leaf.js';
import type { Span } from './span.js';

/** A whole query: what may stand in parentheses. */
export interface Query extends Node<'query'> {
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
interface With {
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
export interface Select extends Node<'select'> {
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

/** `VALUES ROW(…), …` */
interface ValuesQuery extends Node<'values'> {
  readonly rows: readonly Expression[];
}

/**
 * Queries joined by operators, in the order written: INTERSECT binds tighter than the others, which are equal, so
 * the list alone does not say what is computed first.
 */
export interface SetOperation extends Node<'setOperation'> {
  /** At least one: `(SELECT …) LIMIT 1` has one and no operator. */
  readonly operands: readonly Query[];
  /** One fewer than operands. */
  readonly operators: readonly SetOperator[];
}

/** What stands in FROM. */
export type TableExpression = TableName | DerivedTable | Join;

/** A query in FROM. */
export interface DerivedTable extends Node<'derived'> {
  readonly query: Query;
  readonly alias: string | undefined;
}

/** Two table expressions joined. */
export interface Join extends Node<'join'> {
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

interface OperandNode<Kind extends string> extends Node<Kind> {
  readonly operand: Expression;
}

interface NegatableNode<Kind extends string> extends OperandNode<Kind> {
  readonly isNegated: boolean;
}

/** An operator before its operand. */
export interface Unary extends OperandNode<'unary'> {
  readonly operator: UnaryOperator;
}

/** An operator between its operands. */
export interface Binary extends Node<'binary'> {
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}

/** `x IS [NOT] NULL` */
type IsNull = NegatableNode<'isNull'>;

/** `x IS [NOT] {TRUE | FALSE}` */
interface IsTruth extends NegatableNode<'isTruth'> {
  readonly truth: boolean;
}

/** `x [NOT] BETWEEN low AND high` */
export interface Between extends NegatableNode<'between'> {
  readonly low: Expression;
  readonly high: Expression;
}

/** `x [NOT] IN (a, b)` */
export interface InList extends NegatableNode<'inList'> {
  readonly list: readonly Expression[];
}

/** `x [NOT] IN (SELECT …)` */
export interface InQuery extends NegatableNode<'inQuery'> {
  readonly query: Query;
}

/** `x [NOT] {LIKE | ILIKE} pattern [ESCAPE 'c']` */
export interface Like extends NegatableNode<'like'> {
  readonly operator: 'LIKE' | 'ILIKE';
  readonly pattern: Expression;
  /** One character, or empty. undefined: the backslash. */
  readonly escape: string | undefined;
}

/** `x [NOT] REGEXP pattern` */
interface Regexp extends NegatableNode<'regexp'> {
  readonly pattern: Expression;
}

/** `x MEMBER OF (json)` */
interface MemberOf extends OperandNode<'memberOf'> {
  readonly array: Expression;
}

/** `x > ALL (SELECT …)` */
export interface CompareQuery extends OperandNode<'compareQuery'> {
  readonly operator: ComparisonOperator;
  readonly quantifier: 'ANY' | 'ALL';
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
interface Row extends Node<'row'> {
  readonly values: readonly Expression[];
}

/** `CASE [x] WHEN … THEN … [ELSE …] END` */
export interface Case extends Node<'case'> {
  readonly operand: Expression | undefined;
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression | undefined;
}

/** `x COLLATE name` */
interface Collate extends OperandNode<'collate'> {
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
interface Cast extends OperandNode<'cast'> {
  readonly form: 'CAST' | 'CONVERT' | 'BINARY';
  /** undefined for BINARY. */
  readonly type: CastType | undefined;
}

/** `CONVERT(x USING 'charset')` */
interface ConvertCharset extends OperandNode<'convertCharset'> {
  readonly charset: string;
}

/** `EXTRACT(unit FROM x)` */
interface Extract extends OperandNode<'extract'> {
  readonly unit: string;
}

/** `DATE_ADD(x, INTERVAL n unit)` and its kin. */
interface IntervalCall extends OperandNode<'intervalCall'> {
  readonly name: 'DATE_ADD' | 'DATE_SUB' | 'ADDDATE' | 'SUBDATE';
  readonly amount: Expression;
  readonly unit: string;
}

/** `TIMESTAMPADD(unit, a, b)`, `TIMESTAMPDIFF(unit, a, b)`, `GET_FORMAT(DATE, a)` */
interface UnitCall extends Node<'unitCall'> {
  readonly name: 'TIMESTAMPADD' | 'TIMESTAMPDIFF' | 'GET_FORMAT';
  readonly unit: string;
  readonly args: readonly Expression[];
}

/** `TRIM([[BOTH | LEADING | TRAILING] [characters] FROM] x)` */
export interface Trim extends OperandNode<'trim'> {
  readonly direction: 'BOTH' | 'LEADING' | 'TRAILING' | undefined;
  readonly characters: Expression | undefined;
}

/** `POSITION(needle IN haystack)` */
interface Position extends Node<'position'> {
  readonly needle: Expression;
  readonly haystack: Expression;
}

/** `WEIGHT_STRING(x [AS {CHAR | BINARY}(n)])` */
interface WeightString extends OperandNode<'weightString'> {
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

/** `MATCH (columns) AGAINST (x …)` */
export interface MatchAgainst extends Node<'matchAgainst'> {
  readonly columns: readonly ColumnReference[];
  readonly against: Expression;
  readonly modifier: 'IN BOOLEAN MODE' | 'WITH QUERY EXPANSION' | undefined;
}
