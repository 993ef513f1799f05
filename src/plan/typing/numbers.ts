/**
 * Functions of numbers.
 *
 * @see pingcap/tidb pkg/expression/builtin_math.go, builtin_compare.go (greatest, least)
 */
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../../dataflow/expression.js';
import {
  type Bound,
  call,
  decimalType,
  firstRefusal,
  integerType,
  isRefused,
  realType,
  refused,
} from './bound.js';
import { asReal, hasHiddenDigits, numberKindOf } from './conversion.js';
import { shapeOf } from './decimal-shape.js';
import { mergeTypes } from './merge-types.js';
import { typeName, valueClassOf } from './value-class.js';

/** More digits than an integer of 64 bits surely has. */
const INTEGER_DIGITS = 18;

/** ABS, SIGN, CEIL and FLOOR. */
export function bindUnaryNumber(
  name: 'abs' | 'sign' | 'ceil' | 'floor',
  operand: RowExpression,
  source: string,
): Bound {
  const type = typeOf(operand);
  const kind = ownKind(type);
  if (kind === undefined) return unsupported(name, type);
  if (kind === 'real') {
    const real = asReal(operand);
    if (isRefused(real)) return real;
    return call(name, [real], name === 'sign' ? integerType() : realType(), { source });
  }
  const isUnsigned = hasFlag(type, FieldFlag.unsigned);
  switch (name) {
    case 'sign':
      if (hasHiddenDigits(operand)) return refused('SIGN of a quotient is not supported yet');
      return call(name, [operand], integerType(), { source });
    case 'abs':
      return kind === 'integer'
        ? call(name, [operand], integerType(isUnsigned, type.flen), { source })
        : call(name, [operand], decimalType(type.flen, type.decimal), { scale: scaleOf(operand), source });
    case 'ceil':
    case 'floor': {
      if (kind === 'integer') return call(name, [operand], integerType(isUnsigned), { source });
      const isWide = type.flen - type.decimal > INTEGER_DIGITS;
      if (!isWide && shapeOf(operand).digits > INTEGER_DIGITS) {
        return refused('its value may have more digits than its type says');
      }
      return call(name, [operand], isWide ? decimalType(type.flen, 0) : integerType(), { source });
    }
  }
}

/** The kind of number that a type is of its own, or that a string is read as. */
function ownKind(type: FieldType): 'integer' | 'decimal' | 'real' | undefined {
  const valueClass = valueClassOf(type);
  return valueClass === 'moment' || valueClass === 'null' ? undefined : numberKindOf(type);
}

function unsupported(name: string, type: FieldType): Bound {
  return refused(`${name.toUpperCase()} of a ${typeName(type)} is not supported yet`);
}

/** ROUND and TRUNCATE. */
export function bindRounding(
  name: 'round' | 'truncate',
  operand: RowExpression,
  digits: RowExpression | undefined,
  source: string,
): Bound {
  const type = typeOf(operand);
  const kind = ownKind(type);
  if (kind === undefined) return unsupported(name, type);
  if (digits !== undefined && (digits.kind !== 'constant' || typeof digits.value !== 'bigint')) {
    return refused('the number of digits is no integer literal');
  }
  const places = digits?.kind === 'constant' && typeof digits.value === 'bigint' ? Number(digits.value) : 0;
  if (places < -INTEGER_DIGITS || places > 30) return refused(`${places} digits are not supported`);
  const operands = digits === undefined ? [operand] : [operand, digits];
  const unsigned = type.flag & FieldFlag.unsigned;
  if (kind === 'real') {
    const real = asReal(operand);
    if (isRefused(real)) return real;
    const rest = operands.slice(1);
    return call(name, [real, ...rest], { ...realType(), flag: realType().flag | unsigned }, { source });
  }
  if (kind === 'integer') return call(name, operands, integerType(unsigned !== 0), { source });
  if (hasHiddenDigits(operand) && !(operand.kind === 'call' && operand.function === 'divide'))
    return refused('how many digits of a quotient are rounded depends on where it comes from');
  const decimal = Math.max(places, 0);
  const flen =
    name === 'round' ? type.flen + Math.max(decimal - type.decimal, 0) : type.flen - type.decimal + decimal;
  // Digits that were hidden come to light when more of them are asked for.
  return call(name, operands, decimalType(flen, decimal, unsigned), { source });
}

/** GREATEST and LEAST of numbers. */
export function bindExtreme(
  name: 'greatest' | 'least',
  operands: readonly RowExpression[],
  source: string,
): Bound {
  const types = operands.map(typeOf);
  const odd = types.find((type) => !['integer', 'decimal', 'real'].includes(valueClassOf(type)));
  if (odd !== undefined) return unsupported(name, odd);
  const merged = mergeTypes(types, 'case');
  if (merged.kind === 'refused') return merged;
  const { type } = merged;
  if (valueClassOf(type) === 'real') {
    const reals = operands.map(asReal);
    return firstRefusal(reals) ?? call(name, reals as RowExpression[], realType(), { source });
  }
  const scales = operands.map(scaleOf);
  if (new Set(types.map(({ decimal }) => decimal)).size < new Set(scales).size) {
    return refused('quotients are compared with other numbers');
  }
  if (
    types.some((it) => it.tp === MysqlType.longlong && hasFlag(it, FieldFlag.unsigned)) &&
    valueClassOf(type) === 'integer'
  ) {
    return refused('TiDB compares BIGINT UNSIGNED values as if they had a sign');
  }
  if (valueClassOf(type) === 'decimal') {
    return call(name, operands, decimalType(type.flen, type.decimal), { scale: Math.max(...scales), source });
  }
  return call(name, operands, integerType(hasFlag(type, FieldFlag.unsigned)), { source });
}
