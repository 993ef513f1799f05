/**
 * Committed changes of one span that wait for their epoch, as they came, in batches. What an epoch takes leaves; what
 * is later stays.
 */
import { assert } from '../base/assert.js';
import { LimitError, type TiviewError } from '../base/errors.js';
import type { Ts } from '../codec/tso.js';
import { type RowChangeBatch, batchBytes } from '../tikv/feed/row-change-batch.js';
import type { SpanConsumer } from './feed-router.js';

/** Why a span cannot be followed any further. */
export interface Gap {
  readonly from: Ts;
  readonly cause: TiviewError;
}

/** Bytes of all buffers that share a bound. */
export class BufferBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether there is room for `bytes` more; if so they are counted. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    assert(this.#usedBytes >= 0, `${this.#usedBytes} bytes in use`);
  }
}

/** A batch, and which of its rows are still waiting. */
interface Waiting {
  readonly batch: RowChangeBatch;
  /** undefined: all. */
  readonly rows: Uint32Array | undefined;
  /** Of the commit timestamps of these rows. The buffer is looked at far more often than it gives something away. */
  readonly leastTs: bigint;
}

/** Buffers one span. */
export class SpanBuffer implements SpanConsumer {
  #budget: BufferBudget;
  #onChange: () => void;
  #waiting: Waiting[] = [];
  #resolved: Ts;
  #gap: Gap | undefined;
  #rows = 0;

  /**
   * @param checkpoint - everything up to here is known already.
   * @param onChange - called when `resolved` grows or a gap opens.
   */
  constructor(checkpoint: Ts, budget: BufferBudget, onChange: () => void) {
    this.#resolved = checkpoint;
    this.#budget = budget;
    this.#onChange = onChange;
  }

  /** Everything up to here is here, or has been taken. */
  get resolvedTs(): Ts {
    return this.#resolved;
  }

  get openGap(): Gap | undefined {
    return this.#gap;
  }

  /** Changes waiting, repetitions counted. */
  get count(): number {
    return this.#rows;
  }

  rows(batch: RowChangeBatch): void {
    if (this.#gap !== undefined) return;
    if (!this.#budget.take(batchBytes(batch))) {
      this.gap(this.#resolved, tooMuch(this.#budget));
      return;
    }
    this.#waiting.push(waiting(batch, undefined));
    this.#rows += batch.count;
  }

  resolved(ts: Ts): void {
    if (ts <= this.#resolved) return;
    this.#resolved = ts;
    this.#onChange();
  }

  gap(from: Ts, cause: TiviewError): void {
    this.#gap ??= { from, cause };
    this.clear();
    this.#onChange();
  }

  /** Whether any change waits with commit ts ≤ `upper`. */
  hasUpTo(upper: Ts): boolean {
    return this.#waiting.some(({ leastTs }) => leastTs <= upper);
  }

  /** Visits, and lets go of, every change with commit ts ≤ `upper`. */
  takeUpTo(upper: Ts, visit: (batch: RowChangeBatch, row: number) => void): void {
    const left: Waiting[] = [];
    for (const one of this.#waiting) {
      if (one.leastTs > upper) {
        left.push(one);
        continue;
      }
      const { batch, rows } = one;
      const count = rows?.length ?? batch.count;
      const later: number[] = [];
      for (let i = 0; i < count; i++) {
        const row = rows?.[i] ?? i;
        if (commitTsAt(batch, rows, i) <= upper) visit(batch, row);
        else later.push(row);
      }
      this.#rows -= count - later.length;
      if (later.length === 0) this.#budget.give(batchBytes(batch));
      else left.push(waiting(batch, Uint32Array.from(later)));
    }
    this.#waiting = left;
  }

  /** Becomes another owner's: counts against its budget, tells it of changes. What waits goes on waiting. */
  moveTo(budget: BufferBudget, onChange: () => void): void {
    const bytes = this.#waiting.reduce((sum, { batch }) => sum + batchBytes(batch), 0);
    this.#budget.give(bytes);
    this.#budget = budget;
    this.#onChange = onChange;
    if (budget.take(bytes)) return;
    this.#waiting = [];
    this.gap(this.#resolved, tooMuch(budget));
  }

  /** Lets go of everything. */
  clear(): void {
    for (const { batch } of this.#waiting) this.#budget.give(batchBytes(batch));
    this.#waiting = [];
    this.#rows = 0;
  }
}

/** Why a span is given up that waits for its epoch together with too many others. */
export function tooMuch(budget: BufferBudget): LimitError {
  return new LimitError(
    `more changes since the last epoch than fit in memory (${budget.usedBytes} bytes waiting)`,
  );
}

function waiting(batch: RowChangeBatch, rows: Uint32Array | undefined): Waiting {
  const count = rows?.length ?? batch.count;
  let leastTs = count === 0 ? 0n : commitTsAt(batch, rows, 0);
  for (let i = 1; i < count; i++) {
    const commitTs = commitTsAt(batch, rows, i);
    if (commitTs < leastTs) leastTs = commitTs;
  }
  return { batch, rows, leastTs };
}

function commitTsAt(batch: RowChangeBatch, rows: Uint32Array | undefined, index: number): bigint {
  return batch.commitTs[rows?.[index] ?? index] ?? 0n;
}
