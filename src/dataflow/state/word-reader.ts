/** Columns out of packed rows (word-codec.ts) that lie in an arena. */
import { unreachable } from '../../base/assert.js';
import { type BytesColumn, type Column, type NullBits, WIDE_HI } from '../../codec/column.js';
import { PAGE_MASK, PAGE_SHIFT, type WordArena } from './word-arena.js';
import type { WordCodec } from './word-codec.js';

/** Packed rows: where they lie. */
export interface PackedRows {
  readonly arena: WordArena;
  /** Blocks. */
  readonly addresses: Int32Array;
  readonly count: number;
  /** Where in its block a row begins. */
  readonly skip: number;
}

/** Column `k` of packed rows. */
export function unpackColumn(codec: WordCodec, k: number, rows: PackedRows): Column {
  const shape = codec.shapes[k]!;
  const nulls = codec.nullWords > 0 ? unpackNulls(k, rows) : undefined;
  const cell = rows.skip + codec.nullWords + k * 2;
  if (shape.kind === 'dec') {
    const { lo, hi } = unpackHalves(cell, rows);
    const wide = unpackWide(lo, hi, rows);
    return { kind: 'dec', scale: shape.scale, lo, hi, wide, nulls };
  }
  const { kind } = shape;
  switch (kind) {
    case 'i64':
      return { kind: 'i64', ...unpackHalves(cell, rows), nulls };
    case 'f64':
      return { kind: 'f64', values: unpackDoubles(cell, rows), nulls };
    case 'bytes':
      return unpackBytes(cell, rows, nulls);
    default:
      return unreachable(kind);
  }
}

function unpackNulls(k: number, { arena, addresses, count, skip }: PackedRows): NullBits {
  const { pages } = arena;
  const cell = skip + (k >>> 5);
  let bits: Uint32Array | undefined;
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    const word = pages[address >>> PAGE_SHIFT]![(address & PAGE_MASK) + cell]!;
    if (((word >>> (k & 31)) & 1) === 0) continue;
    bits ??= new Uint32Array((count + 31) >>> 5);
    bits[i >>> 5]! |= 1 << (i & 31);
  }
  return bits;
}

function unpackHalves(
  cell: number,
  { arena, addresses, count }: PackedRows,
): { lo: Int32Array; hi: Int32Array } {
  const { pages } = arena;
  const lo = new Int32Array(count);
  const hi = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    const page = pages[address >>> PAGE_SHIFT]!;
    const at = (address & PAGE_MASK) + cell;
    lo[i] = page[at]!;
    hi[i] = page[at + 1]!;
  }
  return { lo, hi };
}

function unpackDoubles(cell: number, { arena, addresses, count }: PackedRows): Float64Array {
  const { pages } = arena;
  const values = new Float64Array(count);
  const halves = new Int32Array(values.buffer);
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    const page = pages[address >>> PAGE_SHIFT]!;
    const at = (address & PAGE_MASK) + cell;
    halves[i * 2] = page[at]!;
    halves[i * 2 + 1] = page[at + 1]!;
  }
  return values;
}

/** Wide decimals; their low halves, so far where they lie, become zero as in any column. */
function unpackWide(
  lo: Int32Array,
  hi: Int32Array,
  { arena, addresses, count, skip }: PackedRows,
): ReadonlyMap<number, bigint> | undefined {
  let wide: Map<number, bigint> | undefined;
  for (let i = 0; i < count; i++) {
    if (hi[i] !== WIDE_HI) continue;
    const address = addresses[i]!;
    const page = arena.pages[address >>> PAGE_SHIFT]!;
    const at = (address & PAGE_MASK) + skip + lo[i]!;
    lo[i] = 0;
    let value = BigInt(page[at + page[at]!]!);
    for (let word = page[at]! - 1; word > 0; word--) value = (value << 32n) | BigInt(page[at + word]! >>> 0);
    wide ??= new Map();
    wide.set(i, value);
  }
  return wide;
}

/** Shorter cells are copied byte by byte, which is faster than making a view to copy from. */
const COPY_LOOP_MAX = 48;

function unpackBytes(cell: number, rows: PackedRows, nulls: NullBits): BytesColumn {
  const { arena, addresses, count, skip } = rows;
  const { pages, bytes } = arena;
  const offsets = new Uint32Array(count + 1);
  let size = 0;
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    size += pages[address >>> PAGE_SHIFT]![(address & PAGE_MASK) + cell + 1]!;
    offsets[i + 1] = size;
  }
  const data = new Uint8Array(size);
  for (let i = 0; i < count; i++) {
    const address = addresses[i]!;
    const from = address & PAGE_MASK;
    const source = bytes[address >>> PAGE_SHIFT]!;
    const start = (from + skip + pages[address >>> PAGE_SHIFT]![from + cell]!) * 4;
    const at = offsets[i]!;
    const length = offsets[i + 1]! - at;
    if (length > COPY_LOOP_MAX) data.set(source.subarray(start, start + length), at);
    else for (let j = 0; j < length; j++) data[at + j] = source[start + j]!;
  }
  return { kind: 'bytes', offsets, data, nulls };
}
