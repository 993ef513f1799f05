/**
 * The conditions that our client pushes down (src/tikv/coprocessor/condition-encoder.ts): comparisons of a column with
 * constants, and their logic, in three values.
 *
 * @see tikv/tikv components/tidb_query_expr/src/{impl_compare,impl_compare_in,impl_op}.rs
 */
import { assert, present } from '../../../base/assert.js';
import { concatBytes } from '../../../base/bytes.js';
import { ByteReader } from '../../../codec/byte-reader.js';
import { cellAt } from '../../../codec/cell.js';
import { type Collation, collationOf } from '../../../codec/collation.js';
import type { Column } from '../../../codec/column.js';
import type { Datum } from '../../../codec/datum.js';
import { Decimal } from '../../../codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType } from '../../../codec/field-type.js';
import { Flag, readFlagged } from '../../../codec/flagged-datum.js';
import { readComparableI64 } from '../../../codec/memcomparable.js';
import { collationName } from '../../../tikv/coprocessor/collation-id.js';
import type { ComparisonOp } from '../../../tikv/coprocessor/condition.js';
import type { ExprMessage } from '../../../tikv/coprocessor/cop-types.js';
import {
  COMPARISON,
  ExprType,
  IN,
  IS_NULL,
  KIND_OFFSET,
  LOGICAL_AND,
  LOGICAL_OR,
  UNARY_NOT_INT,
} from '../../../tikv/coprocessor/expression-codes.js';
import { notServed } from './plan-error.js';

/** A condition on a row of columns: true, false, or null for SQL's "unknown". */
export type Predicate = (columns: readonly Column[], row: number) => boolean | null;

type Value = (columns: readonly Column[], row: number) => Datum;

/**
 * Compiles a condition.
 *
 * @param types - of the columns.
 * @throws PlanError — it is none of those that are served.
 */
export function compilePredicate(expression: ExprMessage, types: readonly FieldType[]): Predicate {
  if (expression.tp !== ExprType.scalarFunc) return notServed(`a condition of kind ${expression.tp}`);
  const { sig = 0, children = [] } = expression;
  const inner = (at: number): Predicate => compilePredicate(childAt(children, at), types);
  switch (sig) {
    case LOGICAL_AND:
      return and(inner(0), inner(1));
    case LOGICAL_OR:
      return or(inner(0), inner(1));
    case UNARY_NOT_INT:
      return not(inner(0));
    default:
      break;
  }
  if (Object.values(IS_NULL).includes(sig)) {
    const value = compileValue(childAt(children, 0), types);
    return (columns, row) => value(columns, row) === null;
  }
  const collation = collationOfId(expression.fieldType?.collate ?? 0);
  const isKind = (offset: number): boolean => Object.values(KIND_OFFSET).includes(offset);
  if (isKind(sig - IN)) {
    const [value, ...wanted] = children.map((child) => compileValue(child, types));
    return isIn(present(value, 'IN without operands'), wanted, collation);
  }
  for (const op of OPERATORS) {
    if (!isKind(sig - COMPARISON[op])) continue;
    const [left, right] = [childAt(children, 0), childAt(children, 1)].map((child) =>
      compileValue(child, types),
    );
    return compare(op, present(left, 'a left side'), present(right, 'a right side'), collation);
  }
  return notServed(`expression ${sig}`);
}

const OPERATORS: readonly ComparisonOp[] = ['<', '<=', '>', '>=', '=', '<>'];

function compileValue(expression: ExprMessage, types: readonly FieldType[]): Value {
  const { tp, val = new Uint8Array(0) } = expression;
  if (tp === ExprType.columnRef) {
    const at = Number(readComparableI64(new ByteReader(val)));
    const type = types[at];
    if (type === undefined) return notServed(`column ${at}`);
    return (columns, row) => cellAt(present(columns[at], `no column ${at}`), row, type);
  }
  const constant = readConstant(tp, val);
  return () => constant;
}

/** How constants are encoded: as flagged values without their flags. */
const CONSTANTS: ReadonlyMap<number, { readonly flag: number; readonly type: FieldType }> = new Map([
  [ExprType.int64, { flag: Flag.int, type: typeOf(MysqlType.longlong) }],
  [ExprType.uint64, { flag: Flag.uint, type: typeOf(MysqlType.longlong, FieldFlag.unsigned) }],
  [ExprType.float64, { flag: Flag.float, type: typeOf(MysqlType.double) }],
  [ExprType.decimal, { flag: Flag.decimal, type: typeOf(MysqlType.newdecimal) }],
  [ExprType.duration, { flag: Flag.int, type: typeOf(MysqlType.duration) }],
  [ExprType.time, { flag: Flag.uint, type: typeOf(MysqlType.datetime) }],
]);

function readConstant(tp: number, val: Uint8Array): Datum {
  if (tp === ExprType.string) return val;
  const form = CONSTANTS.get(tp);
  if (form === undefined) return notServed(`a constant of kind ${tp}`);
  return readFlagged(new ByteReader(concatBytes(Uint8Array.of(form.flag), val)), form.type);
}

function typeOf(tp: FieldType['tp'], flag = 0): FieldType {
  return { tp, flag, flen: -1, decimal: -1, charset: 'binary', collate: 'binary', elems: [] };
}

function and(left: Predicate, right: Predicate): Predicate {
  return (columns, row) => {
    const a = left(columns, row);
    if (a === false) return false;
    const b = right(columns, row);
    return b === false ? false : a === null ? null : b;
  };
}

function or(left: Predicate, right: Predicate): Predicate {
  return (columns, row) => {
    const a = left(columns, row);
    if (a === true) return true;
    const b = right(columns, row);
    return b === true ? true : a === null ? null : b;
  };
}

function not(inner: Predicate): Predicate {
  return (columns, row) => {
    const value = inner(columns, row);
    return value === null ? null : !value;
  };
}

function compare(op: ComparisonOp, left: Value, right: Value, collation: Collation): Predicate {
  return (columns, row) => {
    const order = orderOf(left(columns, row), right(columns, row), collation);
    return order === null ? null : holds(op, order);
  };
}

function isIn(value: Value, wanted: readonly Value[], collation: Collation): Predicate {
  return (columns, row) => {
    const datum = value(columns, row);
    let isUnknown = false;
    for (const one of wanted) {
      const order = orderOf(datum, one(columns, row), collation);
      if (order === 0) return true;
      isUnknown ||= order === null;
    }
    return isUnknown ? null : false;
  };
}

function holds(op: ComparisonOp, order: number): boolean {
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
  }
}

/** null: one of them is NULL. */
function orderOf(a: Datum, b: Datum, collation: Collation): number | null {
  if (a === null || b === null) return null;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return collation.compare(a, b);
  if (a instanceof Decimal && b instanceof Decimal) return a.compare(b);
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  assert(typeof a === 'bigint' && typeof b === 'bigint', `a ${typeof a} is compared with a ${typeof b}`);
  return a < b ? -1 : a > b ? 1 : 0;
}

function collationOfId(id: number): Collation {
  const name = collationName(id);
  return name === undefined ? notServed(`collation ${id}`) : collationOf(name, id < 0);
}

function childAt(children: readonly ExprMessage[], at: number): ExprMessage {
  return children[at] ?? notServed('an expression without its operands');
}
