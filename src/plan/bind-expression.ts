/**
 * Expressions of a definition with their names resolved, their types known and every conversion that TiDB would do
 * made visible or refused. Truth stays three-valued; only sugar is taken out (BETWEEN, `<>` of rows and the like).
 */
import { present } from '../base/assert.js';
import {
  BOOLEAN_TYPE,
  type ComparisonOperator,
  type Constant,
  type RowExpression,
  typeOf,
} from '../dataflow/expression.js';
import type { ColumnReference, ComparisonOperator as WrittenOperator } from '../sql/ast/leaf.js';
import type { Between, Binary, Expression, InList, Like, Unary } from '../sql/ast/select.js';
import { isString } from '../codec/string-type.js';
import { sourceOf } from '../sql/ast/span.js';
import { type BindContext, refuse } from './bind-context.js';
import { type Binder, bindCalled, folded, madeOf } from './bind-expression-call.js';
import { AMBIGUOUS_COLUMN, UNKNOWN_COLUMN, reasonFor } from './refusal-reasons.js';
import { bindArithmetic, bindNegation } from './typing/arithmetic.js';
import { DEFAULT_SETTINGS, isRefused } from './typing/bound.js';
import { comparable, isTruthClass, stringReason } from './typing/comparison.js';
import { asReal, hasHiddenDigits } from './typing/conversion.js';
import {
  NULL_CONSTANT,
  integerConstant,
  negated,
  numberConstant,
  stringConstant,
  timeConstant,
} from './typing/literal.js';
import { typeName, valueClassOf } from './typing/value-class.js';

const UNKNOWN: Constant = { kind: 'constant', value: null, type: BOOLEAN_TYPE };
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;

/**
 * Binds an expression.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
export function bindExpression(node: Expression, context: BindContext): RowExpression {
  return context.resolve?.(node, context) ?? bindWritten(node, context);
}

function bindWritten(node: Expression, context: BindContext): RowExpression {
  switch (node.kind) {
    case 'number':
      return constant(
        numberConstant(node),
        node,
        'the number has more digits than TiDB computes with',
        context,
      );
    case 'string':
      return constant(stringConstant(node), node, 'only utf8mb4 strings are supported yet', context);
    case 'time':
      return constant(timeConstant(node), node, 'the literal is not written in full', context);
    case 'boolean':
      return constant(integerConstant(node.value ? 1n : 0n, 1), node, '', context);
    case 'null':
      return NULL_CONSTANT;
    case 'column':
      return bindColumn(node, context);
    case 'unary':
      return bindUnary(node, context);
    case 'binary':
      return bindBinary(node, context);
    case 'isNull': {
      const test: RowExpression = { kind: 'isNull', operand: bindExpression(node.operand, context) };
      return node.isNegated ? not(test) : test;
    }
    case 'isTruth': {
      const test: RowExpression = {
        kind: 'isTruth',
        truth: node.truth,
        operand: bindTruth(node.operand, context),
      };
      return node.isNegated ? not(test) : test;
    }
    case 'between':
      return bindBetween(node, context);
    case 'inList':
      return bindIn(node, context);
    case 'like':
      return bindLike(node, context);
    default:
      return bindCalled(node, context, BINDER);
  }
}

/** What calls need to bind their operands. */
const BINDER: Binder = {
  value: (node, context) => bindExpression(node, context),
  truth: (node, context) => bindTruth(node, context),
  equal: (operands, node, context) => compare('=', operands, node, context),
};

/**
 * Binds an expression that is asked whether it is true.
 *
 * @throws NotSupportedError — also when its type cannot be asked that.
 */
export function bindTruth(node: Expression, context: BindContext): RowExpression {
  const bound = bindExpression(node, context);
  if (isTruthClass(typeOf(bound))) return bound;
  const real = valueClassOf(typeOf(bound)) === 'string' ? asReal(bound) : undefined;
  if (real !== undefined && !isRefused(real)) return folded(real);
  throw refuse(context.text, node, `a value of type ${typeName(typeOf(bound))} is taken for true or false`);
}

function constant(
  bound: Constant | undefined,
  node: Expression,
  reason: string,
  context: BindContext,
): Constant {
  if (bound === undefined) throw refuse(context.text, node, reason);
  return bound;
}

function bindColumn(node: ColumnReference, { text, scope }: BindContext): RowExpression {
  const [index, ...others] = scope.find(node);
  if (index === undefined) throw refuse(text, node, UNKNOWN_COLUMN);
  if (others.length > 0) throw refuse(text, node, AMBIGUOUS_COLUMN);
  const { type, refusal } = present(scope.columns[index], `no column ${index}`);
  if (refusal !== undefined) throw refuse(text, node, refusal);
  return { kind: 'column', index, type };
}

function bindUnary(node: Unary, context: BindContext): RowExpression {
  switch (node.operator) {
    case 'NOT':
    case '!':
      return not(bindTruth(node.operand, context));
    case '+':
      return bindExpression(node.operand, context);
    case '-': {
      const operand = bindExpression(node.operand, context);
      // A quotient of literals keeps the digits that its type does not show, which a literal has not.
      const isLiteral = operand.kind === 'constant' && !hasHiddenDigits(operand);
      if (!isLiteral || operand.value instanceof Uint8Array) {
        return madeOf(bindNegation(operand, sourceOf(context.text, node)), node, context);
      }
      const bound = negated(operand);
      if (bound === undefined) throw refuse(context.text, node, reasonFor(node));
      return bound;
    }
    case '~':
      throw refuse(context.text, node, reasonFor(node));
  }
}

function bindBinary(node: Binary, context: BindContext): RowExpression {
  switch (node.operator) {
    case 'AND':
    case 'OR':
    case 'XOR': {
      const kind = ({ AND: 'and', OR: 'or', XOR: 'xor' } as const)[node.operator];
      return { kind, operands: [bindTruth(node.left, context), bindTruth(node.right, context)] };
    }
    case '=':
    case '<=>':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const operands = [bindExpression(node.left, context), bindExpression(node.right, context)] as const;
      return compare(operatorOf(node.operator), operands, node, context);
    }
    case '+':
    case '-':
    case '*':
    case '/':
    case 'DIV':
    case '%': {
      const operands = [bindExpression(node.left, context), bindExpression(node.right, context)] as const;
      const { settings = DEFAULT_SETTINGS } = context.comparison;
      const source = sourceOf(context.text, node);
      return madeOf(bindArithmetic(ARITHMETIC[node.operator], operands, source, settings), node, context);
    }
    default:
      throw refuse(context.text, node, reasonFor(node));
  }
}

const ARITHMETIC = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  DIV: 'intDivide',
  '%': 'modulo',
} as const;

function operatorOf(operator: WrittenOperator): ComparisonOperator {
  return operator === '!=' ? '<>' : operator;
}

function compare(
  operator: ComparisonOperator,
  [left, right]: readonly [RowExpression, RowExpression],
  node: Expression,
  context: BindContext,
): RowExpression {
  if (isNullConstant(left) || isNullConstant(right)) {
    if (operator !== '<=>') return UNKNOWN;
    return { kind: 'isNull', operand: isNullConstant(left) ? right : left };
  }
  const made = comparable(left, right, context.comparison);
  if (made.kind === 'refused') throw refuse(context.text, node, made.reason);
  return { kind: 'compare', operator, domain: made.domain, left: made.left, right: made.right };
}

function isNullConstant(expression: RowExpression): boolean {
  return (
    expression.kind === 'constant' && expression.value === null && expression.type === NULL_CONSTANT.type
  );
}

/**
 * `x >= low AND x <= high`. TiDB decides over all three how to compare: numbers of which one is a floating-point
 * number, or stands in a string, as doubles.
 *
 * @see pingcap/tidb pkg/expression/builtin_compare.go (ResolveType4Between)
 */
function bindBetween(node: Between, context: BindContext): RowExpression {
  const [operand, low, high] = [
    bindExpression(node.operand, context),
    bindExpression(node.low, context),
    bindExpression(node.high, context),
  ];
  if ([operand, low, high].some(isNullConstant))
    throw refuse(context.text, node, 'a bound of BETWEEN is NULL');
  const isReal = [operand, low, high].some((it) => ['real', 'string'].includes(valueClassOf(typeOf(it))));
  const half = (operator: '>=' | '<=', bound: RowExpression): RowExpression => {
    const made = compare(operator, [operand, bound], node, context);
    const isExact =
      made.kind === 'compare' && (made.domain.kind === 'integer' || made.domain.kind === 'decimal');
    return isExact && isReal ? { ...made, domain: { kind: 'real' } } : made;
  };
  const both: RowExpression = { kind: 'and', operands: [half('>=', low), half('<=', high)] };
  return node.isNegated ? not(both) : both;
}

function bindIn(node: InList, context: BindContext): RowExpression {
  const operand = bindExpression(node.operand, context);
  const tests = node.list.map((value) => {
    const bound = bindExpression(value, context);
    return { bound, test: compare('=', [operand, bound], value, context) };
  });
  const asSet = tests.length > 1 ? asMembership(operand, tests) : undefined;
  const membership = isNullConstant(operand) ? UNKNOWN : (asSet ?? disjunction(tests));
  return node.isNegated ? not(membership) : membership;
}

interface ListedValue {
  readonly bound: RowExpression;
  readonly test: RowExpression;
}

/** All values constants, compared in one domain, the operand as it is: a list that can become a set. */
function asMembership(operand: RowExpression, tests: readonly ListedValue[]): RowExpression | undefined {
  const values: Constant[] = [];
  let domain: Extract<RowExpression, { kind: 'compare' }>['domain'] | undefined;
  for (const { bound, test } of tests) {
    if (isNullConstant(bound)) {
      values.push(NULL_CONSTANT);
      continue;
    }
    if (test.kind !== 'compare' || test.left !== operand || test.right.kind !== 'constant') return undefined;
    if (domain !== undefined && JSON.stringify(domain) !== JSON.stringify(test.domain)) return undefined;
    domain = test.domain;
    values.push(test.right);
  }
  return domain === undefined ? UNKNOWN : { kind: 'in', domain, operand, values };
}

function disjunction(tests: readonly ListedValue[]): RowExpression {
  const [first, ...rest] = tests.map(({ test }) => test);
  const only = present(first, 'IN of an empty list');
  return rest.length === 0 ? only : { kind: 'or', operands: [only, ...rest] };
}

function bindLike(node: Like, context: BindContext): RowExpression {
  if (node.operator !== 'LIKE') throw refuse(context.text, node, 'ILIKE is not supported yet');
  const operand = bindExpression(node.operand, context);
  const pattern = bindExpression(node.pattern, context);
  if (isNullConstant(pattern) || isNullConstant(operand)) return UNKNOWN;
  const reason = likeReason(operand, pattern, context);
  if (reason !== undefined) throw refuse(context.text, node, reason);
  const escape = node.escape === undefined || node.escape === '' ? BACKSLASH : node.escape.charCodeAt(0);
  if (escape >= 0x80) throw refuse(context.text, node, 'the escape character is not ASCII');
  const test: RowExpression = {
    kind: 'like',
    collation: typeOf(operand).collate,
    isNewCollation: context.comparison.isNewCollation,
    operand,
    pattern: bytesOf(pattern),
    escape,
  };
  return node.isNegated ? not(test) : test;
}

function likeReason(
  operand: RowExpression,
  pattern: RowExpression,
  { comparison }: BindContext,
): string | undefined {
  if (operand.kind === 'constant' || !isString(typeOf(operand))) {
    return `LIKE of a value of type ${typeName(typeOf(operand))} is not supported yet`;
  }
  if (pattern.kind !== 'constant' || !(pattern.value instanceof Uint8Array)) {
    return 'LIKE is supported with a string literal as pattern only';
  }
  if (!comparison.isNewCollation) return 'LIKE without the new collations of TiDB is not supported yet';
  // Its nodes take a byte for `_` where they compute it, TiKV a character where it is pushed down.
  if (typeOf(operand).collate === 'utf8mb4_0900_bin' && pattern.value.includes(UNDERSCORE))
    return 'what _ matches under utf8mb4_0900_bin depends on where TiDB computes it';
  return stringReason(typeOf(operand), pattern, comparison);
}

function bytesOf(expression: RowExpression): Uint8Array {
  const value = expression.kind === 'constant' ? expression.value : undefined;
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

function not(operand: RowExpression): RowExpression {
  return { kind: 'not', operand };
}
