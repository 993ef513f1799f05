/**
 * Builds {@link RowChangeBatch}es. Rows come from a message that is about to be let go, or from the table of
 * prewrites; either way their bytes are copied into the batch's arena.
 *
 * A row is copied whole, with the few bytes of protobuf between its key and values; and rows that lie side by side in
 * a message (a scan sends nothing else) as one run: one copy for hundreds of rows instead of three a row. Timestamps
 * are written as 32-bit halves over the memory of the batch's 64-bit arrays (little-endian, as all of Node's
 * platforms are).
 */
import { assert } from '../../base/assert.js';
import { ByteArena, type WordBytes } from './byte-arena.js';
import type { RowCursor } from './event-decoder.js';
import { type RowChangeBatch, SLICES_PER_ROW } from './row-change-batch.js';

const MIN_ROWS = 16;
const MIN_BYTES = 1024;
/** Bytes of a row's numbers in the batch's arrays. */
const INDEX_BYTES = 44;

const NOTHING: WordBytes = new ByteArena();

/** A committed row that lies in one piece: a cursor that its owner fills and {@link BatchBuilder.add} reads. */
export class MatchedRow {
  startLo = 0;
  startHi = 0;
  commitLo = 0;
  commitHi = 0;
  txnSource = 0;
  source: WordBytes = NOTHING;
  /** The piece that holds key, value and old value. */
  at = 0;
  end = 0;
  keyAt = 0;
  keyLength = 0;
  valueAt = 0;
  valueLength = 0;
  oldAt = 0;
  oldLength = 0;
}

/** Collects rows until {@link seal} makes a batch of them. */
export class BatchBuilder {
  #count = 0;
  #rows = 0;
  #startTs = new Int32Array(0);
  #commitTs = new Int32Array(0);
  #slices = new Uint32Array(0);
  #txnSource = new Uint32Array(0);
  #arena = new ByteArena();
  /** How large the last batches were: the next one begins there, so that steady traffic does not grow arrays. */
  #usualRows = 0;
  #usualBytes = 0;
  /** The run being collected: its bytes, where it begins and ends there, and what to add to get to the arena. */
  #runSource: WordBytes = NOTHING;
  #runStart = 0;
  #runEnd = 0;
  #runShift = 0;

  get count(): number {
    return this.#count;
  }

  /** Memory that the rows so far take, about. */
  get bytes(): number {
    return this.#arena.used + this.#count * INDEX_BYTES;
  }

  /**
   * Adds a row of the message at hand. Call {@link endRun} before the message goes.
   *
   * @param message - what the cursor's offsets point into.
   */
  addRow(message: WordBytes, row: RowCursor): void {
    if (row.tagAt !== this.#runEnd || this.#runSource === NOTHING) this.#beginRun(message, row.at);
    this.#runEnd = row.end;
    const at = this.#index(row);
    this.#slice(at, row, this.#runShift);
  }

  /** Copies what {@link addRow} has referred to. */
  endRun(): void {
    const length = this.#runEnd - this.#runStart;
    if (length > 0) {
      this.#reserve(length);
      this.#arena.append(this.#runSource, this.#runStart, length);
    }
    this.#runSource = NOTHING;
    this.#runStart = this.#runEnd = 0;
  }

  /** Adds a row from elsewhere; its bytes are copied at once. */
  add(row: MatchedRow): void {
    this.endRun();
    const length = row.end - row.at;
    this.#reserve(length);
    const shift = this.#arena.used - row.at;
    this.#arena.append(row.source, row.at, length);
    this.#slice(this.#index(row), row, shift);
  }

  /** Gives the last row another value: `length` bytes at `at`. */
  replaceValue(source: WordBytes, at: number, length: number): void {
    assert(this.#count > 0, 'there is no last row');
    this.#reserve(length);
    const slice = (this.#count - 1) * SLICES_PER_ROW + 2;
    this.#slices[slice] = this.#arena.used;
    this.#arena.append(source, at, length);
    this.#slices[slice + 1] = this.#arena.used;
  }

  /** The rows so far as a batch, whose buffers the builder lets go; undefined if there are none. */
  seal(): RowChangeBatch | undefined {
    this.endRun();
    const count = this.#count;
    if (count === 0) return undefined;
    const { bytes, used } = this.#arena;
    const batch: RowChangeBatch = {
      count,
      startTs: new BigUint64Array(this.#startTs.buffer),
      commitTs: new BigUint64Array(this.#commitTs.buffer),
      slices: this.#slices,
      txnSource: this.#txnSource,
      // An arena much larger than its content is not worth keeping alive until the epoch closes.
      data: used * 2 < bytes.length ? bytes.slice(0, used) : bytes,
    };
    this.#usualRows = Math.max(count, this.#usualRows >>> 1);
    this.#usualBytes = Math.max(used, this.#usualBytes >>> 1);
    this.#count = this.#rows = 0;
    this.#startTs = this.#commitTs = new Int32Array(0);
    this.#slices = this.#txnSource = new Uint32Array(0);
    this.#arena = new ByteArena();
    return batch;
  }

  #beginRun(message: WordBytes, at: number): void {
    this.endRun();
    this.#runSource = message;
    this.#runStart = at;
    this.#runShift = this.#arena.used - at;
  }

  /** Writes the numbers of one more row. @returns where its slices go. */
  #index(row: RowCursor | MatchedRow): number {
    const index = this.#count;
    if (index === this.#rows) this.#growIndex();
    this.#count = index + 1;
    this.#startTs[2 * index] = row.startLo;
    this.#startTs[2 * index + 1] = row.startHi;
    this.#commitTs[2 * index] = row.commitLo;
    this.#commitTs[2 * index + 1] = row.commitHi;
    this.#txnSource[index] = row.txnSource;
    return index * SLICES_PER_ROW;
  }

  #slice(at: number, row: RowCursor | MatchedRow, shift: number): void {
    const slices = this.#slices;
    slices[at] = row.keyAt + shift;
    slices[at + 1] = row.keyAt + row.keyLength + shift;
    // What is empty stays at 0 … 0, as the arrays were made.
    if (row.valueLength > 0) {
      slices[at + 2] = row.valueAt + shift;
      slices[at + 3] = row.valueAt + row.valueLength + shift;
    }
    if (row.oldLength > 0) {
      slices[at + 4] = row.oldAt + shift;
      slices[at + 5] = row.oldAt + row.oldLength + shift;
    }
  }

  #growIndex(): void {
    const rows = Math.max(MIN_ROWS, this.#rows === 0 ? this.#usualRows : this.#rows * 2);
    this.#startTs = grown(this.#startTs, new Int32Array(rows * 2));
    this.#commitTs = grown(this.#commitTs, new Int32Array(rows * 2));
    this.#slices = grown(this.#slices, new Uint32Array(rows * SLICES_PER_ROW));
    this.#txnSource = grown(this.#txnSource, new Uint32Array(rows));
    this.#rows = rows;
  }

  #reserve(length: number): void {
    const isFresh = this.#arena.bytes.length === 0;
    this.#arena.reserve(isFresh ? Math.max(MIN_BYTES, length, this.#usualBytes) : length);
  }
}

function grown<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
