/** Arbitrary queries of the whole language, for print/parse properties. Spans are empty: printing ignores them. */
import fc from 'fast-check';
import type { CastType, ColumnReference, TableName } from '../../../../src/sql/ast/leaf.js';
import type {
  Expression,
  FrameBound,
  OrderItem,
  Query,
  QueryBody,
  Select,
  SelectItem,
  TableExpression,
  WindowSpec,
} from '../../../../src/sql/ast/select.js';

const span = { start: 0, end: 0 };
/** How deep trees get, over all their kinds together. */
const depth = { depthIdentifier: fc.createDepthIdentifier(), maxDepth: 6, depthSize: 'small' } as const;
const name = fc.constantFrom('a', 'b', 'select', 'we`ird', 'é x', "it's", '1', 'A');
const word = fc.constantFrom('IF', 'CONCAT', 'COALESCE', 'NOW', 'LAG', 'ANY_VALUE', 'INTERVAL');
const unit = fc.constantFrom('DAY', 'YEAR_MONTH', 'MICROSECOND');
const text = fc.string({
  maxLength: 6,
  unit: fc.constantFrom('a', "'", '\\', '%', '_', 'é', '\n', '"', '`', ' ', '/*', '*/'),
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { ...depth, nil: undefined });
const few = <T>(arbitrary: fc.Arbitrary<T>, minLength = 0): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength, maxLength: 3, depthIdentifier: depth.depthIdentifier });
const constant = fc.constantFrom;

const column: fc.Arbitrary<ColumnReference> = fc
  .tuple(name, maybe(fc.tuple(name, maybe(name))))
  .map(([own, qualifier]) => ({
    kind: 'column',
    span,
    database: qualifier?.[1],
    table: qualifier?.[0],
    name: own,
  }));

const castType: fc.Arbitrary<CastType> = fc.oneof(
  fc.record({
    name: constant('CHAR', 'DECIMAL', 'BINARY', 'SIGNED', 'DATETIME', 'JSON'),
    parameters: few(fc.nat(60)),
    isBinary: constant(false),
    charset: constant(undefined),
    isArray: fc.boolean(),
  }),
  fc.record({
    name: constant('CHAR'),
    parameters: constant([3]),
    isBinary: fc.boolean(),
    charset: maybe(constant('latin1', 'utf8')),
    isArray: constant(false),
  }),
);

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.nat().map((value): Expression => ({ kind: 'number', span, form: 'integer', text: String(value) })),
  constant('1.50', '0.001').map((value): Expression => ({
    kind: 'number',
    span,
    form: 'decimal',
    text: value,
  })),
  constant('1e+10', '1.5e-07').map((value): Expression => ({
    kind: 'number',
    span,
    form: 'double',
    text: value,
  })),
  fc.record({
    kind: constant('string' as const),
    span: constant(span),
    value: text,
    charset: maybe(constant('utf8mb4', 'latin1')),
  }),
  constant<Expression>(
    { kind: 'bytes', span, form: 'hex', digits: '0aff' },
    { kind: 'bytes', span, form: 'bit', digits: '101' },
    { kind: 'null', span },
    { kind: 'boolean', span, value: true },
    { kind: 'default', span, column: undefined },
  ),
  fc.record({
    kind: constant('time' as const),
    span: constant(span),
    form: constant('DATE', 'TIME', 'TIMESTAMP'),
    value: text,
  }),
  column,
);

// A type, not an interface: fc.letrec wants an index signature.
type Tree = {
  readonly expression: Expression;
  readonly query: Query;
  readonly body: QueryBody;
  readonly select: Select;
  readonly table: TableExpression;
  readonly orderItem: OrderItem;
  readonly window: WindowSpec;
};

const trees = fc.letrec<Tree>((tie) => {
  const expression = tie('expression');
  const query = tie('query');
  const node = <R>(kind: Expression['kind'], fields: { [F in keyof R]: fc.Arbitrary<R[F]> }) =>
    fc.record({
      kind: constant(kind),
      span: constant(span),
      ...fields,
    }) as unknown as fc.Arbitrary<Expression>;
  const negated = { isNegated: fc.boolean() };
  const bound: fc.Arbitrary<FrameBound> = fc.oneof(
    constant<FrameBound>({ kind: 'currentRow' }),
    fc.record({ kind: constant('preceding', 'following'), amount: maybe(leaf), unit: constant(undefined) }),
    fc.record({ kind: constant('preceding', 'following'), amount: leaf, unit }),
  );
  const tableName: fc.Arbitrary<TableName> = fc.record({
    kind: constant('tableName' as const),
    span: constant(span),
    database: maybe(name),
    name,
    partitions: few(name),
    alias: maybe(name),
    indexHints: few(
      fc.record({
        type: constant('USE INDEX', 'IGNORE INDEX FOR JOIN', 'FORCE INDEX FOR ORDER BY'),
        indexes: few(name),
      }),
    ),
    sample: constant(undefined),
  });
  const item: fc.Arbitrary<SelectItem> = fc.oneof(
    fc.record({
      kind: constant('item' as const),
      span: constant(span),
      value: expression,
      alias: maybe(name),
    }),
    fc
      .tuple(maybe(name), name)
      .map(([database, table]): SelectItem => ({ kind: 'wildcard', span, database, table })),
    constant<SelectItem>({ kind: 'wildcard', span, database: undefined, table: undefined }),
  );
  return {
    expression: fc.oneof(
      { ...depth, withCrossShrink: true },
      leaf,
      node('unary', { operator: constant('NOT', '!', '-', '+', '~'), operand: expression }),
      node('binary', {
        operator: constant(
          'AND',
          'OR',
          'XOR',
          '=',
          '<=>',
          '!=',
          '<',
          '>=',
          '+',
          '-',
          '*',
          '/',
          'DIV',
          '%',
          '|',
          '&',
          '^',
          '<<',
          '>>',
        ),
        left: expression,
        right: expression,
      }),
      node('isNull', { operand: expression, ...negated }),
      node('isTruth', { operand: expression, truth: fc.boolean(), ...negated }),
      node('between', { operand: expression, low: expression, high: expression, ...negated }),
      // `x IN ((SELECT …))` is an IN over a query, so a list of one query cannot be written.
      node('inList', {
        operand: expression,
        list: few(expression, 1).filter(([only, ...more]) => more.length > 0 || only?.kind !== 'scalarQuery'),
        ...negated,
      }),
      node('inQuery', { operand: expression, query, ...negated }),
      node('like', {
        operator: constant('LIKE', 'ILIKE'),
        operand: expression,
        pattern: expression,
        escape: maybe(constant('|', '', '!')),
        ...negated,
      }),
      node('regexp', { operand: expression, pattern: expression, ...negated }),
      node('memberOf', { operand: expression, array: expression }),
      node('compareQuery', {
        operator: constant('=', '<=>', '>'),
        quantifier: constant('ANY', 'ALL'),
        operand: expression,
        query,
      }),
      node('exists', { query, ...negated }),
      node('scalarQuery', { query }),
      node('row', { values: few(expression, 1) }),
      node('case', {
        operand: maybe(expression),
        branches: few(fc.record({ when: expression, then: expression }), 1),
        otherwise: maybe(expression),
      }),
      node('collate', { operand: expression, collation: constant('utf8mb4_bin', 'binary') }),
      node('call', { schema: constant(undefined), name: word, args: few(expression) }),
      node('call', { schema: name, name, args: few(expression) }),
      node('cast', { form: constant('CAST', 'CONVERT'), operand: expression, type: castType }),
      node('cast', { form: constant('BINARY'), operand: expression, type: constant(undefined) }),
      node('convertCharset', { operand: expression, charset: constant('latin1', 'utf8mb4') }),
      node('extract', { unit, operand: expression }),
      node('intervalCall', {
        name: constant('DATE_ADD', 'SUBDATE'),
        operand: expression,
        amount: leaf,
        unit,
      }),
      node('unitCall', { name: constant('TIMESTAMPADD', 'TIMESTAMPDIFF'), unit, args: few(expression, 1) }),
      node('trim', {
        direction: constant(undefined, 'BOTH', 'LEADING', 'TRAILING'),
        characters: expression,
        operand: expression,
      }),
      node('trim', { direction: constant(undefined), characters: constant(undefined), operand: expression }),
      node('position', { needle: expression, haystack: expression }),
      node('weightString', {
        operand: expression,
        as: maybe(fc.record({ type: constant('CHAR', 'BINARY'), length: fc.nat(9) })),
      }),
      node('aggregate', {
        name: constant('COUNT', 'SUM', 'BIT_OR'),
        isDistinct: fc.boolean(),
        args: few(expression, 1),
        orderBy: constant([]),
        separator: constant(undefined),
      }),
      node('aggregate', {
        name: constant('GROUP_CONCAT'),
        isDistinct: fc.boolean(),
        args: few(expression, 1),
        orderBy: few(tie('orderItem')),
        separator: maybe(text),
      }),
      node('windowCall', {
        name: constant('LAG', 'SUM', 'ROW_NUMBER'),
        isDistinct: constant(false),
        args: few(expression),
        isFromLast: fc.boolean(),
        isIgnoringNulls: fc.boolean(),
        over: fc.oneof(name, tie('window')),
      }),
      node('default', { column }),
      node('valuesOf', { column }),
      node('matchAgainst', {
        columns: few(column, 1),
        against: leaf,
        modifier: maybe(constant('IN BOOLEAN MODE', 'WITH QUERY EXPANSION')),
      }),
    ),
    orderItem: fc.record({ value: expression, isDescending: fc.boolean() }),
    window: fc.record({
      base: maybe(name),
      partitionBy: few(tie('orderItem')),
      orderBy: few(tie('orderItem')),
      frame: maybe(fc.record({ unit: constant('ROWS', 'RANGE'), start: bound, end: bound })),
    }),
    table: fc.oneof(
      { ...depth, withCrossShrink: true },
      tableName,
      fc.record({ kind: constant('derived' as const), span: constant(span), query, alias: maybe(name) }),
      fc
        .record({
          type: constant('INNER', 'LEFT', 'RIGHT'),
          isNatural: fc.boolean(),
          isStraight: fc.boolean(),
          left: tie('table'),
          right: tie('table'),
          on: maybe(expression),
          using: few(name),
        })
        .map((join): TableExpression => ({
          kind: 'join',
          span,
          ...join,
          ...(join.isStraight ? { type: 'INNER', isNatural: false } : {}),
          ...(join.on === undefined ? {} : { using: [] }),
        })),
    ),
    select: fc.record({
      kind: constant('select' as const),
      span: constant(span),
      options: fc.subarray(['HIGH_PRIORITY', 'SQL_BIG_RESULT', 'SQL_NO_CACHE']),
      hints: maybe(constant('HASH_JOIN(`a`, `b`)', "SET_VAR(x = '*/')")),
      quantifier: maybe(constant('DISTINCT', 'ALL')),
      isStraightJoin: fc.boolean(),
      items: few(item, 1),
      from: maybe(tie('table')),
      where: maybe(expression),
      groupBy: maybe(fc.record({ items: few(tie('orderItem'), 1), isRollup: fc.boolean() })),
      having: maybe(expression),
      windows: few(fc.record({ name, spec: tie('window') })),
    }),
    body: fc.oneof(
      { ...depth, withCrossShrink: true },
      tie('select'),
      tableName.map((table): QueryBody => ({ kind: 'table', span, table: { ...table, alias: undefined } })),
      few(few(leaf, 1), 1).map((rows): QueryBody => ({
        kind: 'values',
        span,
        rows: rows.map((values) => ({ kind: 'row', span, values })),
      })),
      few(fc.tuple(constant('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT ALL'), query), 2).map(
        (parts): QueryBody => ({
          kind: 'setOperation',
          span,
          operands: parts.map(([, operand]) => operand),
          operators: parts.slice(1).map(([operator]) => operator),
        }),
      ),
    ),
    query: fc.record({
      kind: constant('query' as const),
      span: constant(span),
      with: maybe(
        fc.record({
          isRecursive: fc.boolean(),
          tables: few(fc.record({ name, columns: few(name), query, span: constant(span) }), 1),
        }),
      ),
      body: tie('body'),
      orderBy: few(tie('orderItem')),
      limit: maybe(fc.record({ offset: fc.bigInt(0n, 3n), count: fc.bigInt(0n, 1n << 64n) })),
      lock: constant(undefined),
    }),
  };
});

/** Any query. */
export const arbitraryQuery: fc.Arbitrary<Query> = trees.query;
