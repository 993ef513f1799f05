/** Comparisons in compiled code, by domain. Whether an operand is NULL has been asked before. */
import { assert, unreachable } from '../../base/assert.js';
import { type Collation, collationOf } from '../../codec/collation.js';
import type { ComparisonDomain, ComparisonOperator, Constant, InputColumn } from '../expression.js';
import { stringComparator, stringTester } from '../kernels/strings.js';
import type { Code } from './code.js';
import { compareHalvesCode, exactComparison, mirrored, numericOperator } from './exact-code.js';
import { ofKind } from './leaf-code.js';
import { type Operand, integerCode, realCode, valueOf } from './operand-code.js';

/** Whether two operands, neither NULL, compare so. */
export function comparisonCode(
  operator: ComparisonOperator,
  domain: ComparisonDomain,
  left: Operand,
  right: Operand,
  code: Code,
): string {
  switch (domain.kind) {
    case 'integer':
    case 'decimal':
      return exactComparison(operator, left, right, code);
    case 'real':
      return `(${realCode(left, code)} ${numericOperator(operator)} ${realCode(right, code)})`;
    case 'time':
    case 'duration':
      return compareHalvesCode(operator, integerCode(left, code), integerCode(right, code));
    case 'string':
      return stringComparison(
        operator,
        collationOf(domain.collation, domain.isNewCollation),
        [left, right],
        code,
      );
    default:
      return unreachable(domain);
  }
}

function stringComparison(
  operator: ComparisonOperator,
  collation: Collation,
  [left, right]: readonly [Operand, Operand],
  code: Code,
): string {
  if (left.kind === 'value' || right.kind === 'value') {
    const [a, b] = [ofKind(valueOf(left, code), 'bytes'), ofKind(valueOf(right, code), 'bytes')];
    const other = `${b.data}.subarray(${b.start}, ${b.end})`;
    const call = `${code.constant(stringComparator(collation))}(${a.data}, ${a.start}, ${a.end}, ${other})`;
    return `(${call} ${numericOperator(operator)} 0)`;
  }
  if (left.kind === 'column' && right.kind === 'column') {
    const other = `d${right.column.index}.subarray(o${right.column.index}[i], o${right.column.index}[i + 1])`;
    cell(right.column, code);
    const call = `${code.constant(stringComparator(collation))}(${cell(left.column, code)}, ${other})`;
    return `(${call} ${numericOperator(operator)} 0)`;
  }
  if (left.kind === 'column' && right.kind === 'constant') {
    return stringAgainst(operator, collation, left.column, right.constant, code);
  }
  if (left.kind === 'constant' && right.kind === 'column') {
    return stringAgainst(mirrored(operator), collation, right.column, left.constant, code);
  }
  assert(left.kind === 'constant' && right.kind === 'constant', 'a test is compared as a string');
  const order = collation.compare(bytesOf(left.constant), bytesOf(right.constant));
  return `(${order} ${numericOperator(operator)} 0)`;
}

function stringAgainst(
  operator: ComparisonOperator,
  collation: Collation,
  column: InputColumn,
  constant: Constant,
  code: Code,
): string {
  const tester = stringTester(collation, bytesOf(constant));
  const numeric = numericOperator(operator);
  const place = cell(column, code);
  if (numeric === '===') return `${code.constant(tester.equals)}(${place})`;
  if (numeric === '!==') return `!${code.constant(tester.equals)}(${place})`;
  return `(${code.constant(tester.compare)}(${place}) ${numeric} 0)`;
}

/** Whether a string, not NULL, has the same sort key as a constant: what IN asks. */
export function sameKeyCode(collation: Collation, operand: Operand, constant: Constant, code: Code): string {
  const bytes = bytesOf(constant);
  if (operand.kind === 'constant') return String(collation.equals(bytesOf(operand.constant), bytes));
  if (operand.kind === 'value') {
    const { data, start, end } = ofKind(operand.value, 'bytes');
    return `${code.constant(stringTester(collation, bytes).hasSameKey)}(${data}, ${start}, ${end})`;
  }
  assert(operand.kind === 'column', 'a test is compared as a string');
  return `${code.constant(stringTester(collation, bytes).hasSameKey)}(${cell(operand.column, code)})`;
}

/** Where a string is: its memory, start and end. */
export function cell({ index, type }: InputColumn, code: Code): string {
  assert(code.column(index, type) === 'bytes', `column ${index} is no string`);
  return `d${index}, o${index}[i], o${index}[i + 1]`;
}

function bytesOf({ value }: Constant): Uint8Array {
  assert(value instanceof Uint8Array, 'a string constant');
  return value;
}
