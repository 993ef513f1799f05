/**
 * Makes each distinct row of a delta occur once, with the sum of its weights, and not at all if that is zero: what is
 * taken away and added again in one epoch costs the view nothing.
 *
 * Exact: rows are compared in full (row-identity.ts). Rows keep the order of their first occurrence, so equal deltas
 * have equal results.
 */
import { assert } from '../base/assert.js';
import { LimitError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Delta } from './delta.js';
import { gatherColumn } from './gather.js';
import type { RunResult } from './operator.js';
import { hashRows, sameRows } from './row-identity.js';

/**
 * Consolidates a delta.
 *
 * @throws LimitError — when it has more distinct rows than an epoch may have.
 */
export function consolidate(delta: Delta): Delta {
  const consolidation = new Consolidation(delta);
  consolidation.run(delta.rows);
  return consolidation.finish();
}

/** A delta being consolidated, some rows at a time. */
export class Consolidation {
  readonly #delta: Delta;
  readonly #hashes: Int32Array;
  /** By hash: the place of a row in `#distinct`, plus 1; 0 if free. Open addressing, at most half full. */
  readonly #slots: Int32Array;
  /** The first row of each kind. */
  readonly #distinct: Int32Array;
  /** The sums of their weights. */
  readonly #weights: Int32Array;
  #count = 0;
  #at = 0;

  /** @param delta - lent until {@link finish}. */
  constructor(delta: Delta) {
    this.#delta = delta;
    const rows = delta.isConsolidated ? 0 : delta.rows;
    this.#hashes = new Int32Array(rows);
    this.#distinct = new Int32Array(rows);
    this.#weights = new Int32Array(rows);
    let capacity = 16;
    while (capacity < rows * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
  }

  /** Looks at up to so many more rows. */
  run(budget: number): RunResult {
    const { rows, columns, weights, isConsolidated } = this.#delta;
    if (isConsolidated) return { rows: 0, isDone: true };
    const from = this.#at;
    const to = Math.min(rows, from + budget);
    hashRows(columns, from, to, this.#hashes);
    for (let row = from; row < to; row++) this.#add(row, weights[row]!);
    this.#at = to;
    return { rows: to - from, isDone: to === rows };
  }

  /**
   * The consolidated delta, when `run` is done.
   *
   * @throws LimitError — when it has more rows than an epoch may have.
   */
  finish(): Delta {
    const delta = this.#delta;
    if (delta.isConsolidated) return delta;
    assert(this.#at === delta.rows, 'a consolidation finished too early');
    const selected = new Int32Array(this.#count);
    const kept = new Int32Array(this.#count);
    let count = 0;
    for (let place = 0; place < this.#count; place++) {
      if (this.#weights[place] === 0) continue;
      selected[count] = this.#distinct[place]!;
      kept[count++] = this.#weights[place]!;
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

  #add(row: number, weight: number): void {
    const { columns } = this.#delta;
    const hashes = this.#hashes;
    const mask = this.#slots.length - 1;
    for (let slot = hashes[row]! & mask; ; slot = (slot + 1) & mask) {
      const place = this.#slots[slot]! - 1;
      if (place < 0) {
        this.#slots[slot] = this.#count + 1;
        this.#distinct[this.#count] = row;
        this.#weights[this.#count++] = weight;
        return;
      }
      const other = this.#distinct[place]!;
      if (hashes[other] === hashes[row] && sameRows(columns, other, row)) {
        this.#weights[place]! += weight;
        return;
      }
    }
  }
}
