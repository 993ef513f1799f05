/** Prints expressions; the counterpart of print-select.ts, which passes itself in. */
import { unreachable } from '../../base/assert.js';
import type { CastType, ColumnReference, StringLiteral } from '../ast/leaf.js';
import type {
  Aggregate,
  Call,
  Case,
  Expression,
  Like,
  MatchAgainst,
  OrderItem,
  Query,
  Trim,
  WindowCall,
  WindowSpec,
} from '../ast/select.js';
import { printName, printString } from './print-text.js';

/** How to print what expressions contain besides expressions. */
export interface PrintContext {
  readonly query: (query: Query) => string;
  readonly orderItems: (items: readonly OrderItem[]) => string;
  readonly window: (spec: WindowSpec) => string;
  /** As TiDB writes a definition, with the parentheses that were written; else with every one. */
  readonly isCanonical: boolean;
}

/** An expression as SQL. */
export function printExpression(expression: Expression, context: PrintContext): string {
  const text = printInner(expression, context);
  const count = context.isCanonical ? (expression.parentheses ?? 0) : 0;
  return '('.repeat(count) + text + ')'.repeat(count);
}

/** Operators that TiDB writes as words, with blanks around them. */
const WORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'XOR', 'DIV']);

/** Operators need parentheses where nobody has thought of them. */
function whole(text: string, { isCanonical }: PrintContext): string {
  return isCanonical ? text : `(${text})`;
}

function printInner(expression: Expression, context: PrintContext): string {
  const print = (it: Expression): string => printExpression(it, context);
  switch (expression.kind) {
    case 'number':
      return expression.text;
    case 'string':
      return printStringLiteral(expression, context.isCanonical);
    case 'bytes':
      return `${expression.form === 'hex' ? 'x' : 'b'}'${expression.digits}'`;
    case 'null':
      return 'NULL';
    case 'boolean':
      return expression.value ? 'TRUE' : 'FALSE';
    case 'time':
      return `${expression.form} ${printString(expression.value)}`;
    case 'column':
      return printColumn(expression);
    case 'scalarQuery':
      return `(${context.query(expression.query)})`;
    case 'row':
      return `ROW(${printList(expression.values, context)})`;
    case 'case':
      return printCase(expression, print);
    default:
      return isOperation(expression)
        ? whole(printOperation(expression, context), context)
        : printFunction(expression, context);
  }
}

const OPERATIONS = [
  'unary',
  'binary',
  'isNull',
  'isTruth',
  'between',
  'inList',
  'inQuery',
  'like',
  'regexp',
  'memberOf',
  'compareQuery',
  'exists',
  'collate',
] as const;

type OperationNode = Extract<Expression, { kind: (typeof OPERATIONS)[number] }>;

function isOperation(expression: Expression): expression is OperationNode {
  return OPERATIONS.some((kind) => kind === expression.kind);
}

/** Values between commas, as TiDB writes them. */
function printList(values: readonly Expression[], context: PrintContext): string {
  return values.map((it) => printExpression(it, context)).join(context.isCanonical ? ',' : ', ');
}

function printOperation(expression: OperationNode, context: PrintContext): string {
  const print = (it: Expression): string => printExpression(it, context);
  const operator = (name: string): string => (context.isCanonical && !WORDS.has(name) ? name : ` ${name} `);
  const not = (isNegated: boolean): string => (isNegated ? 'NOT ' : '');
  switch (expression.kind) {
    case 'unary': {
      const { operator: sign, operand } = expression;
      return `${sign}${sign === 'NOT' ? ' ' : ''}${print(operand)}`;
    }
    case 'binary':
      return print(expression.left) + operator(expression.operator) + print(expression.right);
    case 'isNull':
      return `${print(expression.operand)} IS ${not(expression.isNegated)}NULL`;
    case 'isTruth':
      return `${print(expression.operand)} IS ${not(expression.isNegated)}${expression.truth ? 'TRUE' : 'FALSE'}`;
    case 'between':
      return `${print(expression.operand)} ${not(expression.isNegated)}BETWEEN ${print(expression.low)} AND ${print(expression.high)}`;
    case 'inList':
      return `${print(expression.operand)} ${not(expression.isNegated)}IN (${printList(expression.list, context)})`;
    case 'inQuery':
      return `${print(expression.operand)} ${not(expression.isNegated)}IN (${context.query(expression.query)})`;
    case 'like':
      return printLike(expression, print);
    case 'regexp':
      return `${print(expression.operand)} ${not(expression.isNegated)}REGEXP ${print(expression.pattern)}`;
    case 'memberOf':
      return `${print(expression.operand)} MEMBER OF (${print(expression.array)})`;
    case 'compareQuery': {
      const { operand, quantifier, query } = expression;
      return `${print(operand)}${operator(expression.operator)}${quantifier} (${context.query(query)})`;
    }
    case 'exists':
      return `${not(expression.isNegated)}EXISTS (${context.query(expression.query)})`;
    case 'collate':
      return `${print(expression.operand)} COLLATE ${expression.collation}`;
    default:
      return unreachable(expression);
  }
}

type FunctionNode = Extract<
  Expression,
  {
    kind:
      | 'call'
      | 'cast'
      | 'convertCharset'
      | 'extract'
      | 'intervalCall'
      | 'unitCall'
      | 'trim'
      | 'position'
      | 'weightString'
      | 'aggregate'
      | 'windowCall'
      | 'default'
      | 'valuesOf'
      | 'matchAgainst';
  }
>;

function printFunction(call: FunctionNode, context: PrintContext): string {
  const print = (it: Expression): string => printExpression(it, context);
  const list = (all: readonly Expression[]): string => all.map(print).join(', ');
  switch (call.kind) {
    case 'call':
      return printCall(call, list, context.isCanonical);
    case 'cast': {
      if (call.type === undefined) return whole(`BINARY ${print(call.operand)}`, context);
      return `${call.form}(${print(call.operand)}${call.form === 'CAST' ? ' AS' : ','} ${printCastType(call.type)})`;
    }
    case 'convertCharset':
      return `CONVERT(${print(call.operand)} USING ${printString(call.charset)})`;
    case 'extract':
      return `EXTRACT(${call.unit} FROM ${print(call.operand)})`;
    case 'intervalCall':
      return `${call.name}(${print(call.operand)}, INTERVAL ${printOpen(call.amount, context)} ${call.unit})`;
    case 'unitCall':
      return `${call.name}(${call.unit}, ${list(call.args)})`;
    case 'trim':
      return printTrim(call, print);
    case 'position':
      return `POSITION(${print(call.needle)} IN ${print(call.haystack)})`;
    case 'weightString': {
      const as = call.as === undefined ? '' : ` AS ${call.as.type}(${call.as.length})`;
      return `WEIGHT_STRING(${print(call.operand)}${as})`;
    }
    case 'aggregate':
      return printAggregate(call, context, list);
    case 'windowCall':
      return printWindowCall(call, context, list);
    case 'default':
      return call.column === undefined ? 'DEFAULT' : `DEFAULT(${printColumn(call.column)})`;
    case 'valuesOf':
      return `VALUES(${printColumn(call.column)})`;
    case 'matchAgainst':
      return printMatch(call, print);
    default:
      return unreachable(call);
  }
}

/**
 * Without parentheses at its left end: TiDB takes `ADDDATE(d, INTERVAL (a + 1) DAY)` for a call of the function
 * INTERVAL. An amount that TiDB has read has none there, so its leftmost operators bind as they stand.
 */
function printOpen(expression: Expression, context: PrintContext): string {
  if (expression.kind !== 'binary' || context.isCanonical) return printExpression(expression, context);
  const right = printExpression(expression.right, context);
  return `${printOpen(expression.left, context)} ${expression.operator} ${right}`;
}

/** CHAR has a form of its own, which TiDB prints as a call of CHAR_FUNC with the character set as last argument. */
function printCall(
  { schema, name, args }: Call,
  list: (all: readonly Expression[]) => string,
  isCanonical: boolean,
): string {
  if (isCanonical && name === 'CHAR_FUNC') {
    const charset = args.at(-1);
    const last = charset?.kind === 'string' ? printString(charset.value) : 'NULL';
    return `CHAR_FUNC(${list(args.slice(0, -1))}, ${last})`;
  }
  if (schema !== undefined) return `${printName(schema)}.${printName(name)}(${list(args)})`;
  const last = args.at(-1);
  if (name === 'CHAR_FUNC' && last?.kind === 'null') return `CHAR(${list(args.slice(0, -1))})`;
  if (name === 'CHAR_FUNC' && last?.kind === 'string')
    return `CHAR(${list(args.slice(0, -1))} USING ${last.value})`;
  return `${name}(${list(args)})`;
}

function printStringLiteral({ value, charset: written }: StringLiteral, isCanonical: boolean): string {
  const charset = written ?? (isCanonical ? 'utf8mb4' : undefined);
  return (charset === undefined ? '' : `_${charset.toUpperCase()}`) + printString(value);
}

function printColumn({ database, table, name }: ColumnReference): string {
  return [database, table, name]
    .filter((part) => part !== undefined)
    .map(printName)
    .join('.');
}

function printLike(
  { operand, operator, pattern, escape, isNegated }: Like,
  print: (it: Expression) => string,
): string {
  // TiDB takes what stands behind ESCAPE as it is, backslashes too.
  const suffix = escape === undefined ? '' : ` ESCAPE ${printString(escape)}`;
  return `${print(operand)} ${isNegated ? 'NOT ' : ''}${operator} ${print(pattern)}${suffix}`;
}

function printCase({ operand, branches, otherwise }: Case, print: (it: Expression) => string): string {
  const parts = ['CASE'];
  if (operand !== undefined) parts.push(print(operand));
  for (const { when, then } of branches) parts.push(`WHEN ${print(when)} THEN ${print(then)}`);
  if (otherwise !== undefined) parts.push(`ELSE ${print(otherwise)}`);
  return [...parts, 'END'].join(' ');
}

function printCastType({ name, parameters, isBinary, charset, isArray }: CastType): string {
  const size = parameters.length === 0 ? '' : `(${parameters.join(', ')})`;
  const words = [name + size];
  if (isBinary) words.push('BINARY');
  if (charset !== undefined) words.push(`CHARSET ${charset.toUpperCase()}`);
  if (isArray) words.push('ARRAY');
  return words.join(' ');
}

function printTrim({ direction, characters, operand }: Trim, print: (it: Expression) => string): string {
  const before = [direction, characters === undefined ? undefined : print(characters)].filter(
    (it) => it !== undefined,
  );
  return `TRIM(${before.length === 0 ? '' : `${before.join(' ')} FROM `}${print(operand)})`;
}

function printAggregate(
  { name, isDistinct, args, orderBy, separator }: Aggregate,
  context: PrintContext,
  list: (all: readonly Expression[]) => string,
): string {
  const order = orderBy.length === 0 ? '' : ` ORDER BY ${context.orderItems(orderBy)}`;
  const end = separator === undefined ? '' : ` SEPARATOR ${printString(separator)}`;
  return `${name}(${isDistinct ? 'DISTINCT ' : ''}${list(args)}${order}${end})`;
}

function printWindowCall(
  { name, isDistinct, args, isFromLast, isIgnoringNulls, over }: WindowCall,
  context: PrintContext,
  list: (all: readonly Expression[]) => string,
): string {
  const call = `${name}(${isDistinct ? 'DISTINCT ' : ''}${list(args)})`;
  const options = (isFromLast ? ' FROM LAST' : '') + (isIgnoringNulls ? ' IGNORE NULLS' : '');
  return `${call}${options} OVER ${typeof over === 'string' ? printName(over) : context.window(over)}`;
}

function printMatch({ columns, against, modifier }: MatchAgainst, print: (it: Expression) => string): string {
  const suffix = modifier === undefined ? '' : ` ${modifier}`;
  return `MATCH (${columns.map(printColumn).join(',')}) AGAINST (${print(against)}${suffix})`;
}
