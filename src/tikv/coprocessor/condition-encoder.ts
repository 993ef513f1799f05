/**
 * Conditions as TiKV's expressions. A comparison has a signature for each kind of value; strings are compared by the
 * collation in the type of the *function*, not of its arguments; integers by the signedness of both arguments.
 *
 * @see pingcap/tidb pkg/expression/expr_to_pb.go, pingcap/tipb proto/expression.proto
 */
import { assert, present, unreachable } from '../../base/assert.js';
import { ByteWriter } from '../../base/byte-writer.js';
import { type Decimal, digitCount } from '../../codec/decimal.js';
import { DecimalWriter } from '../../codec/decimal-binary.js';
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import { writeComparableFloat, writeComparableI64 } from '../../codec/memcomparable.js';
import { collationId } from './collation-id.js';
import { type Condition, type Constant, comparisonKindOf } from './condition.js';
import type { ExprMessage, FieldTypeMessage } from './cop-types.js';
import {
  COMPARISON,
  ExprType,
  IN,
  IS_NULL,
  KIND_OFFSET,
  LOGICAL_AND,
  LOGICAL_OR,
  UNARY_NOT_INT,
} from './expression-codes.js';

/** What conditions are about. */
export interface ConditionScope {
  /** The types of the scan's columns. */
  readonly types: readonly FieldType[];
  readonly usesNewCollation: boolean;
}

/** A condition as an expression over the scan's columns. */
export function encodeCondition(condition: Condition, scope: ConditionScope): ExprMessage {
  return new ConditionEncoder(scope).encode(condition);
}

class ConditionEncoder {
  readonly #scope: ConditionScope;

  constructor(scope: ConditionScope) {
    this.#scope = scope;
  }

  encode(condition: Condition): ExprMessage {
    switch (condition.kind) {
      case 'compare':
        return this.#comparison(COMPARISON[condition.op], condition.column, [condition.value]);
      case 'in':
        assert(condition.values.length > 0, 'IN without values');
        return this.#comparison(IN, condition.column, condition.values);
      case 'isNull':
        return this.#predicate(IS_NULL[this.#kindOf(condition.column)], [this.#reference(condition.column)]);
      case 'not':
        return this.#predicate(UNARY_NOT_INT, [this.encode(condition.condition)]);
      case 'and':
        return this.#joined(LOGICAL_AND, condition.conditions);
      case 'or':
        return this.#joined(LOGICAL_OR, condition.conditions);
      default:
        return unreachable(condition);
    }
  }

  #comparison(signature: number, column: number, values: readonly Constant[]): ExprMessage {
    const kind = this.#kindOf(column);
    const columnType = this.#fieldType(column);
    const constants = values.map((value) => {
      assert(value.kind === kind, `a ${kind} column is compared with a ${value.kind}`);
      return constant(value, columnType);
    });
    return this.#predicate(
      signature + KIND_OFFSET[kind],
      [this.#reference(column), ...constants],
      columnType.collate,
    );
  }

  #joined(signature: number, conditions: readonly Condition[]): ExprMessage {
    const [first, ...others] = conditions.map((condition) => this.encode(condition));
    return others.reduce(
      (left, right) => this.#predicate(signature, [left, right]),
      present(first, 'a conjunction or disjunction of nothing'),
    );
  }

  #predicate(
    sig: number,
    children: readonly ExprMessage[],
    collate = this.#collation('binary'),
  ): ExprMessage {
    const fieldType = {
      tp: MysqlType.longlong,
      flag: FieldFlag.binary,
      flen: 1,
      decimal: 0,
      charset: 'binary',
    };
    return { tp: ExprType.scalarFunc, sig, children, fieldType: { ...fieldType, collate } };
  }

  #reference(column: number): ExprMessage {
    return { tp: ExprType.columnRef, val: int64(BigInt(column)), fieldType: this.#fieldType(column) };
  }

  #fieldType(column: number): FieldTypeMessage {
    const { tp, flag, flen, decimal, charset, collate } = this.#typeOf(column);
    return { tp, flag, flen, decimal, charset, collate: this.#collation(collate) };
  }

  #kindOf(column: number): Constant['kind'] {
    const type = this.#typeOf(column);
    return present(comparisonKindOf(type), `columns of type ${type.tp} are not compared by TiKV`);
  }

  #typeOf(column: number): FieldType {
    return present(this.#scope.types[column], `no column ${column}`);
  }

  #collation(name: string): number {
    return collationId(name, this.#scope.usesNewCollation);
  }
}

function constant(value: Constant, columnType: FieldTypeMessage): ExprMessage {
  switch (value.kind) {
    case 'int': {
      const flag = FieldFlag.binary | (value.isUnsigned ? FieldFlag.unsigned : 0);
      const fieldType = { ...columnType, tp: MysqlType.longlong, flag, flen: 20, decimal: 0 };
      return value.isUnsigned
        ? { tp: ExprType.uint64, val: uint64(value.value), fieldType }
        : { tp: ExprType.int64, val: int64(value.value), fieldType };
    }
    case 'real': {
      const fieldType = { ...columnType, tp: MysqlType.double };
      return { tp: ExprType.float64, val: float64(value.value), fieldType };
    }
    case 'decimal':
      return { tp: ExprType.decimal, val: decimal(value.value), fieldType: columnType };
    case 'string':
      return { tp: ExprType.string, val: value.value, fieldType: columnType };
    case 'time':
      return { tp: ExprType.time, val: uint64(value.packed), fieldType: columnType };
    case 'duration':
      return { tp: ExprType.duration, val: int64(value.nanoseconds), fieldType: columnType };
    default:
      return unreachable(value);
  }
}

/** Eight bytes that compare as the numbers do. */
function int64(value: bigint): Uint8Array {
  const out = new ByteWriter(8);
  writeComparableI64(out, value);
  return out.take();
}

function uint64(value: bigint): Uint8Array {
  return new ByteWriter(8).u64be(value).take();
}

function float64(value: number): Uint8Array {
  const out = new ByteWriter(8);
  writeComparableFloat(out, value);
  return out.take();
}

/** In the least precision that holds it. */
function decimal(value: Decimal): Uint8Array {
  const out = new ByteWriter();
  const precision = Math.max(digitCount(value.unscaled), value.scale, 1);
  const isWritten = new DecimalWriter({ precision, scale: value.scale }).write(
    out,
    value.unscaled,
    value.scale,
  );
  assert(isWritten, `a decimal of ${precision} digits does not fit itself`);
  return out.take();
}
