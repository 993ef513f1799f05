/**
 * Makes each distinct row of a delta occur once, with the sum of its weights, and not at all if that is zero: what is
 * taken away and added again in one epoch costs the view nothing.
 *
 * Exact: rows are compared in full (row-identity.ts). Rows keep the order of their first occurrence, so equal deltas
 * have equal results.
 */
import { LimitError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Delta } from './delta.js';
import { gatherColumn } from './gather.js';
import { hashRows, sameRows } from './row-identity.js';

/**
 * Consolidates a delta.
 *
 * @throws LimitError — when it has more distinct rows than an epoch may have.
 */
export function consolidate(delta: Delta): Delta {
  if (delta.isConsolidated) return delta;
  const { distinct, weights } = sumByRow(delta);
  const selected = new Int32Array(distinct.length);
  const kept = new Int32Array(distinct.length);
  let count = 0;
  for (let i = 0; i < distinct.length; i++) {
    if (weights[i] === 0) continue;
    selected[count] = distinct[i]!;
    kept[count++] = weights[i]!;
  }
  if (count > limits.epochRows)
    throw new LimitError(`a delta of ${count} rows; an epoch may have ${limits.epochRows}`);
  if (count === delta.rows) return { ...delta, weights: kept, isConsolidated: true };
  return {
    rows: count,
    weights: kept.slice(0, count),
    columns: delta.columns.map((column) => gatherColumn(column, selected, count)),
    isConsolidated: true,
  };
}

/** The first row of each kind, and the sums of their weights, by place. */
function sumByRow(delta: Delta): { readonly distinct: Int32Array; readonly weights: Int32Array } {
  const { rows, columns } = delta;
  const hashes = hashRows(columns, rows);
  let capacity = 16;
  while (capacity < rows * 2) capacity *= 2;
  const mask = capacity - 1;
  // Place in `distinct` + 1; 0: empty.
  const slots = new Int32Array(capacity);
  const distinct = new Int32Array(rows);
  const weights = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    let slot = hashes[row]! & mask;
    for (;;) {
      const place = slots[slot]! - 1;
      if (place < 0) {
        slots[slot] = count + 1;
        distinct[count] = row;
        weights[count++] = delta.weights[row]!;
        break;
      }
      const other = distinct[place]!;
      if (hashes[other] === hashes[row] && sameRows(columns, other, row)) {
        weights[place]! += delta.weights[row]!;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return { distinct: distinct.subarray(0, count), weights: weights.subarray(0, count) };
}
