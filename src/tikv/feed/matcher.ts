/**
 * Joins PREWRITE and COMMIT of one subscription of one region into committed rows, by the rules measured on real TiKV
 * (TRUTH §1):
 *
 * - PREWRITE is kept by (start ts, key). A PUT without a value (a heartbeat or a pushed `min_commit_ts` rewrites the
 *   lock; some versions then re-send it so) never replaces one with a value, nor does an older generation.
 * - COMMIT takes the value from its PREWRITE, else its own; its old value only the PREWRITE has.
 * - Until INITIALIZED live rows and the scan overlap, so a COMMIT or ROLLBACK may come before the PREWRITE that the
 *   scan will send: unmatched ones wait for INITIALIZED. A COMMIT unmatched even then (or matched only by a PREWRITE
 *   without value) is left out, since the scan has sent the same change as COMMITTED.
 * - After INITIALIZED a COMMIT without PREWRITE is a fault of the subscription, even if it brings a value: the old
 *   value would be missing, and an update would pass for an insert. So is a PUT whose value nobody sent.
 * - COMMITTED (from scans, and from one-phase commits) is complete. A ROLLBACK's value means nothing, and a ROLLBACK
 *   without PREWRITE is ordinary.
 * - Commits at or below the checkpoint are left out: a few come live. A commit at or below a resolved ts of this
 *   subscription is a fault.
 *
 * The same change may come twice (a registration after a break starts at the resolved ts; and within a scan TiKV may
 * send a change both live and scanned), so rows above the last resolved ts of a span may repeat: see ChangeFeed.
 */
import type { Ts } from '../../codec/tso.js';
import { type BatchBuilder, MatchedRow } from './batch-builder.js';
import type { ByteBudget } from './byte-budget.js';
import { EventDecoder, RowOp, type RowCursor, RowType } from './event-decoder.js';
import type { KeyRange } from './key-range.js';
import { NO_ENTRY, PrewriteTable } from './prewrite-table.js';

/** Why a subscription cannot go on. It has to be made anew, from before what was lost. */
export type MatchFault =
  | { readonly kind: 'unmatchedCommit'; readonly startTs: bigint; readonly commitTs: bigint }
  | { readonly kind: 'lateCommit'; readonly startTs: bigint; readonly commitTs: bigint };

/** Where rows begin to count. */
export interface MatcherOptions {
  readonly range: KeyRange;
  readonly checkpoint: Ts;
  /** Told of the memory that waiting rows take. */
  readonly budget: ByteBudget;
}

/** Bytes that a row waiting for INITIALIZED takes besides its own. */
const WAITING_OVERHEAD = 96;

/** A timestamp in unsigned halves. */
interface Halves {
  readonly lo: number;
  readonly hi: number;
}

/** The matching state of one subscription. */
export class Matcher {
  readonly #range: KeyRange;
  readonly #budget: ByteBudget;
  readonly #prewrites: PrewriteTable;
  readonly #checkpoint: Halves;
  #resolved: Halves;
  #isInitialized = false;
  readonly #matched = new MatchedRow();
  /** Rows that wait for INITIALIZED: copies of their protobuf form, to be decoded again. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #discarded = 0;

  constructor(options: MatcherOptions) {
    this.#range = options.range;
    this.#budget = options.budget;
    this.#prewrites = new PrewriteTable(options.budget);
    this.#checkpoint = halvesOf(options.checkpoint);
    this.#resolved = this.#checkpoint;
  }

  /** Whether the incremental scan is complete. */
  get isInitialized(): boolean {
    return this.#isInitialized;
  }

  /** Prewritten rows that wait for their commit. */
  get prewrites(): number {
    return this.#prewrites.count;
  }

  /** COMMITs left out at INITIALIZED because the scan covered them. */
  get discarded(): number {
    return this.#discarded;
  }

  /** All commits up to `resolved` have come. */
  resolve(resolved: Ts): void {
    this.#resolved = halvesOf(resolved);
    this.#prewrites.rest();
  }

  /**
   * Takes the rows of the event at hand and adds what is committed to `out`.
   *
   * @param decoder - stands at a `rows` event.
   * @returns a fault: the rest of the event was not taken, and the subscription has to be given up.
   */
  take(decoder: EventDecoder, out: BatchBuilder): MatchFault | undefined {
    const { row } = decoder;
    let fault: MatchFault | undefined;
    while (fault === undefined && decoder.nextRow()) {
      if (row.type === RowType.initialized) fault = this.#initialize(out);
      else if (this.#range.contains(decoder.bytes, row.keyAt, row.keyLength)) fault = this.#row(decoder, out);
    }
    out.endRun();
    return fault;
  }

  /** Lets go of everything. */
  close(): void {
    this.#prewrites.clear();
    this.#dropWaiting();
  }

  #row(decoder: EventDecoder, out: BatchBuilder): MatchFault | undefined {
    const { row } = decoder;
    switch (row.type) {
      case RowType.committed:
        if (isAtMost(row, this.#checkpoint)) return undefined;
        if (isAtMost(row, this.#resolved)) return faultOf('lateCommit', row);
        if (row.op === RowOp.delete) row.valueLength = 0;
        out.addRow(decoder, row);
        return undefined;
      case RowType.prewrite:
        this.#prewrite(decoder);
        return undefined;
      case RowType.commit:
        return this.#commit(decoder, out);
      case RowType.rollback:
        this.#rollback(decoder);
        return undefined;
      default:
        return undefined;
    }
  }

  #prewrite(decoder: EventDecoder): void {
    const { row } = decoder;
    const entry = this.#prewrites.find(decoder);
    if (entry !== NO_ENTRY) {
      if (row.valueLength === 0) return;
      if (row.generation < this.#prewrites.generation(entry)) return;
    }
    this.#prewrites.put(decoder);
  }

  #commit(decoder: EventDecoder, out: BatchBuilder): MatchFault | undefined {
    const { row } = decoder;
    const entry = this.#prewrites.find(decoder);
    const isComplete = entry !== NO_ENTRY && this.#hasValue(entry, row, this.#isInitialized);
    if (!isComplete) {
      if (this.#isInitialized) return faultOf('unmatchedCommit', row);
      this.#wait(decoder);
      return undefined;
    }
    const fault = this.#emit(decoder, entry, out);
    this.#prewrites.remove(entry);
    return fault;
  }

  /**
   * Whether the change of a COMMIT is known. While the scan runs the value has to come from the PREWRITE: one without
   * it may be a re-sent one, whose old value need not be right.
   */
  #hasValue(entry: number, commit: RowCursor, allowOwn: boolean): boolean {
    if (this.#isDelete(entry, commit)) return true;
    return this.#prewrites.valueLength(entry) > 0 || (allowOwn && commit.valueLength > 0);
  }

  #emit(decoder: EventDecoder, entry: number, out: BatchBuilder): MatchFault | undefined {
    const { row } = decoder;
    if (isAtMost(row, this.#checkpoint)) return undefined;
    if (isAtMost(row, this.#resolved)) return faultOf('lateCommit', row);
    const matched = this.#matched;
    this.#prewrites.read(entry, matched);
    matched.startLo = row.startLo;
    matched.startHi = row.startHi;
    matched.commitLo = row.commitLo;
    matched.commitHi = row.commitHi;
    const isDelete = this.#isDelete(entry, row);
    const isOwnValue = !isDelete && matched.valueLength === 0;
    if (isDelete) matched.valueLength = 0;
    out.add(matched);
    if (isOwnValue) out.replaceValue(decoder, row.valueAt, row.valueLength);
    return undefined;
  }

  /** A COMMIT knows the operation better than a PREWRITE: a pipelined transaction may change its mind between. */
  #isDelete(entry: number, commit: RowCursor): boolean {
    return (
      commit.op === RowOp.delete ||
      (commit.op === RowOp.unknown && this.#prewrites.op(entry) === RowOp.delete)
    );
  }

  #rollback(decoder: EventDecoder): void {
    const entry = this.#prewrites.find(decoder);
    if (entry !== NO_ENTRY) this.#prewrites.remove(entry);
    else if (!this.#isInitialized) this.#wait(decoder);
  }

  #wait(decoder: EventDecoder): void {
    const { row } = decoder;
    const bytes = decoder.bytes.slice(row.at, row.end);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length + WAITING_OVERHEAD;
    this.#budget.change(bytes.length + WAITING_OVERHEAD);
  }

  #dropWaiting(): void {
    this.#budget.change(-this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** The scan is complete: what waited for it finds its PREWRITE now, or never. */
  #initialize(out: BatchBuilder): MatchFault | undefined {
    if (this.#isInitialized) return undefined;
    this.#isInitialized = true;
    const waiting = this.#waiting;
    this.#dropWaiting();
    if (waiting.length === 0) return undefined;
    const decoder = new EventDecoder();
    for (const bytes of waiting) {
      decoder.openRow(bytes);
      const fault = this.#settle(decoder, out);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #settle(decoder: EventDecoder, out: BatchBuilder): MatchFault | undefined {
    const { row } = decoder;
    const entry = this.#prewrites.find(decoder);
    if (row.type === RowType.commit) {
      if (entry !== NO_ENTRY && this.#hasValue(entry, row, false)) return this.#commit(decoder, out);
      // The PREWRITE was before the snapshot (the scan would have sent the lock, with its value), and so the COMMIT
      // was too: the scan has sent COMMITTED. What may have come is a lock re-sent without its value.
      this.#discarded++;
    }
    if (entry !== NO_ENTRY) this.#prewrites.remove(entry);
    return undefined;
  }
}

function halvesOf(timestamp: Ts): Halves {
  return { lo: Number(BigInt.asUintN(32, timestamp)), hi: Number(timestamp >> 32n) };
}

/** Whether the row's commit ts ≤ `bound`. */
function isAtMost(row: RowCursor, bound: Halves): boolean {
  const hi = row.commitHi >>> 0;
  return hi < bound.hi || (hi === bound.hi && row.commitLo >>> 0 <= bound.lo);
}

function faultOf(kind: MatchFault['kind'], row: RowCursor): MatchFault {
  return { kind, startTs: wide(row.startLo, row.startHi), commitTs: wide(row.commitLo, row.commitHi) };
}

function wide(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
