/**
 * Picks rows out of columns, and joins columns. All results have arrays of their own that fit exactly, so a delta
 * made of them can be transferred without carrying its source along.
 */
import { assert, unreachable } from '../base/assert.js';
import { type BytesColumn, type Column, type DecColumn, type NullBits, WIDE_HI } from '../codec/column.js';

/** Rows selected[0 … count) of a column, in that order. */
export function gatherColumn(column: Column, selected: Int32Array, count: number): Column {
  const nulls = gatherNulls(column.nulls, selected, count);
  switch (column.kind) {
    case 'i64':
      return {
        kind: 'i64',
        lo: pickInt32(column.lo, selected, count),
        hi: pickInt32(column.hi, selected, count),
        nulls,
      };
    case 'f64': {
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) values[i] = column.values[selected[i]!]!;
      return { kind: 'f64', values, nulls };
    }
    case 'dec':
      return {
        kind: 'dec',
        scale: column.scale,
        lo: pickInt32(column.lo, selected, count),
        hi: pickInt32(column.hi, selected, count),
        wide: gatherWide(column, selected, count),
        nulls,
      };
    case 'bytes':
      return gatherBytes(column, selected, count, nulls);
    default:
      return unreachable(column);
  }
}

/** Numbers picked by row. */
export function pickInt32(values: Int32Array, selected: Int32Array, count: number): Int32Array {
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) out[i] = values[selected[i]!]!;
  return out;
}

function gatherNulls(nulls: NullBits, selected: Int32Array, count: number): NullBits {
  if (nulls === undefined) return undefined;
  const out = new Uint32Array((count + 31) >>> 5);
  let any = 0;
  for (let i = 0; i < count; i++) {
    const row = selected[i]!;
    const bit = (nulls[row >>> 5]! >>> (row & 31)) & 1;
    out[i >>> 5]! |= bit << (i & 31);
    any |= bit;
  }
  return any === 0 ? undefined : out;
}

function gatherWide(
  column: DecColumn,
  selected: Int32Array,
  count: number,
): ReadonlyMap<number, bigint> | undefined {
  if (column.wide === undefined) return undefined;
  const wide = new Map<number, bigint>();
  for (let i = 0; i < count; i++) {
    const row = selected[i]!;
    if (column.hi[row] !== WIDE_HI) continue;
    const value = column.wide.get(row);
    if (value !== undefined) wide.set(i, value);
  }
  return wide.size === 0 ? undefined : wide;
}

function gatherBytes(column: BytesColumn, selected: Int32Array, count: number, nulls: NullBits): BytesColumn {
  const from = column.offsets;
  const offsets = new Uint32Array(count + 1);
  let size = 0;
  for (let i = 0; i < count; i++) {
    const row = selected[i]!;
    size += from[row + 1]! - from[row]!;
    offsets[i + 1] = size;
  }
  const data = new Uint8Array(size);
  for (let i = 0; i < count; i++) {
    const row = selected[i]!;
    const start = from[row]!;
    const length = from[row + 1]! - start;
    const at = offsets[i]!;
    // Short cells are copied byte by byte: making a view to copy from costs more than the copy.
    if (length > 48) data.set(column.data.subarray(start, start + length), at);
    else for (let j = 0; j < length; j++) data[at + j] = column.data[start + j]!;
  }
  return { kind: 'bytes', offsets, data, nulls };
}

/** One column of the rows of several, in order. */
export function joinColumns(parts: readonly Column[], rows: readonly number[]): Column {
  const [first] = parts;
  assert(first !== undefined, 'no columns to join');
  const total = rows.reduce((sum, count) => sum + count, 0);
  const nulls = joinNulls(parts, rows, total);
  switch (first.kind) {
    case 'i64':
    case 'dec': {
      const [lo, hi] = [new Int32Array(total), new Int32Array(total)];
      const wide = new Map<number, bigint>();
      let at = 0;
      parts.forEach((part, p) => {
        assert(part.kind === 'i64' || part.kind === 'dec', `${part.kind} joined with ${first.kind}`);
        const count = rows[p]!;
        lo.set(part.lo.subarray(0, count), at);
        hi.set(part.hi.subarray(0, count), at);
        if (part.kind === 'dec') {
          assert(first.kind === 'dec' && part.scale === first.scale, 'decimals of two scales joined');
          for (const [row, value] of part.wide ?? []) if (row < count) wide.set(at + row, value);
        }
        at += count;
      });
      if (first.kind === 'i64') return { kind: 'i64', lo, hi, nulls };
      return { kind: 'dec', scale: first.scale, lo, hi, wide: wide.size === 0 ? undefined : wide, nulls };
    }
    case 'f64': {
      const values = new Float64Array(total);
      let at = 0;
      parts.forEach((part, p) => {
        assert(part.kind === 'f64', `${part.kind} joined with f64`);
        values.set(part.values.subarray(0, rows[p]), at);
        at += rows[p]!;
      });
      return { kind: 'f64', values, nulls };
    }
    case 'bytes':
      return joinBytes(parts, rows, total, nulls);
    default:
      return unreachable(first);
  }
}

function joinNulls(parts: readonly Column[], rows: readonly number[], total: number): NullBits {
  if (parts.every((part) => part.nulls === undefined)) return undefined;
  const out = new Uint32Array((total + 31) >>> 5);
  let at = 0;
  parts.forEach(({ nulls }, p) => {
    for (let row = 0; nulls !== undefined && row < rows[p]!; row++) {
      const bit = (nulls[row >>> 5]! >>> (row & 31)) & 1;
      out[(at + row) >>> 5]! |= bit << ((at + row) & 31);
    }
    at += rows[p]!;
  });
  return out;
}

function joinBytes(
  parts: readonly Column[],
  rows: readonly number[],
  total: number,
  nulls: NullBits,
): BytesColumn {
  const offsets = new Uint32Array(total + 1);
  const pieces: Uint8Array[] = [];
  let row = 0;
  let size = 0;
  parts.forEach((part, p) => {
    assert(part.kind === 'bytes', `${part.kind} joined with bytes`);
    const count = rows[p]!;
    const start = part.offsets[0]!;
    for (let i = 1; i <= count; i++) offsets[row + i] = size + part.offsets[i]! - start;
    const piece = part.data.subarray(start, part.offsets[count]);
    pieces.push(piece);
    row += count;
    size += piece.length;
  });
  const data = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    data.set(piece, at);
    at += piece.length;
  }
  return { kind: 'bytes', offsets, data, nulls };
}
