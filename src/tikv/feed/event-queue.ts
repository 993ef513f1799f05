/**
 * What the consumer has yet to take, in order. Rows are collected in their span's builder for as long as the consumer
 * is busy, so that a slow consumer gets large batches and an idle one gets single rows at once.
 *
 * The bound is soft by one message a stream: whoever adds does so without waiting, to keep the order of rows and
 * resolved timestamps, and then waits for room before it reads on.
 */
import { Alarm } from '../../base/alarm.js';
import { assert } from '../../base/assert.js';
import type { FeedEvent } from './feed-event.js';
import type { Span } from './region-feed.js';
import { batchBytes } from './row-change-batch.js';

/** A batch is closed at about this size even if nobody has asked for it. */
const BATCH_BYTES = 1024 * 1024;
/** What an event without rows counts for. */
const EVENT_BYTES = 64;

interface Queued {
  readonly span: Span;
  readonly event: FeedEvent;
  readonly bytes: number;
}

/** Events of all spans, for one consumer. */
export class EventQueue {
  readonly #capacity: number;
  #queue: Queued[] = [];
  #head = 0;
  #queuedBytes = 0;
  /** Spans with rows of which no batch has been made, the longest waiting first, and the bytes of those rows. */
  readonly #open = new Map<Span, number>();
  #openBytes = 0;
  readonly #arrived = new Alarm();
  readonly #taken = new Alarm();
  #isTaking = false;

  /** @param capacity - bytes above which {@link room} waits. */
  constructor(capacity: number) {
    assert(capacity > 0, `capacity ${capacity} is positive`);
    this.#capacity = capacity;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#queuedBytes + this.#openBytes;
  }

  get hasRoom(): boolean {
    return this.bytes < this.#capacity;
  }

  /** Resolves when there is room. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.hasRoom) await this.#taken.wait(signal);
  }

  /** Rows may have been added to the span's builder. */
  rowsAdded(span: Span): void {
    const bytes = span.rows.bytes;
    const before = this.#open.get(span) ?? 0;
    if (bytes === before) return;
    this.#open.set(span, bytes);
    this.#openBytes += bytes - before;
    if (bytes >= BATCH_BYTES) this.#seal(span);
    this.#arrived.ring();
  }

  /** Adds an event after all rows of its span. */
  push(span: Span, event: FeedEvent): void {
    this.#seal(span);
    this.#add(span, event, EVENT_BYTES);
  }

  /** Forgets the rows of a span; its events are passed over once it is `dropped`. */
  drop(span: Span): void {
    span.rows.seal();
    this.#openBytes -= this.#open.get(span) ?? 0;
    this.#open.delete(span);
    this.#taken.ring();
  }

  /**
   * The next event, waiting for one.
   *
   * @throws the signal's reason.
   */
  async take(signal: AbortSignal): Promise<FeedEvent> {
    assert(!this.#isTaking, 'a feed has one consumer');
    this.#isTaking = true;
    try {
      for (;;) {
        const event = this.#poll();
        if (event !== undefined) return event;
        await this.#arrived.wait(signal);
      }
    } finally {
      this.#isTaking = false;
    }
  }

  #poll(): FeedEvent | undefined {
    for (;;) {
      if (this.#head === this.#queue.length) {
        const [span] = this.#open.keys();
        if (span === undefined) return undefined;
        this.#seal(span);
      }
      const next = this.#queue[this.#head];
      if (next === undefined) continue;
      this.#advance();
      this.#queuedBytes -= next.bytes;
      if (this.hasRoom) this.#taken.ring();
      if (next.span.state !== 'dropped') return next.event;
    }
  }

  #advance(): void {
    this.#queue[this.#head++] = undefined as never;
    if (this.#head < 1024 || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  #seal(span: Span): void {
    const batch = span.rows.seal();
    this.#openBytes -= this.#open.get(span) ?? 0;
    this.#open.delete(span);
    if (batch !== undefined) this.#add(span, { kind: 'rows', spanId: span.id, batch }, batchBytes(batch));
  }

  #add(span: Span, event: FeedEvent, bytes: number): void {
    this.#queue.push({ span, event, bytes });
    this.#queuedBytes += bytes;
    this.#arrived.ring();
  }
}
