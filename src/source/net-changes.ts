/**
 * Many changes of a key in one epoch are one: from the value before the first to the value after the last. Only the
 * two ends matter, so the order in which changes come does not, and a change that comes twice does no harm.
 */
import { type KeyString, asBuffer } from '../base/bytes.js';
import { MAX_TS, type Ts, ts } from '../codec/tso.js';
import { type RowChangeBatch, SLICES_PER_ROW } from '../tikv/feed/row-change-batch.js';

/** A change of one row: where its old value and its new value are. Each may be empty: there was, or is, no row. */
export interface NetChange {
  readonly old: { readonly batch: RowChangeBatch; readonly row: number };
  readonly new: { readonly batch: RowChangeBatch; readonly row: number };
}

interface Ends {
  firstTs: bigint;
  first: RowChangeBatch;
  firstRow: number;
  lastTs: bigint;
  last: RowChangeBatch;
  lastRow: number;
}

/** Collects the changes of an epoch by key. */
export class NetChanges {
  readonly #byKey = new Map<KeyString, Ends>();
  #events = 0;
  #oldestTs = MAX_TS;

  /** Keys that changed. */
  get count(): number {
    return this.#byKey.size;
  }

  /** Changes added, repetitions counted. */
  get events(): number {
    return this.#events;
  }

  /** The least commit ts added; MAX_TS: nothing was. */
  get oldestTs(): Ts {
    return this.#oldestTs;
  }

  add(batch: RowChangeBatch, row: number): void {
    const key = keyStringAt(batch, row);
    const commitTs = batch.commitTs[row] ?? 0n;
    this.#events++;
    if (commitTs < this.#oldestTs) this.#oldestTs = ts(commitTs);
    const ends = this.#byKey.get(key);
    if (ends === undefined) {
      this.#byKey.set(key, {
        firstTs: commitTs,
        first: batch,
        firstRow: row,
        lastTs: commitTs,
        last: batch,
        lastRow: row,
      });
      return;
    }
    if (commitTs < ends.firstTs) {
      ends.firstTs = commitTs;
      ends.first = batch;
      ends.firstRow = row;
    }
    if (commitTs > ends.lastTs) {
      ends.lastTs = commitTs;
      ends.last = batch;
      ends.lastRow = row;
    }
  }

  /** The net changes, in no useful order. */
  *[Symbol.iterator](): IterableIterator<NetChange> {
    for (const ends of this.#byKey.values()) {
      yield {
        old: { batch: ends.first, row: ends.firstRow },
        new: { batch: ends.last, row: ends.lastRow },
      };
    }
  }
}

function keyStringAt(batch: RowChangeBatch, row: number): KeyString {
  const at = row * SLICES_PER_ROW;
  return asBuffer(batch.data).toString('latin1', batch.slices[at], batch.slices[at + 1]) as KeyString;
}
