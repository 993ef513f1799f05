/**
 * A queue between one or more producers and one consumer, with a bound: a full queue makes producers wait, which is
 * how back-pressure travels. Items have a size of the caller's choosing (rows, bytes).
 */
import { assert } from './assert.js';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** Bounded asynchronous queue. An item larger than the whole bound is let in when the queue is empty. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  readonly #sizeOf: (item: T) => number;
  #items: T[] = [];
  #head = 0;
  #size = 0;
  #closed: { readonly error: Error | undefined } | undefined;
  #consumer: Waiter | undefined;
  #producers: Waiter[] = [];

  /** @param capacity - in the unit of `sizeOf` (default: items). */
  constructor(capacity: number, sizeOf: (item: T) => number = () => 1) {
    assert(capacity > 0, `queue capacity ${capacity} must be positive`);
    this.#capacity = capacity;
    this.#sizeOf = sizeOf;
  }

  /** Sum of the sizes of the waiting items. */
  get size(): number {
    return this.#size;
  }

  /** Number of waiting items. */
  get count(): number {
    return this.#items.length - this.#head;
  }

  /** Whether {@link offer} would take an item of this size now. */
  hasRoom(size = 1): boolean {
    return this.count === 0 || this.#size + size <= this.#capacity;
  }

  /** Adds an item if there is room. @returns whether it was taken. */
  offer(item: T): boolean {
    const size = this.#sizeOf(item);
    if (this.#closed !== undefined || !this.hasRoom(size)) return false;
    this.#items.push(item);
    this.#size += size;
    this.#wakeConsumer();
    return true;
  }

  /**
   * Adds an item, waiting for room.
   *
   * @throws the close error, or the signal's reason; the item was then not added.
   */
  async push(item: T, signal: AbortSignal): Promise<void> {
    while (!this.offer(item)) {
      if (this.#closed !== undefined) throw this.#closed.error ?? new Error('the queue is closed');
      await this.#wait((waiter) => this.#producers.push(waiter), signal);
    }
  }

  /** The next item if there is one. */
  poll(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#size -= this.#sizeOf(item);
    this.#wakeProducers();
    return item;
  }

  /**
   * The next item, waiting for one; undefined when the queue was closed without an error and is drained.
   *
   * @throws the close error once drained, or the signal's reason.
   */
  async take(signal: AbortSignal): Promise<T | undefined> {
    for (;;) {
      const item = this.poll();
      if (item !== undefined) return item;
      if (this.#closed !== undefined) {
        if (this.#closed.error !== undefined) throw this.#closed.error;
        return undefined;
      }
      await this.#wait((waiter) => {
        assert(this.#consumer === undefined, 'a bounded queue has one consumer');
        this.#consumer = waiter;
      }, signal);
    }
  }

  /** Takes no more items; the consumer gets what is waiting, then the error (or the end). */
  close(error?: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    this.#wakeConsumer();
    this.#wakeProducers();
  }

  #wakeConsumer(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    consumer?.resolve();
  }

  #wakeProducers(): void {
    const producers = this.#producers;
    this.#producers = [];
    for (const producer of producers) producer.resolve();
  }

  #wait(enlist: (waiter: Waiter) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      const waiter: Waiter = {
        resolve: () => {
          settle();
          resolve();
        },
        reject,
      };
      const onAbort = (): void => {
        settle();
        if (this.#consumer === waiter) this.#consumer = undefined;
        this.#producers = this.#producers.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      enlist(waiter);
    });
  }
}
