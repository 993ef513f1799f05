/**
 * The distinct values of one or several operands by group, for COUNT, SUM and AVG with DISTINCT: one double of the
 * group counts them, and a sum hears of those that come and go.
 */
import { assert } from '../../../base/assert.js';
import { type BytesColumn, type Column, isNullAt } from '../../../codec/column.js';
import type { FieldType } from '../../../codec/field-type.js';
import { keyColumnCodec } from '../../state/key-columns.js';
import { WordBatch, WordCodec } from '../../state/word-codec.js';
import type { AggregateSpec } from '../../view-spec.js';
import { operandOf } from './accumulator.js';
import type { ExactSum } from './exact-sum.js';
import type { GroupTable } from './group-table.js';
import { type OrderedValue, doubleOf, highHalf, lowHalf, readBytes, valueReader } from './ordered-value.js';
import { OrderedValues, type ValueOperand } from './ordered-values.js';
import type { RealSum } from './real-sum.js';

/** A sum of distinct values. */
export type DistinctSum =
  | { readonly kind: 'exact'; readonly sum: ExactSum; readonly isUnsigned: boolean }
  | { readonly kind: 'real'; readonly sum: RealSum };

/**
 * Distinct values.
 *
 * @param at - the double that counts them.
 */
export function distinctValues(
  groups: GroupTable,
  at: number,
  operand: ValueOperand,
  sum: DistinctSum | undefined,
): OrderedValues {
  return new OrderedValues(groups, operand, (place, value, sign) => {
    groups.add(place, at, sign);
    if (sum?.kind === 'exact') sum.sum.addWide(place, exactValue(value, sum.isUnsigned), sign);
    else if (sum?.kind === 'real') sum.sum.addValue(place, doubleOf(value.high, value.low), sign);
  });
}

function exactValue({ high, low, big }: OrderedValue, isUnsigned: boolean): bigint {
  if (typeof big === 'bigint') return big;
  const value = (BigInt(highHalf(high, isUnsigned)) << 32n) | BigInt(lowHalf(low) >>> 0);
  return isUnsigned ? BigInt.asUintN(64, value) : value;
}

/** Where the values of an aggregate with DISTINCT come from. */
export function distinctOperand(
  { operands, domains }: AggregateSpec,
  input: readonly FieldType[],
): ValueOperand {
  const types = operands.map((index) => typeAt(input, index));
  assert(
    operands.length > 0 && domains.length === operands.length,
    'an aggregate with DISTINCT without operands',
  );
  const [index, type, domain] = [operands[0]!, types[0]!, domains[0]!];
  if (operands.length === 1)
    return { columnOf: (columns) => operandOf(columns, index), read: valueReader(type, domain, true) };
  const codecs = types.map((each, i) => keyColumnCodec(each, domains[i]!));
  const codec = new WordCodec(
    codecs.map(({ shape }) => shape),
    false,
  );
  const columnOf = (columns: readonly Column[], rows: number): Column => {
    const parts = operands.map((k, i) => codecs[i]!.convert(operandOf(columns, k), rows));
    return tuples(codec, parts, rows);
  };
  return { columnOf, read: readTuple };
}

/** The tuples of some columns as bytes, NULL if one of the cells is. */
function tuples(codec: WordCodec, columns: readonly Column[], rows: number): BytesColumn {
  const batch = new WordBatch();
  codec.pack(columns, 0, rows, batch);
  const offsets = new Uint32Array(rows + 1);
  for (let row = 0; row <= rows; row++) offsets[row] = batch.offsets[row]! * 4;
  const nulls = new Uint32Array((rows + 31) >>> 5);
  for (let row = 0; row < rows; row++) {
    if (columns.some((column) => isNullAt(column.nulls, row))) nulls[row >>> 5]! |= 1 << (row & 31);
  }
  return { kind: 'bytes', offsets, data: batch.bytes, nulls };
}

function readTuple(column: Column, row: number, out: OrderedValue): void {
  assert(column.kind === 'bytes', `${column.kind} read as tuples`);
  const key = column.data.slice(column.offsets[row], column.offsets[row + 1]);
  readBytes({ key, bytes: key }, out);
}

/** The type of a column. */
export function typeAt(types: readonly FieldType[], index: number): FieldType {
  const type = types[index];
  assert(type !== undefined, `no column ${index} among ${types.length}`);
  return type;
}
