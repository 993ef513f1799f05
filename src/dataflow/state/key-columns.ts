/**
 * Columns made comparable byte by byte: two values are equal in a domain if and only if their cells are the same
 * afterwards. Mostly a column already is, and comes back as it is.
 *
 * Strings become sort keys, numbers of different kinds decimals of one scale or doubles; −0 becomes 0.
 */
import { assert } from '../../base/assert.js';
import { ByteWriter } from '../../base/byte-writer.js';
import { type Collation, collationOf } from '../../codec/collation.js';
import { type BytesColumn, type Column, type F64Column, isNullAt } from '../../codec/column.js';
import { BytesBuilder, DecBuilder, F64Builder } from '../../codec/column-builder.js';
import { powerOfTen } from '../../codec/decimal.js';
import { type FieldType, isUnsigned } from '../../codec/field-type.js';
import type { ComparisonDomain } from '../expression.js';
import { type ExactColumn, exactToDouble, unscaledAt } from '../kernels/decimal.js';
import { bigintAt } from '../kernels/i64.js';
import { type ColumnShape, shapeOf } from './word-codec.js';

/** How one column of a key is made comparable. */
export interface KeyColumnCodec {
  /** What is done to a value: with the type and the shape it says all. */
  readonly name: string;
  /** Of the columns that come out. */
  readonly shape: ColumnShape;
  /** Whether the column comes out as it went in, so that the key has the value itself. */
  readonly isExact: boolean;
  /** The column with `rows` rows, made comparable. */
  readonly convert: (column: Column, rows: number) => Column;
}

/**
 * How columns of a type are made comparable in a domain with columns of other types.
 *
 * @param others - types of the columns that these will be compared with.
 */
export function keyColumnCodec(
  type: FieldType,
  domain: ComparisonDomain,
  others: readonly FieldType[] = [],
): KeyColumnCodec {
  const shape = shapeOf(type);
  switch (domain.kind) {
    case 'string':
      assert(shape.kind === 'bytes', `a key of ${shape.kind} compared as strings`);
      return stringCodec(collationOf(domain.collation, domain.isNewCollation));
    case 'real':
      return realCodec(type, shape);
    case 'integer':
    case 'decimal':
      return exactCodec(type, shape, [type, ...others]);
    case 'time':
    case 'duration':
      assert(shape.kind === 'i64', `a key of ${shape.kind} compared as ${domain.kind}`);
      return { name: 'as it is', shape, isExact: true, convert: (column) => column };
  }
}

function stringCodec(collation: Collation): KeyColumnCodec {
  const shape = { kind: 'bytes' } as const;
  const isExact = collation.isBytewise && !collation.isPadSpace;
  if (isExact) return { name: 'as it is', shape, isExact, convert: (column) => column };
  const convert = (column: Column, rows: number): Column => {
    assert(column.kind === 'bytes', `${column.kind} as strings`);
    if (collation.isBytewise && !hasTrailingSpace(column, rows)) return column;
    return sortKeys(collation, column, rows);
  };
  return { name: collation.isBytewise ? 'trimmed' : `sort key ${collation.name}`, shape, isExact, convert };
}

const SPACE = 0x20;

function hasTrailingSpace({ data, offsets, nulls }: BytesColumn, rows: number): boolean {
  for (let row = 0; row < rows; row++) {
    const end = offsets[row + 1]!;
    if (end > offsets[row]! && data[end - 1] === SPACE && !isNullAt(nulls, row)) return true;
  }
  return false;
}

function sortKeys(collation: Collation, { data, offsets, nulls }: BytesColumn, rows: number): BytesColumn {
  const out = new BytesBuilder();
  const key = new ByteWriter();
  for (let row = 0; row < rows; row++) {
    if (isNullAt(nulls, row)) {
      out.appendNull();
      continue;
    }
    collation.writeSortKey(key.reset(), data, offsets[row]!, offsets[row + 1]!);
    const bytes = key.view();
    out.append(bytes, 0, bytes.length);
  }
  return out.finish();
}

function realCodec(type: FieldType, shape: ColumnShape): KeyColumnCodec {
  const own = isUnsigned(type);
  const convert = (column: Column, rows: number): Column => {
    if (column.kind === 'f64') return withoutNegativeZeros(column, rows);
    assert(column.kind !== 'bytes', 'bytes as doubles');
    const out = new F64Builder();
    for (let row = 0; row < rows; row++) {
      if (isNullAt(column.nulls, row)) out.appendNull();
      else out.append(exactToDouble(column, own, row));
    }
    return out.finish();
  };
  return { name: 'double', shape: { kind: 'f64' }, isExact: shape.kind === 'f64', convert };
}

function withoutNegativeZeros(column: F64Column, rows: number): F64Column {
  const { values } = column;
  for (let row = 0; row < rows; row++) {
    if (Object.is(values[row], -0))
      return { ...column, values: values.slice(0, rows).map((value) => value + 0) };
  }
  return column;
}

function exactCodec(type: FieldType, shape: ColumnShape, types: readonly FieldType[]): KeyColumnCodec {
  assert(shape.kind === 'i64' || shape.kind === 'dec', `a key of ${shape.kind} compared as exact numbers`);
  const own = isUnsigned(type);
  const isInteger = types.every((other) => shapeOf(other).kind === 'i64');
  if (isInteger && types.every((other) => isUnsigned(other) === own))
    return { name: 'as it is', shape, isExact: true, convert: (column) => column };
  const scale = Math.max(...types.map(scaleOf));
  if (shape.kind === 'dec' && shape.scale === scale)
    return { name: 'as it is', shape, isExact: true, convert: (column) => column };
  const convert = (column: Column, rows: number): Column => {
    assert(column.kind === 'i64' || column.kind === 'dec', `${column.kind} as exact numbers`);
    return rescaledColumn(column, { rows, scale, own });
  };
  return { name: 'decimal', shape: { kind: 'dec', scale }, isExact: false, convert };
}

function scaleOf(type: FieldType): number {
  const shape = shapeOf(type);
  assert(shape.kind === 'i64' || shape.kind === 'dec', `${shape.kind} compared as exact numbers`);
  return shape.kind === 'dec' ? shape.scale : 0;
}

function rescaledColumn(
  column: ExactColumn,
  { rows, scale, own }: { readonly rows: number; readonly scale: number; readonly own: boolean },
): Column {
  const out = new DecBuilder(scale);
  const factor = powerOfTen(scale - (column.kind === 'dec' ? column.scale : 0));
  for (let row = 0; row < rows; row++) {
    if (isNullAt(column.nulls, row)) out.appendNull();
    else {
      const value = column.kind === 'dec' ? unscaledAt(column, row) : bigintAt(column, row, own);
      out.appendUnscaled(value * factor);
    }
  }
  return out.finish();
}
