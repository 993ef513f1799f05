/**
 * Conversions that somebody wrote: CAST and CONVERT.
 *
 * @see pingcap/tidb pkg/expression/builtin_cast.go, pkg/planner/core/expression_rewriter.go (FuncCastExpr)
 */
import { isString } from '../../codec/string-type.js';
import { FieldFlag, MysqlType, hasFlag } from '../../codec/field-type.js';
import { type RowExpression, typeOf } from '../../dataflow/expression.js';
import type { CastType } from '../../sql/ast/leaf.js';
import {
  type Bound,
  NUMBER_COLLATION,
  type SessionSettings,
  decimalType,
  integerType,
  isNullLiteral,
  isRefused,
  nullOf,
  realType,
  refused,
} from './bound.js';
import { asInteger, asReal, asText, textType } from './conversion.js';
import { asciiText, fractionDigits, momentConstant, momentParts, plainType } from './literal.js';
import { typeName, valueClassOf } from './value-class.js';

/** Binds `CAST(operand AS type)`. */
export function bindCast(
  operand: RowExpression,
  type: CastType,
  source: string,
  settings: SessionSettings,
): Bound {
  if (type.isArray) return refused('casts to arrays are not supported');
  const [length, scale = 0] = type.parameters;
  switch (type.name.toUpperCase()) {
    case 'SIGNED':
    case 'SIGNED INTEGER':
      return written(operand, asInteger(operand), { ...integerType(), flen: 22 }, source);
    case 'UNSIGNED':
    case 'UNSIGNED INTEGER':
      if (valueClassOf(typeOf(operand)) === 'real') {
        return refused('casts of floating-point numbers to UNSIGNED are not supported yet');
      }
      return written(operand, asInteger(operand), { ...integerType(true), flen: 22 }, source);
    case 'DECIMAL':
      return toDecimal(operand, length ?? 10, scale, source);
    case 'DOUBLE':
    case 'REAL':
      return written(operand, asReal(operand), realType(), source);
    case 'CHAR':
      return toChar(operand, type, source, settings);
    case 'DATE':
      return toMoment(operand, 'date', 0, source);
    case 'DATETIME':
      return toMoment(operand, 'datetime', length ?? 0, source);
    default:
      return refused(`casts to ${type.name} are not supported yet`);
  }
}

/** A cast that is possible if the conversion is that TiDB does unasked. */
function written(
  operand: RowExpression,
  possible: Bound,
  type: ReturnType<typeof realType>,
  source: string,
): Bound {
  if (isRefused(possible)) return possible;
  if (isNullLiteral(operand)) return nullOf(type);
  return { kind: 'cast', operand, type, scale: 0, source };
}

/** Digits that TiDB reads of a text: nine words of nine. */
const TEXT_DIGITS = 81;

function toDecimal(operand: RowExpression, flen: number, scale: number, source: string): Bound {
  const type = decimalType(flen, scale);
  if (isNullLiteral(operand)) return nullOf(type);
  if (isString(typeOf(operand)) && (operand.kind !== 'column' || typeOf(operand).flen > TEXT_DIGITS)) {
    return refused(
      'TiDB makes 0 of texts of very many digits; casts of short columns to DECIMAL are supported',
    );
  }
  const isNumber = valueClassOf(typeOf(operand)) === 'decimal';
  const possible = isNumber ? operand : asReal(operand);
  if (isRefused(possible)) return possible;
  if (hasFlag(typeOf(operand), FieldFlag.unsigned) && valueClassOf(typeOf(operand)) === 'real') {
    return refused('casts of unsigned floating-point numbers are not supported yet');
  }
  return { kind: 'cast', operand, type, scale, source };
}

function toChar(
  operand: RowExpression,
  { parameters, charset, isBinary }: CastType,
  source: string,
  settings: SessionSettings,
): Bound {
  if (isBinary) return refused('casts to BINARY strings are not supported yet');
  if (charset !== undefined && charset.toLowerCase() !== 'utf8mb4') {
    return refused(`casts to the character set ${charset} are not supported yet`);
  }
  const [flen = -1] = parameters;
  const isOfString = valueClassOf(typeOf(operand)) === 'string';
  if (isOfString && settings.collation !== NUMBER_COLLATION) {
    return refused('the collation of a string that is cast to CHAR is that of the connection');
  }
  const collation = NUMBER_COLLATION;
  const type = textType(collation, flen);
  if (isNullLiteral(operand)) return nullOf(type);
  const possible = asText(operand);
  if (isRefused(possible)) return possible;
  return { kind: 'cast', operand, type, scale: 0, source };
}

function toMoment(operand: RowExpression, to: 'date' | 'datetime', fsp: number, source: string): Bound {
  const from = typeOf(operand);
  const type = plainType(
    to === 'date' ? MysqlType.date : MysqlType.datetime,
    to === 'date' ? 10 : 19 + (fsp > 0 ? fsp + 1 : 0),
    fsp,
    0,
  );
  if (isNullLiteral(operand)) return nullOf(type);
  if (operand.kind === 'constant') {
    const text = asciiText(operand);
    const parts = text === undefined ? undefined : momentParts(text);
    const isDate = to === 'date';
    if (text !== undefined && parts !== undefined && (isDate || fractionDigits(text) <= fsp)) {
      const day = isDate ? { ...parts, hour: 0, minute: 0, second: 0, microsecond: 0 } : parts;
      return { ...momentConstant(day, type.tp, fsp), type };
    }
  }
  if (valueClassOf(from) !== 'moment')
    return refused(`casts of ${typeName(from)} to ${to.toUpperCase()} are not supported yet`);
  if (Math.max(from.decimal, 0) > (to === 'date' ? 0 : fsp)) {
    return refused('a moment loses digits of its seconds');
  }
  return { kind: 'cast', operand, type, scale: 0, source };
}
