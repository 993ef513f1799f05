/**
 * A whole change-feed client in small: follows a key range through splits, merges, leader moves and faults, and keeps
 * every version. It obeys the folding rule of TRUTH §1, so what it holds at a resolved timestamp must be what a scan
 * sees there; where the feed itself breaks a promise it notes that in `broken`.
 */
import { compareBytes, type KeyString, keyString } from '../../../src/base/bytes.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import type { Region, TestClient } from './client.js';
import { Feed, type FeedEntry, type FeedRow } from './feed.js';
import { decodeBytes } from './keys.js';

/** A piece of the range: subscribed to, or waiting to be. */
interface Span {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly checkpoint: bigint;
  readonly requestId: bigint;
  resolved: bigint;
  initialized: boolean;
  readonly prewritten: Map<string, FeedRow>;
  unmatched: FeedRow[];
  feed: Feed | undefined;
}

const BACKOFF_MS = 25;

/** Follows [start, end), raw keys, from a timestamp on. */
export class Replica {
  /** Promises that the feed did not keep. */
  readonly broken: string[] = [];
  /** How often a subscription ended, by cause. */
  readonly ends = new Map<string, number>();
  readonly #client: TestClient;
  readonly #versions = new Map<KeyString, Map<bigint, Uint8Array | undefined>>();
  readonly #spans = new Set<Span>();
  readonly #feeds = new Map<bigint, Feed>();
  #requests = 0n;
  #isClosed = false;

  constructor(client: TestClient, start: Uint8Array, end: Uint8Array, from: Ts) {
    this.#client = client;
    this.#cover(start, end, from);
  }

  /** Ends all subscriptions. */
  close(): void {
    this.#isClosed = true;
    for (const feed of this.#feeds.values()) feed.close();
  }

  /** Every commit up to here has been seen. */
  get frontier(): Ts {
    const least = [...this.#spans].map((span) => span.resolved).reduce((a, b) => (a < b ? a : b));
    return ts(least);
  }

  /** The rows as of a timestamp up to the frontier. */
  at(when: Ts): Map<KeyString, Uint8Array> {
    const rows = new Map<KeyString, Uint8Array>();
    for (const [key, versions] of this.#versions) {
      const newest = [...versions.keys()]
        .filter((commitTs) => commitTs <= when)
        .reduce((a, b) => (a > b ? a : b), -1n);
      const value = versions.get(newest);
      if (value !== undefined) rows.set(key, value);
    }
    return rows;
  }

  /** Subscribes to what PD knows of a range; what it does not know is tried again later. */
  #cover(start: Uint8Array, end: Uint8Array, from: bigint): void {
    const gap = this.#span(start, end, from);
    this.#client.regionsOf(start, end).then(
      (regions) => this.#subscribe(gap, regions),
      () => this.#later(gap),
    );
  }

  #span(start: Uint8Array, end: Uint8Array, from: bigint): Span {
    const requestId = ++this.#requests;
    const state = {
      resolved: from,
      initialized: false,
      prewritten: new Map(),
      unmatched: [],
      feed: undefined,
    };
    const span: Span = { start, end, checkpoint: from, requestId, ...state };
    this.#spans.add(span);
    return span;
  }

  #later(gap: Span): void {
    setTimeout(() => {
      this.#spans.delete(gap);
      if (!this.#isClosed) this.#cover(gap.start, gap.end, gap.resolved);
      else this.#spans.add(gap);
    }, BACKOFF_MS);
  }

  #subscribe(gap: Span, regions: readonly Region[]): void {
    if (this.#isClosed) return;
    this.#spans.delete(gap);
    let covered = gap.start;
    for (const region of regions) {
      const regionStart = decodeBytes(region.region.startKey);
      const regionEnd = decodeBytes(region.region.endKey);
      const start = compareBytes(regionStart, covered) > 0 ? regionStart : covered;
      const end = regionEnd.length > 0 && compareBytes(regionEnd, gap.end) < 0 ? regionEnd : gap.end;
      if (compareBytes(start, end) >= 0 || region.leader.storeId === 0n) continue;
      if (compareBytes(covered, start) < 0) this.#later(this.#span(covered, start, gap.resolved));
      const span = this.#span(start, end, gap.resolved);
      span.feed = this.#feedOf(region.leader.storeId);
      span.feed.register(region, { requestId: span.requestId, checkpointTs: ts(gap.resolved), start, end });
      covered = end;
    }
    if (compareBytes(covered, gap.end) < 0) this.#later(this.#span(covered, gap.end, gap.resolved));
  }

  #feedOf(storeId: bigint): Feed {
    const open = this.#feeds.get(storeId);
    if (open !== undefined) return open;
    const feed = new Feed(this.#client, storeId);
    feed.onEntry = (entry) => this.#take(storeId, feed, entry);
    this.#feeds.set(storeId, feed);
    return feed;
  }

  #take(storeId: bigint, feed: Feed, entry: FeedEntry): void {
    feed.log.length = 0; // it has been taken
    if (entry.kind === 'end') {
      if (this.#feeds.get(storeId) === feed) this.#feeds.delete(storeId);
      for (const span of [...this.#spans]) if (span.feed === feed) this.#end(span, `stream ${entry.code}`);
      return;
    }
    const span = [...this.#spans].find(
      (candidate) => candidate.requestId === entry.requestId && candidate.feed === feed,
    );
    if (span === undefined) return;
    if (entry.kind === 'error') this.#end(span, entry.cause);
    else if (entry.kind === 'row') this.#fold(span, entry);
    else if (span.initialized && entry.ts > span.resolved) span.resolved = entry.ts;
  }

  #end(span: Span, cause: string): void {
    this.ends.set(cause, (this.ends.get(cause) ?? 0) + 1);
    this.#spans.delete(span);
    this.#later(this.#span(span.start, span.end, span.resolved));
  }

  #fold(span: Span, row: FeedRow): void {
    const id = `${keyString(row.key)}/${row.startTs}`;
    switch (row.type) {
      case 'INITIALIZED': {
        span.initialized = true;
        const { unmatched } = span;
        span.unmatched = [];
        for (const commit of unmatched) this.#fold(span, commit);
        return;
      }
      case 'PREWRITE': {
        const held = span.prewritten.get(id);
        if (held === undefined || row.value.length > 0) span.prewritten.set(id, row);
        return;
      }
      case 'ROLLBACK':
        span.prewritten.delete(id);
        return;
      case 'COMMITTED':
        this.#commit(span, row, row);
        return;
      case 'COMMIT': {
        const held = span.prewritten.get(id);
        const isWhole = held !== undefined && (held.opType === 'DELETE' || held.value.length > 0);
        if (isWhole) {
          span.prewritten.delete(id);
          this.#commit(span, row, held);
        } else if (!span.initialized) {
          span.unmatched.push(row);
        } else if (row.commitTs > span.resolved && !this.#has(row)) {
          this.broken.push(`COMMIT without PREWRITE at ${row.commitTs}`);
        }
      }
    }
  }

  #has(row: FeedRow): boolean {
    return this.#versions.get(keyString(row.key))?.has(row.commitTs) ?? false;
  }

  #commit(span: Span, commit: FeedRow, data: FeedRow): void {
    if (commit.commitTs <= span.checkpoint) return;
    if (commit.commitTs <= span.resolved && !this.#has(commit)) {
      this.broken.push(`commit ${commit.commitTs} at or below resolved ${span.resolved}`);
    }
    const key = keyString(commit.key);
    const versions = this.#versions.get(key) ?? new Map<bigint, Uint8Array | undefined>();
    versions.set(commit.commitTs, data.opType === 'DELETE' ? undefined : data.value);
    this.#versions.set(key, versions);
  }
}
