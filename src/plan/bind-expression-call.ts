/** Functions, CASE and casts of a definition: each with its operands bound, by the rules of typing/. */
import { cellAt } from '../codec/cell.js';
import { Decimal } from '../codec/decimal.js';
import { FieldFlag, MysqlType } from '../codec/field-type.js';
import { isString } from '../codec/string-type.js';
import { compileColumn } from '../dataflow/compile/output-code.js';
import { EvaluationError } from '../dataflow/evaluation-error.js';
import { type Constant, type RowExpression, typeOf, withAllDigits } from '../dataflow/expression.js';
import { columnsUsed } from '../dataflow/expression-columns.js';
import type { Call, Case, Expression } from '../sql/ast/select.js';
import { sourceOf } from '../sql/ast/span.js';
import { type BindContext, refuse } from './bind-context.js';
import { reasonFor } from './refusal-reasons.js';
import { bindArithmetic } from './typing/arithmetic.js';
import {
  type Bound,
  DEFAULT_SETTINGS,
  integerType,
  isNullLiteral,
  isRefused,
  nullOf,
  refused,
} from './typing/bound.js';
import { bindCast } from './typing/casts.js';
import { bindCase, bindCoalesce } from './typing/control.js';
import { cast } from './typing/conversion.js';
import { shapeOf } from './typing/decimal-shape.js';
import { NULL_CONSTANT, plainType, stringConstant } from './typing/literal.js';
import { bindExtreme, bindRounding, bindUnaryNumber } from './typing/numbers.js';
import { bindStringCall, isStringFunction } from './typing/strings.js';
import { typeName, valueClassOf } from './typing/value-class.js';

/** How operands are bound: by whoever knows all kinds of nodes. */
export interface Binder {
  value(node: Expression, context: BindContext): RowExpression;
  truth(node: Expression, context: BindContext): RowExpression;
  /** `left = right`, for {@link Case} and NULLIF. */
  equal(
    operands: readonly [RowExpression, RowExpression],
    node: Expression,
    context: BindContext,
  ): RowExpression;
}

/** Binds a node that calls something. */
export function bindCalled(node: Expression, context: BindContext, binder: Binder): RowExpression {
  const { settings = DEFAULT_SETTINGS } = context.comparison;
  const source = sourceOf(context.text, node);
  switch (node.kind) {
    case 'case':
      return madeOf(caseOf(node, context, binder), node, context);
    case 'cast': {
      if (node.type === undefined) throw refuse(context.text, node, 'BINARY is not supported yet');
      const operand = onWallClock(binder.value(node.operand, context), context, source);
      return madeOf(bindCast(operand, node.type, source, settings), node, context);
    }
    case 'trim': {
      const operand = binder.value(node.operand, context);
      const characters = node.characters === undefined ? SPACE : binder.value(node.characters, context);
      const name = `TRIM${node.direction ?? 'BOTH'}`;
      return madeOf(bindStringCall(name, [operand, characters], source), node, context);
    }
    case 'extract': {
      const operand = onWallClock(binder.value(node.operand, context), context, source);
      return madeOf(timePart(node.unit.toUpperCase(), operand, source), node, context);
    }
    case 'call':
      if (node.schema !== undefined) throw refuse(context.text, node, reasonFor(node));
      return madeOf(callOf(node, source, context, binder), node, context);
    default:
      throw refuse(context.text, node, reasonFor(node));
  }
}

const SPACE: Constant = { kind: 'constant', value: Uint8Array.of(0x20), type: spaceType() };

function spaceType(): Constant['type'] {
  const type = stringConstant({
    kind: 'string',
    span: { start: 0, end: 0 },
    value: ' ',
    charset: undefined,
  })?.type;
  return type ?? NULL_CONSTANT.type;
}

/**
 * What was bound, computed at once if it depends on no column.
 *
 * @throws NotSupportedError — when it was refused.
 */
export function madeOf(bound: Bound, node: Expression, context: BindContext): RowExpression {
  if (isRefused(bound)) throw refuse(context.text, node, bound.reason);
  return folded(bound);
}

/** The expression as a constant, if it is one and has a value. */
export function folded(expression: RowExpression): RowExpression {
  if (expression.kind === 'constant' || expression.kind === 'column') return expression;
  if (columnsUsed(expression).size > 0) return expression;
  // A cast to a string that somebody wrote decides on collations more strongly than a literal does.
  if (expression.kind === 'cast' && expression.source !== '' && isString(expression.type)) return expression;
  try {
    const whole = withAllDigits(expression);
    const column = compileColumn(whole)([], Int32Array.of(0), 1);
    const value = withDigitsOfZero(cellAt(column, 0, typeOf(whole)), expression);
    const type = typeOf(expression);
    const flag = value === null ? type.flag & ~FieldFlag.notNull : type.flag | FieldFlag.notNull;
    return { kind: 'constant', value, type: { ...type, flag } };
  } catch (error) {
    // Whether it is ever asked for is seen row by row.
    if (error instanceof EvaluationError) return expression;
    throw error;
  }
}

/** A zero forgets how it came about: TiDB shows fewer digits of it than of other quotients. */
function withDigitsOfZero(value: Constant['value'], of: RowExpression): Constant['value'] {
  if (!(value instanceof Decimal) || value.unscaled !== 0n) return value;
  return new Decimal(0n, Math.min(value.scale, shapeOf(of).scaleOfZero));
}

function caseOf({ operand, branches, otherwise }: Case, context: BindContext, binder: Binder): Bound {
  const subject = operand === undefined ? undefined : binder.value(operand, context);
  const whens = branches.map(({ when }) =>
    subject === undefined
      ? binder.truth(when, context)
      : binder.equal([subject, binder.value(when, context)], when, context),
  );
  const thens = branches.map(({ then }) => binder.value(then, context));
  if (otherwise === undefined && branches.at(-1)?.then.kind === 'null') {
    return refused('TiDB takes the last condition of a CASE that ends in THEN NULL for its ELSE');
  }
  const last = otherwise === undefined ? NULL_CONSTANT : binder.value(otherwise, context);
  return bindCase(whens, thens, last);
}

function callOf(node: Call, source: string, context: BindContext, binder: Binder): Bound {
  const { settings = DEFAULT_SETTINGS } = context.comparison;
  const { name, args } = node;
  const operand = (at: number): RowExpression => {
    const argument = args[at];
    if (argument === undefined) throw refuse(context.text, node, `${name} of ${args.length} operands`);
    return binder.value(argument, context);
  };
  const operands = (): readonly RowExpression[] => args.map((argument) => binder.value(argument, context));
  if (isStringFunction(name)) return bindStringCall(name, operands(), source);
  switch (name) {
    case 'IF': {
      const [condition] = args;
      if (condition === undefined) return refused('IF of nothing');
      return bindCase([binder.truth(condition, context)], [operand(1)], operand(2));
    }
    case 'IFNULL':
    case 'COALESCE':
      return bindCoalesce(operands(), name === 'IFNULL' ? 'case' : 'coalesce', source);
    case 'NULLIF': {
      const [left, right] = [operand(0), operand(1)];
      return bindCase([binder.equal([left, right], node, context)], [NULL_CONSTANT], left);
    }
    case 'ISNULL':
      return { kind: 'isNull', operand: operand(0) };
    case 'MOD':
      return bindArithmetic('modulo', [operand(0), operand(1)], source, settings);
    case 'ABS':
    case 'SIGN':
    case 'FLOOR':
      return bindUnaryNumber(
        ({ ABS: 'abs', SIGN: 'sign', FLOOR: 'floor' } as const)[name],
        operand(0),
        source,
      );
    case 'CEIL':
    case 'CEILING':
      return bindUnaryNumber('ceil', operand(0), source);
    case 'ROUND':
      return bindRounding('round', operand(0), args.length > 1 ? operand(1) : undefined, source);
    case 'TRUNCATE':
      return bindRounding('truncate', operand(0), operand(1), source);
    case 'GREATEST':
    case 'LEAST':
      return bindExtreme(name === 'GREATEST' ? 'greatest' : 'least', operands(), source);
    case 'LTRIM':
      return bindStringCall('TRIMLEADING', [operand(0), SPACE], source);
    case 'RTRIM':
      return bindStringCall('TRIMTRAILING', [operand(0), SPACE], source);
    case 'YEAR':
    case 'MONTH':
    case 'DAY':
    case 'DAYOFMONTH':
    case 'HOUR':
    case 'MINUTE':
    case 'SECOND':
      return timePart(name, onWallClock(operand(0), context, source), source);
    case 'DATE':
      return dayOf(onWallClock(operand(0), context, source), settings.sqlMode);
    default:
      return refused(reasonFor(node));
  }
}

const PARTS = {
  YEAR: { name: 'year', flen: 4 },
  MONTH: { name: 'month', flen: 2 },
  DAY: { name: 'day', flen: 2 },
  DAYOFMONTH: { name: 'day', flen: 2 },
  HOUR: { name: 'hour', flen: 3 },
  MINUTE: { name: 'minute', flen: 2 },
  SECOND: { name: 'second', flen: 2 },
} as const;

/** A TIMESTAMP as a DATETIME of the pinned time zone, if that has one offset for ever; anything else as it is. */
function onWallClock(operand: RowExpression, { comparison }: BindContext, source: string): RowExpression {
  const type = typeOf(operand);
  const { offsetMinutes } = comparison;
  if (type.tp !== MysqlType.timestamp || offsetMinutes === undefined) return operand;
  const minutes: Constant = { kind: 'constant', value: BigInt(offsetMinutes), type: integerType() };
  const datetime = plainType(MysqlType.datetime, type.flen, type.decimal, 0);
  return {
    kind: 'call',
    function: 'wallClock',
    operands: [operand, minutes],
    type: datetime,
    scale: 0,
    source,
  };
}

function timePart(unit: string, operand: RowExpression, source: string): Bound {
  const part = Object.entries(PARTS).find(([name]) => name === unit)?.[1];
  if (part === undefined) return refused(`the part ${unit} of a moment is not supported yet`);
  const type = integerType(false, part.flen);
  if (isNullLiteral(operand)) return nullOf(type);
  if (valueClassOf(typeOf(operand)) !== 'moment') {
    return refused(`${unit} of a ${typeName(typeOf(operand))} is not supported yet`);
  }
  return { kind: 'call', function: part.name, operands: [operand], type, scale: 0, source };
}

/** `DATE(x)`: with NO_ZERO_DATE, the zero date is none. */
function dayOf(operand: RowExpression, sqlMode: string): Bound {
  const type = plainType(MysqlType.date, 10, 0, 0);
  if (isNullLiteral(operand)) return nullOf(type);
  if (valueClassOf(typeOf(operand)) !== 'moment') {
    return refused(`DATE of a ${typeName(typeOf(operand))} is not supported yet`);
  }
  const day = cast(operand, type, 0);
  if (!/NO_ZERO_DATE/i.test(sqlMode)) return day;
  const zero: Constant = { kind: 'constant', value: 0n, type: typeOf(operand) };
  const isZero: RowExpression = {
    kind: 'compare',
    operator: '=',
    domain: { kind: 'time' },
    left: operand,
    right: zero,
  };
  return { kind: 'case', branches: [{ when: isZero, then: nullOf(type) }], otherwise: day, type, scale: 0 };
}
