/**
 * What of a span is subscribed, and up to when each part of it is known: a partition of the span's keys into segments,
 * each either held by the subscription of one region, with that subscription's resolved ts, or a gap, with the ts from
 * which it has to be subscribed. The span's resolved ts is the least of all of them, gaps included; so a region that
 * splits, merges, moves or dies can never take with it what it has not delivered.
 *
 * TiCDC's region lock lets the subscription of a newer region wait for older ones that overlap it. Here only gaps are
 * ever subscribed (a region is cut to them) and a region may be subscribed twice, under two request ids; so nobody
 * waits, and there is no stale lock to detect.
 *
 * @see pingcap/ticdc logservice/logpuller/regionlock; TIKV-FACTS §4.5
 */
import { assert, present } from '../../base/assert.js';
import { keyBytes, keyString, type KeyString, NO_BYTES } from '../../base/bytes.js';
import { OrderedMap } from '../../base/ordered-map.js';
import { MAX_TS, minTs, type Ts } from '../../codec/tso.js';
import { KeyRange } from './key-range.js';

/** Above every key: no byte is this character. */
const INFINITY_KEY = '\u0100' as KeyString;

/** When a gap may be subscribed (again). */
export interface Retry {
  /** Subscriptions of these keys that have failed since one was complete. */
  readonly failures: number;
  /** How often in a row their subscriptions fell silent. */
  readonly silences: number;
  /** By Runtime.monotonicMs. */
  readonly notBeforeMs: number;
}

const AT_ONCE: Retry = { failures: 0, silences: 0, notBeforeMs: 0 };

/** A part of the span. Owned by the map; others keep it as a handle and read it. */
export interface Segment<Owner> {
  readonly start: KeyString;
  readonly end: KeyString;
  /** Everything up to here has been delivered. */
  readonly ts: Ts;
  /** When `ts` last grew, by Runtime.monotonicMs. */
  readonly sinceMs: number;
  /** Who subscribes it; undefined: a gap. */
  readonly owner: Owner | undefined;
}

class MutableSegment<Owner> implements Segment<Owner> {
  start: KeyString;
  end: KeyString;
  ts: Ts;
  sinceMs: number;
  owner: Owner | undefined = undefined;
  retry: Retry = AT_ONCE;

  constructor(start: KeyString, end: KeyString, ts: Ts, sinceMs: number) {
    this.start = start;
    this.end = end;
    this.ts = ts;
    this.sinceMs = sinceMs;
  }
}

/** What {@link RegionMap.lock} gives. */
export interface Lock<Owner> {
  readonly segment: Segment<Owner>;
  /** Of the gaps that were locked, the worst. */
  readonly retry: Retry;
}

/** The segments of one span. */
export class RegionMap<Owner> {
  readonly #segments = new OrderedMap<KeyString, MutableSegment<Owner>>();
  /** The least ts and how many segments have it; recomputed when that count reaches zero or the segments change. */
  #least: Ts;
  #atLeast = 1;
  #gaps = 1;

  /** @param end - empty: +∞. */
  constructor(start: Uint8Array, end: Uint8Array, ts: Ts, nowMs: number) {
    const from = keyString(start);
    const to = endString(end);
    assert(from < to, 'a span is not empty');
    this.#segments.set(from, new MutableSegment<Owner>(from, to, ts, nowMs));
    this.#least = ts;
  }

  /** The least ts of all segments. */
  get resolved(): Ts {
    if (this.#atLeast === 0) this.#findLeast();
    return this.#least;
  }

  /** Whether some of the span is not subscribed. */
  get hasGaps(): boolean {
    return this.#gaps > 0;
  }

  /** In order of keys. Do not change the map meanwhile. */
  segments(): IterableIterator<Segment<Owner>> {
    return this.#segments.values();
  }

  /** The segment that holds the span back. */
  slowest(): Segment<Owner> {
    let slowest: Segment<Owner> | undefined;
    for (const segment of this.#segments.values()) {
      if (slowest === undefined || segment.ts < slowest.ts) slowest = segment;
    }
    return present(slowest, 'a span has a segment');
  }

  /**
   * Runs of gaps that may be subscribed now, each as long as possible.
   *
   * @param within - only of these keys, to which the runs are cut.
   */
  dueGaps(nowMs: number, within?: KeyRange): readonly KeyRange[] {
    const from = within === undefined ? ('' as KeyString) : keyString(within.start);
    const to = within === undefined ? INFINITY_KEY : endString(within.end);
    const runs: { start: KeyString; end: KeyString }[] = [];
    const first = this.#segments.floor(from)?.[0] ?? from;
    for (const [, segment] of this.#segments.from(first)) {
      if (segment.start >= to) break;
      if (segment.end <= from || segment.owner !== undefined || segment.retry.notBeforeMs > nowMs) continue;
      const start = segment.start < from ? from : segment.start;
      const end = segment.end > to ? to : segment.end;
      const last = runs.at(-1);
      if (last?.end === start) last.end = end;
      else runs.push({ start, end });
    }
    return runs.map((run) => rangeOf(run));
  }

  /** When the next gap may be subscribed; undefined if there is no gap. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const { owner, retry } of this.#segments.values()) {
      if (owner === undefined && (next === undefined || retry.notBeforeMs < next)) next = retry.notBeforeMs;
    }
    return next;
  }

  /**
   * Gives gaps to an owner, who subscribes them from the segment's ts: the least of theirs.
   *
   * @param range - lies in gaps only.
   */
  lock(range: KeyRange, owner: Owner, nowMs: number): Lock<Owner> {
    const gaps = this.#cutOut(range);
    let ts = MAX_TS;
    let retry = AT_ONCE;
    for (const gap of gaps) {
      assert(gap.owner === undefined, `[${gap.start}, ${gap.end}) is subscribed already`);
      ts = minTs(ts, gap.ts);
      if (gap.retry.failures + gap.retry.silences > retry.failures + retry.silences) retry = gap.retry;
      this.#segments.delete(gap.start);
    }
    const segment = new MutableSegment<Owner>(keyString(range.start), endString(range.end), ts, nowMs);
    segment.owner = owner;
    this.#segments.set(segment.start, segment);
    this.#gaps -= gaps.length;
    this.#atLeast = 0;
    return { segment, retry };
  }

  /**
   * Makes a gap of a locked segment.
   *
   * @param ts - from where it has to be subscribed again: the segment's, or an earlier one.
   */
  unlock(segment: Segment<Owner>, ts: Ts, retry: Retry): void {
    const own = this.#own(segment);
    assert(ts <= own.ts, `a gap at ${ts} would lose what came before ${own.ts}`);
    own.owner = undefined;
    own.ts = ts;
    own.retry = retry;
    this.#gaps++;
    this.#atLeast = 0;
  }

  /** Everything up to `ts` has been delivered. Never goes back. */
  advance(segment: Segment<Owner>, ts: Ts, nowMs: number): void {
    const own = this.#own(segment);
    assert(ts > own.ts, `resolved ts ${ts} is not above ${own.ts}`);
    if (own.ts === this.#least && this.#atLeast > 0) this.#atLeast--;
    own.ts = ts;
    own.sinceMs = nowMs;
  }

  /** Lets what is due of the gaps within a range wait. */
  delay(range: KeyRange, nowMs: number, retryOf: (before: Retry) => Retry): void {
    const start = keyString(range.start);
    const end = endString(range.end);
    this.#splitGap(start);
    if (end !== INFINITY_KEY) this.#splitGap(end);
    for (const [from, segment] of this.#segments.from(start)) {
      if (from >= end) break;
      if (segment.owner === undefined && segment.retry.notBeforeMs <= nowMs) {
        segment.retry = retryOf(segment.retry);
      }
    }
  }

  #own(segment: Segment<Owner>): MutableSegment<Owner> {
    const own = this.#segments.get(segment.start);
    assert(own === segment, `segment [${segment.start}, ${segment.end}) is not of this map`);
    return own;
  }

  /** The segments that make up a range exactly, after splitting those that reach over its bounds. */
  #cutOut(range: KeyRange): readonly MutableSegment<Owner>[] {
    const start = keyString(range.start);
    const end = endString(range.end);
    this.#split(start);
    if (end !== INFINITY_KEY) this.#split(end);
    const inside: MutableSegment<Owner>[] = [];
    for (const [from, segment] of this.#segments.from(start)) {
      if (from >= end) break;
      inside.push(segment);
    }
    assert(inside[0]?.start === start && inside.at(-1)?.end === end, 'a range lies within its span');
    return inside;
  }

  #splitGap(key: KeyString): void {
    if (this.#segments.floor(key)?.[1].owner === undefined) this.#split(key);
  }

  #split(key: KeyString): void {
    const left = this.#segments.floor(key)?.[1];
    if (left === undefined || left.start === key || left.end <= key) return;
    assert(left.owner === undefined, `a subscription of [${left.start}, ${left.end}) cannot be split`);
    const right = new MutableSegment<Owner>(key, left.end, left.ts, left.sinceMs);
    right.retry = left.retry;
    left.end = key;
    this.#segments.set(key, right);
    this.#gaps++;
    this.#atLeast = 0;
  }

  #findLeast(): void {
    let least = MAX_TS;
    let count = 0;
    for (const { ts } of this.#segments.values()) {
      if (ts < least) {
        least = ts;
        count = 0;
      }
      if (ts === least) count++;
    }
    this.#least = least;
    this.#atLeast = count;
  }
}

/** A segment's keys as bytes; an empty end is +∞. */
export function rangeOf(segment: { readonly start: KeyString; readonly end: KeyString }): KeyRange {
  return new KeyRange(
    keyBytes(segment.start),
    segment.end === INFINITY_KEY ? NO_BYTES : keyBytes(segment.end),
  );
}

function endString(end: Uint8Array): KeyString {
  return end.length === 0 ? INFINITY_KEY : keyString(end);
}
