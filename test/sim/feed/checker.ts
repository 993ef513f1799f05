/**
 * Holds what a feed delivers against what was committed: at every resolved ts, exactly the history up to it, with old
 * values; no row at or below a resolved ts that was told; resolved timestamps only grow.
 */
import type { Ts } from '../../../src/codec/tso.js';
import type { FeedEvent, SpanRequest } from '../../../src/tikv/feed/feed-event.js';
import { type RowChange, rowsOf } from '../../unit/tikv/feed/batch-rows.js';
import type { Commit } from './model-mvcc.js';
import { holds } from './model-regions.js';

/** Checks the events of one span. */
export class SpanChecker {
  readonly #range: { readonly start: string; readonly end: string };
  readonly #log: readonly Commit[];
  /** Delivered, not yet covered by a resolved ts; by key and commit ts. */
  readonly #pending = new Map<string, RowChange>();
  #resolved: bigint;
  #isOver = false;
  rows = 0;
  repeated = 0;
  initialized = 0;

  constructor(request: SpanRequest, log: readonly Commit[]) {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    this.#range = { start: hex(request.start), end: hex(request.end) };
    this.#resolved = request.checkpoint;
    this.#log = log;
  }

  get resolved(): bigint {
    return this.#resolved;
  }

  take(event: FeedEvent): void {
    if (this.#isOver) throw new Error(`a ${event.kind} comes after the gap`);
    if (event.kind === 'rows') for (const row of rowsOf(event.batch)) this.#row(row);
    else if (event.kind === 'resolved') this.#resolve(event.ts);
    else if (event.kind === 'initialized') this.initialized++;
    else {
      this.#isOver = true;
      if (event.from !== this.#resolved) throw new Error(`a gap from ${event.from}, not ${this.#resolved}`);
    }
  }

  #row(row: RowChange): void {
    this.rows++;
    const at = `${row.key}@${row.commitTs}`;
    if (row.commitTs <= this.#resolved) throw new Error(`${at} comes after ${this.#resolved} was resolved`);
    if (!holds(this.#range, row.key)) throw new Error(`${at} is outside the span`);
    const before = this.#pending.get(at);
    if (before !== undefined) {
      this.repeated++;
      if (describe(before) !== describe(row))
        throw new Error(`${at} came as ${describe(before)} and ${describe(row)}`);
    }
    this.#pending.set(at, row);
  }

  #resolve(ts: Ts): void {
    if (ts <= this.#resolved) throw new Error(`resolved ts ${ts} comes after ${this.#resolved}`);
    if (this.initialized !== 1) throw new Error(`resolved after ${this.initialized} initialized events`);
    for (const commit of this.#log) {
      if (commit.commitTs <= this.#resolved || commit.commitTs > ts || !holds(this.#range, commit.key))
        continue;
      const at = `${commit.key}@${commit.commitTs}`;
      const row = this.#pending.get(at);
      if (row === undefined) throw new Error(`${at} (${describe(commit)}) is missing at ${ts}`);
      if (describe(row) !== describe(commit))
        throw new Error(`${at} is ${describe(row)}, not ${describe(commit)}`);
      this.#pending.delete(at);
    }
    for (const [at, row] of this.#pending) {
      if (row.commitTs <= ts) throw new Error(`${at} (${describe(row)}) was never committed`);
    }
    this.#resolved = ts;
  }
}

function describe(change: Omit<Commit, 'key' | 'commitTs'>): string {
  return `start ${change.startTs}: ${change.old ?? '-'} → ${change.value ?? '-'}`;
}
