/** The sum of some deltas of one relation, kept consolidated as it grows. */
import { consolidate } from './consolidate.js';
import type { Delta } from './delta.js';
import { joinColumns } from './gather.js';

/** Added up so far; deltas are kept as they came until there are as many rows again as there were distinct ones. */
export class Accumulation {
  #parts: Delta[] = [];
  #rows = 0;
  /** Rows after the last consolidation. */
  #distinct = 0;

  /** Rows held; the sum has no more than that. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds a delta, which must not change any more. @throws LimitError — as {@link consolidate}. */
  add(delta: Delta): void {
    if (delta.rows === 0) return;
    this.#parts.push(delta);
    this.#rows += delta.rows;
    if (this.#rows > 2 * this.#distinct + COMPACT_ROWS) this.#compact();
  }

  /** The sum, consolidated; nothing is left. undefined: there has been no row. */
  take(): Delta | undefined {
    this.#compact();
    const [sum] = this.#parts;
    this.#parts = [];
    this.#rows = 0;
    this.#distinct = 0;
    return sum;
  }

  #compact(): void {
    const [first, ...more] = this.#parts;
    if (first === undefined) return;
    const sum = consolidate(more.length === 0 ? first : concatenated(this.#parts));
    this.#parts = [sum];
    this.#rows = sum.rows;
    this.#distinct = sum.rows;
  }
}

/** Less is not worth consolidating. */
const COMPACT_ROWS = 4096;

function concatenated(parts: readonly Delta[]): Delta {
  const counts = parts.map(({ rows }) => rows);
  const rows = counts.reduce((sum, count) => sum + count, 0);
  const weights = new Int32Array(rows);
  let at = 0;
  for (const part of parts) {
    weights.set(part.weights.subarray(0, part.rows), at);
    at += part.rows;
  }
  const width = parts[0]?.columns.length ?? 0;
  const columns = Array.from({ length: width }, (_, place) =>
    joinColumns(
      parts.map((part) => part.columns[place]!),
      counts,
    ),
  );
  return { rows, weights, columns, isConsolidated: false };
}
