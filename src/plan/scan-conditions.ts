/**
 * What of the tests above a scan TiKV can do while it scans the table for a build. Only saves work: the circuit tests
 * everything again. A condition must never turn away a row that the filter would let pass, so whatever is not a
 * plain comparison of a column with a constant of its own kind stays here.
 */
import { unreachable } from '../base/assert.js';
import type { Datum } from '../codec/datum.js';
import { Decimal } from '../codec/decimal.js';
import { type FieldType, MysqlType, isUnsigned } from '../codec/field-type.js';
import { unpackTime } from '../codec/packed-time.js';
import type {
  Comparison,
  ComparisonDomain,
  Constant,
  InputColumn,
  RowExpression,
} from '../dataflow/expression.js';
import {
  type ComparisonOp,
  type Condition,
  type Constant as ScanConstant,
  comparisonKindOf,
} from '../tikv/coprocessor/condition.js';

/**
 * Conditions on a scan, all of which its rows meet.
 *
 * @param tests - over the scan's columns, all of which must be true.
 */
export function scanConditions(tests: readonly RowExpression[]): readonly Condition[] {
  return tests.flatMap((test) => conditionOf(test) ?? []);
}

/** The whole test as a condition; undefined: TiKV is not asked. */
function conditionOf(test: RowExpression): Condition | undefined {
  switch (test.kind) {
    case 'compare':
      return comparisonOf(test);
    case 'in': {
      if (test.operand.kind !== 'column') return undefined;
      const { operand, domain } = test;
      const values = test.values.map((value) => scanConstant(operand, value, domain));
      // A NULL in the list only makes a "no" of a NULL, and neither passes.
      const present = values.filter((value) => value !== undefined);
      const isWhole = present.length === test.values.filter(({ value }) => value !== null).length;
      return isWhole && present.length > 0
        ? { kind: 'in', column: operand.index, values: present }
        : undefined;
    }
    case 'isNull':
      return nullTestOf(test.operand);
    case 'not': {
      const inner = test.operand.kind === 'isNull' ? nullTestOf(test.operand.operand) : undefined;
      return inner === undefined ? undefined : { kind: 'not', condition: inner };
    }
    case 'and':
    case 'or': {
      const conditions = test.operands.map(conditionOf).filter((it) => it !== undefined);
      const isWhole = conditions.length === test.operands.length;
      return isWhole ? { kind: test.kind, conditions } : undefined;
    }
    case 'column':
    case 'constant':
    case 'like':
    case 'isTruth':
    case 'xor':
    case 'call':
    case 'case':
    case 'cast':
      return undefined;
    default:
      return unreachable(test);
  }
}

function nullTestOf(operand: RowExpression): Condition | undefined {
  if (operand.kind !== 'column' || comparisonKindOf(operand.type) === undefined) return undefined;
  return { kind: 'isNull', column: operand.index };
}

const MIRRORED: Readonly<Record<ComparisonOp, ComparisonOp>> = {
  '=': '=',
  '<>': '<>',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function comparisonOf({ operator, left, right, domain }: Comparison): Condition | undefined {
  if (operator === '<=>') return undefined;
  const [column, constant] = left.kind === 'column' ? [left, right] : [right, left];
  if (column.kind !== 'column' || constant.kind !== 'constant') return undefined;
  const value = scanConstant(column, constant, domain);
  if (value === undefined) return undefined;
  return {
    kind: 'compare',
    op: column === left ? operator : MIRRORED[operator],
    column: column.index,
    value,
  };
}

/** A constant as TiKV compares it with the column; undefined: of another kind than the column, or finer. */
function scanConstant(
  { type }: InputColumn,
  constant: Constant,
  domain: ComparisonDomain,
): ScanConstant | undefined {
  const kind = comparisonKindOf(type);
  const { value } = constant;
  // Integers beside decimals, and years, are converted; that is left to the circuit.
  if (type.tp === MysqlType.year || value === null || domainKind(domain) !== kind) return undefined;
  switch (kind) {
    case 'int':
      return typeof value === 'bigint' ? { kind, value, isUnsigned: isUnsigned(constant.type) } : undefined;
    case 'real':
      return typeof value === 'number' ? { kind, value } : undefined;
    case 'decimal':
      return decimalOf(value);
    case 'string':
      return value instanceof Uint8Array ? { kind, value } : undefined;
    case 'time':
      return typeof value === 'bigint' && fitsMoment(value, type) ? { kind, packed: value } : undefined;
    case 'duration':
      return typeof value === 'bigint' && isWhole(value / 1000n, type)
        ? { kind, nanoseconds: value }
        : undefined;
  }
}

function domainKind({ kind }: ComparisonDomain): ScanConstant['kind'] {
  return kind === 'integer' ? 'int' : kind;
}

function decimalOf(value: Exclude<Datum, null>): ScanConstant | undefined {
  const exact = typeof value === 'bigint' ? new Decimal(value, 0) : value;
  return exact instanceof Decimal ? { kind: 'decimal', value: exact } : undefined;
}

/** Whether TiKV, which takes a constant for a value of the column's type, would read all of it. */
function fitsMoment(packed: bigint, type: FieldType): boolean {
  const { hour, minute, second, microsecond } = unpackTime(packed);
  if (type.tp === MysqlType.date || type.tp === MysqlType.newdate)
    return hour + minute + second + microsecond === 0;
  return isWhole(BigInt(microsecond), type);
}

/** Whether microseconds are a multiple of the least that the type tells apart. */
function isWhole(microseconds: bigint, type: FieldType): boolean {
  return microseconds % 10n ** BigInt(6 - Math.max(type.decimal, 0)) === 0n;
}
