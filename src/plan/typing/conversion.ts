/**
 * Conversions that TiDB does without being asked, made visible as casts.
 *
 * @see pingcap/tidb pkg/expression/builtin_cast.go (WrapWithCastAs…)
 */
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../../dataflow/expression.js';
import {
  type Bound,
  NUMBER_COLLATION,
  decimalType,
  integerType,
  isNullLiteral,
  nullOf,
  realType,
  refused,
} from './bound.js';
import { shapeOf } from './decimal-shape.js';
import { type ValueClass, typeName, valueClassOf } from './value-class.js';

/** What arithmetic computes with. */
export type NumberKind = 'integer' | 'decimal' | 'real';

/** As which kind of number TiDB takes a value; undefined: not proven. */
export function numberKindOf(type: FieldType): NumberKind | undefined {
  const valueClass = valueClassOf(type);
  switch (valueClass) {
    case 'integer':
    case 'year':
      return 'integer';
    case 'decimal':
    case 'real':
      return valueClass;
    case 'string':
    case 'null':
      return 'real';
    case 'moment':
      return type.decimal > 0 ? undefined : 'integer';
    default:
      return undefined;
  }
}

/** The class of an expression; a TIMESTAMP where it is read in UTC is a moment like others. */
export function classOf(expression: RowExpression): ValueClass {
  return valueClassOf(typeOf(expression));
}

/** A value as a double. */
export function asReal(expression: RowExpression): Bound {
  const from = typeOf(expression);
  if (isNullLiteral(expression)) return nullOf(realType());
  if (hasHiddenDigits(expression)) {
    return refused('how many digits of a quotient go into a floating-point number depends on its value');
  }
  const valueClass = classOf(expression);
  switch (valueClass) {
    case 'real':
      return expression;
    case 'integer':
    case 'year':
    case 'decimal':
    case 'moment':
      return numberKindOf(from) === undefined
        ? cannot(expression, 'a number')
        : cast(expression, { ...realType(), flag: realType().flag | (from.flag & FieldFlag.unsigned) }, 0);
    case 'string':
      return isText(from) ? cast(expression, realType(), 0) : cannot(expression, 'a number');
    default:
      return cannot(expression, 'a number');
  }
}

/** Whether TiDB computes an expression with more digits than its type shows. */
export function hasHiddenDigits(expression: RowExpression): boolean {
  const type = typeOf(expression);
  return type.tp === MysqlType.newdecimal && scaleOf(expression) > Math.max(type.decimal, 0);
}

/** A value as an integer, rounded if it is none. */
export function asInteger(expression: RowExpression): Bound {
  const from = typeOf(expression);
  if (isNullLiteral(expression)) return nullOf(integerType());
  switch (classOf(expression)) {
    case 'integer':
    case 'year':
      return expression;
    case 'decimal':
    case 'real':
    case 'moment':
      return numberKindOf(from) === undefined
        ? cannot(expression, 'an integer')
        : cast(expression, integerType(hasFlag(from, FieldFlag.unsigned)), 0);
    case 'string':
      return isText(from) ? cast(expression, integerType(), 0) : cannot(expression, 'an integer');
    default:
      return cannot(expression, 'an integer');
  }
}

/** A value as an exact number; integers stay as they are. */
export function asExact(expression: RowExpression): Bound {
  if (isNullLiteral(expression)) return nullOf(decimalType(10, 0));
  switch (classOf(expression)) {
    case 'integer':
    case 'year':
    case 'decimal':
      return expression;
    case 'moment':
      return asInteger(expression);
    default:
      return cannot(expression, 'an exact number');
  }
}

/** A value as text in UTF-8. */
export function asText(expression: RowExpression): Bound {
  const from = typeOf(expression);
  const type = textType(NUMBER_COLLATION);
  if (isNullLiteral(expression)) return nullOf(type);
  switch (classOf(expression)) {
    case 'string':
      return isText(from)
        ? expression
        : refused(`strings of the character set ${from.charset} are not supported here`);
    case 'decimal': {
      const { scale, scaleMin, scaleOfZero } = shapeOf(expression);
      if (scaleMin !== scale || scaleOfZero !== scale) {
        return refused('how many digits the text of a quotient has depends on its value');
      }
      // TiDB leaves room for a sign, a point and a zero before it, and cuts off the digits that the type does not show.
      return cast(expression, { ...type, flen: from.flen + 3 }, 0);
    }
    case 'integer':
    case 'moment':
    case 'duration':
      return cast(expression, type, 0);
    case 'real':
      return from.tp === MysqlType.float
        ? refused('the text of a FLOAT is not supported yet')
        : cast(expression, type, 0);
    default:
      return cannot(expression, 'a string');
  }
}

/** The type of texts. */
export function textType(collation: string, flen = -1): FieldType {
  return {
    tp: MysqlType.varString,
    flag: 0,
    flen,
    decimal: -1,
    charset: collation.split('_')[0] ?? 'utf8mb4',
    collate: collation,
    elems: [],
  };
}

/** Whether a string is of characters in UTF-8. */
export function isText(type: FieldType): boolean {
  return type.charset === 'utf8mb4' || type.charset === 'utf8';
}

/** A conversion that nobody wrote. */
export function cast(operand: RowExpression, type: FieldType, scale: number): RowExpression {
  return { kind: 'cast', operand, type, scale, source: '' };
}

function cannot(expression: RowExpression, what: string): Bound {
  return refused(`a value of type ${typeName(typeOf(expression))} is taken for ${what}`);
}
