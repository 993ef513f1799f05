/** Operands of comparisons in compiled code: what is NULL, and the value in the form in which a domain compares. */
import { assert } from '../../base/assert.js';
import { Decimal } from '../../codec/decimal.js';
import { type FieldType, isUnsigned } from '../../codec/field-type.js';
import type { Constant, InputColumn } from '../expression.js';
import { decimalToDouble, exactToDouble } from '../kernels/decimal.js';
import { type Halves, TWO_32, halvesOf } from '../kernels/i64.js';
import { toDouble } from '../kernels/conversions.js';
import { asReal } from './arithmetic-code.js';
import type { Code } from './code.js';
import { columnValue, constantValue, ofKind, truthAsValue } from './leaf-code.js';
import type { Value } from './value.js';

/** An operand of a comparison. */
export type Operand =
  | { readonly kind: 'column'; readonly column: InputColumn }
  /** Never NULL: a comparison with NULL is decided before. */
  | { readonly kind: 'constant'; readonly constant: Constant }
  /** Something true, false or NULL: name of a result that is 1, 0 or 2. */
  | { readonly kind: 'boolean'; readonly name: string }
  /** Anything that is computed. */
  | { readonly kind: 'value'; readonly value: Value; readonly type: FieldType };

/** An integer operand: text of its halves, the low one unsigned, the high one in the operand's own signedness. */
export interface IntegerCode {
  readonly lo: string;
  readonly hi: string;
}

/** Text that says whether the operand is NULL; undefined: it never is. */
export function nullCode(operand: Operand, code: Code): string | undefined {
  switch (operand.kind) {
    case 'column':
      code.column(operand.column.index, operand.column.type);
      return code.isNull(operand.column.index);
    case 'constant':
      return undefined;
    case 'boolean':
      return `(${operand.name} === 2)`;
    case 'value':
      return operand.value.isNull;
  }
}

/** The operand as a value, whatever it is. */
export function valueOf(operand: Operand, code: Code): Value {
  switch (operand.kind) {
    case 'column':
      return columnValue(operand.column, code);
    case 'constant':
      return constantValue(operand.constant, code);
    case 'boolean':
      return truthAsValue(operand.name);
    case 'value':
      return operand.value;
  }
}

/** The operand as an integer. */
export function integerCode(operand: Operand, code: Code): IntegerCode {
  switch (operand.kind) {
    case 'column': {
      const { index, type } = operand.column;
      assert(code.column(index, type) === 'i64', `column ${index} is no integer`);
      return { lo: `(l${index}[i] >>> 0)`, hi: isUnsigned(type) ? `(h${index}[i] >>> 0)` : `h${index}[i]` };
    }
    case 'constant': {
      const { lo, hi } = integerHalves(operand.constant);
      return { lo: String(lo >>> 0), hi: String(isUnsigned(operand.constant.type) ? hi >>> 0 : hi) };
    }
    case 'boolean':
      return { lo: `(${operand.name} & 1)`, hi: '0' };
    case 'value': {
      // A moment's bits have no sign, a duration's have.
      const { lo, hi } = ofKind(operand.value, 'bits');
      return { lo: `(${lo} >>> 0)`, hi: isUnsigned(operand.type) ? `(${hi} >>> 0)` : hi };
    }
  }
}

/** The operand as a double. */
export function realCode(operand: Operand, code: Code): string {
  switch (operand.kind) {
    case 'column': {
      const { index, type } = operand.column;
      const storage = code.column(index, type);
      assert(storage !== 'bytes', `column ${index} is no number`);
      if (storage === 'f64') return `v${index}[i]`;
      if (storage === 'dec') return `${code.constant(exactToDouble)}(c${index}, false, i)`;
      const { lo, hi } = integerCode(operand, code);
      return `(${hi} * ${TWO_32} + ${lo})`;
    }
    case 'constant':
      return code.constant(doubleOf(operand.constant));
    case 'boolean':
      return `(${operand.name} & 1)`;
    case 'value':
      return asReal(operand.value, code, toDouble).number;
  }
}

/** A constant integer's halves. */
export function integerHalves({ value }: Constant): Halves {
  assert(typeof value === 'bigint', 'an integer constant');
  return halvesOf(value);
}

/** A constant as an exact number. */
export function exactOf({ value }: Constant): Decimal {
  if (typeof value === 'bigint') return new Decimal(value, 0);
  assert(value instanceof Decimal, 'an exact constant');
  return value;
}

/** A constant as the nearest double. */
export function doubleOf(constant: Constant): number {
  return typeof constant.value === 'number' ? constant.value : decimalToDouble(exactOf(constant));
}
