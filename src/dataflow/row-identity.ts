/**
 * When two rows are the same: all cells are, byte for byte (so `a` and `A` differ whatever the collation says, and so
 * do 0 and −0). A hash only says where to look; what decides is the full comparison (PERFORMANCE §1: engines that
 * took a 32-bit hash for identity were wrong).
 */
import { unreachable } from '../base/assert.js';
import { type Column, WIDE_HI, isNullAt } from '../codec/column.js';

const NULL_HASH = 0x5bd1e995;

/** Writes the hashes of rows from … to into `hashes`, by row. */
export function hashRows(columns: readonly Column[], from: number, to: number, hashes: Int32Array): void {
  hashes.fill(0x811c9dc5 | 0, from, to);
  for (const column of columns) hashColumn(column, from, to, hashes);
  for (let row = from; row < to; row++) {
    const mixed = Math.imul(hashes[row]! ^ (hashes[row]! >>> 15), 0x85ebca77);
    hashes[row] = mixed ^ (mixed >>> 13);
  }
}

/** Whether two rows of the same columns are the same. */
export function sameRows(columns: readonly Column[], a: number, b: number): boolean {
  for (const column of columns) {
    if (!sameCells(column, a, b)) return false;
  }
  return true;
}

function mix(hash: number, part: number): number {
  return Math.imul(hash ^ part, 0x9e3779b1);
}

/** Mixes in all of an integer of at most 65 digits. */
function mixWide(hash: number, value: bigint): number {
  let mixed = hash;
  for (let left = value; ; left >>= 32n) {
    mixed = mix(mixed, Number(BigInt.asIntN(32, left)));
    if (left === 0n || left === -1n) return mixed;
  }
}

function hashColumn(column: Column, from: number, to: number, hashes: Int32Array): void {
  const { nulls } = column;
  const hashCell = cellHash(column);
  // What lies beneath a NULL means nothing, so it must not tell rows apart.
  for (let row = from; row < to; row++) {
    const hash = hashes[row]!;
    hashes[row] = nulls !== undefined && isNullAt(nulls, row) ? mix(hash, NULL_HASH) : hashCell(hash, row);
  }
}

/** How a cell goes into a row's hash. */
function cellHash(column: Column): (hash: number, row: number) => number {
  switch (column.kind) {
    case 'i64': {
      const { lo, hi } = column;
      return (hash, row) => mix(mix(hash, lo[row]!), hi[row]!);
    }
    case 'dec': {
      const { lo, hi, wide } = column;
      // The cell of a wide decimal says only that it is wide.
      return (hash, row) =>
        hi[row] === WIDE_HI ? mixWide(hash, wide?.get(row) ?? 0n) : mix(mix(hash, lo[row]!), hi[row]!);
    }
    case 'f64': {
      const { buffer, byteOffset, length } = column.values;
      const halves = new Int32Array(buffer, byteOffset, length * 2);
      return (hash, row) => mix(mix(hash, halves[row * 2]!), halves[row * 2 + 1]!);
    }
    case 'bytes': {
      const { data, offsets } = column;
      return (hash, row) => {
        const end = offsets[row + 1]!;
        let mixed = mix(hash, end - offsets[row]!);
        for (let at = offsets[row]!; at < end; at++) mixed = Math.imul(mixed ^ data[at]!, 0x01000193);
        return mixed;
      };
    }
    default:
      return unreachable(column);
  }
}

function sameCells(column: Column, a: number, b: number): boolean {
  const isNull = isNullAt(column.nulls, a);
  if (isNull !== isNullAt(column.nulls, b)) return false;
  if (isNull) return true;
  switch (column.kind) {
    case 'i64':
      return column.lo[a] === column.lo[b] && column.hi[a] === column.hi[b];
    case 'dec':
      if (column.hi[a] !== column.hi[b]) return false;
      if (column.hi[a] === WIDE_HI) return column.wide?.get(a) === column.wide?.get(b);
      return column.lo[a] === column.lo[b];
    case 'f64':
      return Object.is(column.values[a], column.values[b]);
    case 'bytes':
      return sameBytes(column.data, column.offsets, a, b);
    default:
      return unreachable(column);
  }
}

function sameBytes(data: Uint8Array, offsets: Uint32Array, a: number, b: number): boolean {
  const [startA, startB] = [offsets[a]!, offsets[b]!];
  const length = offsets[a + 1]! - startA;
  if (length !== offsets[b + 1]! - startB) return false;
  for (let i = 0; i < length; i++) {
    if (data[startA + i] !== data[startB + i]) return false;
  }
  return true;
}
