/**
 * Key ranges as the coprocessor wants them.
 *
 * TiKV takes a range whose end is the "prefix next" of its start for a point: of [t5_r, t5_s) it reads the one key
 * t5_r, and gives no rows and no error (TRUTH §10). Such a range is sent as two: the one key, and the rest.
 */
import { assert } from '../../base/assert.js';
import { compareBytes, equalBytes, nextKey, prefixEnd } from '../../base/bytes.js';
import { isBelow, lesserEnd } from '../region.js';
import type { CopRange } from './cop-types.js';

/** Checks that ranges are not empty, ascend and do not overlap. */
export function assertAscending(ranges: readonly CopRange[]): void {
  let last: Uint8Array | undefined;
  for (const { start, end } of ranges) {
    assert(compareBytes(start, end) < 0, 'a scan range ends before it starts');
    assert(last === undefined || compareBytes(last, start) <= 0, 'scan ranges overlap or are not in order');
    last = end;
  }
}

/** The parts of the ranges below `end` (empty: unbounded), spelled out for TiKV. */
export function rangesBelow(ranges: readonly CopRange[], end: Uint8Array): readonly CopRange[] {
  return ranges
    .filter((range) => isBelow(range.start, end))
    .flatMap((range) => spelledOut({ start: range.start, end: lesserEnd(range.end, end) }));
}

/** The parts of the ranges at or above `key`. */
export function rangesFrom(ranges: readonly CopRange[], key: Uint8Array): readonly CopRange[] {
  return ranges
    .filter((range) => compareBytes(key, range.end) < 0)
    .map(({ start, end }) => ({ start: compareBytes(start, key) < 0 ? key : start, end }));
}

/** The same keys, in ranges that TiKV reads as ranges. */
function spelledOut(range: CopRange): readonly CopRange[] {
  if (!equalBytes(prefixEnd(range.start), range.end)) return [range];
  const second = nextKey(range.start);
  return [
    { start: range.start, end: second },
    { start: second, end: range.end },
  ];
}
