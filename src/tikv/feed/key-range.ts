/**
 * A half-open range of raw keys that is asked for every row: a store may send more than what was subscribed (TiKV
 * before 7.1, and any TiKV that could not decode the bounds, sends the whole region).
 *
 * What both bounds have in common (for a table's records: `t`, the id, `_`) is compared once, as a prefix.
 */
import { compareBytes } from '../../base/bytes.js';

/** Start inclusive, end exclusive; an empty end is unbounded. */
export class KeyRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly #common: number;

  constructor(start: Uint8Array, end: Uint8Array) {
    this.start = start;
    this.end = end;
    let common = 0;
    while (common < start.length && common < end.length && start[common] === end[common]) common++;
    this.#common = common;
  }

  /** Whether bytes[at … at + length) lies in the range. */
  contains(bytes: Uint8Array, at: number, length: number): boolean {
    const { start, end } = this;
    const common = this.#common;
    if (length < common) return false;
    for (let i = 0; i < common; i++) if (bytes[at + i] !== start[i]) return false;
    return (
      !isBelow(bytes, at, length, start, common) &&
      (end.length === 0 || isBelow(bytes, at, length, end, common))
    );
  }
}

/** Whether the key is less than `bound`, both having their first `from` bytes in common. */
function isBelow(bytes: Uint8Array, at: number, length: number, bound: Uint8Array, from: number): boolean {
  const shared = Math.min(length, bound.length);
  for (let i = from; i < shared; i++) {
    const difference = bytes[at + i]! - bound[i]!;
    if (difference !== 0) return difference < 0;
  }
  return length < bound.length;
}

/** The part that two ranges have in common; undefined if none. Raw bounds, empty end unbounded. */
export function intersect(
  a: { readonly start: Uint8Array; readonly end: Uint8Array },
  b: { readonly start: Uint8Array; readonly end: Uint8Array },
): KeyRange | undefined {
  const start = compareBytes(a.start, b.start) >= 0 ? a.start : b.start;
  const end =
    a.end.length === 0 ? b.end : b.end.length === 0 || compareBytes(a.end, b.end) <= 0 ? a.end : b.end;
  if (end.length > 0 && compareBytes(start, end) >= 0) return undefined;
  return new KeyRange(start, end);
}
