/**
 * A rate limit that allows bursts: tokens drip into the bucket at a constant rate until it is full, and each event
 * takes one out. Nothing runs meanwhile: what has dripped in is computed when somebody asks.
 */
import { assert } from '../base/assert.js';

/** A bucket; full in the beginning. It holds the tokens of one second, and one at least. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  /**
   * @param perSecond - > 0.
   * @param nowMs - Runtime.monotonicMs, as in all methods.
   */
  constructor(perSecond: number, nowMs: number) {
    assert(perSecond > 0, `a bucket that is filled by ${perSecond} tokens a second stays empty`);
    this.#perMs = perSecond / 1000;
    this.#capacity = Math.max(1, perSecond);
    this.#tokens = this.#capacity;
    this.#atMs = nowMs;
  }

  /** Takes a token out. @returns whether there was one. */
  take(nowMs: number): boolean {
    this.#drip(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether it is as if it had just been made: nothing is lost when it is forgotten. */
  isFull(nowMs: number): boolean {
    this.#drip(nowMs);
    return this.#tokens === this.#capacity;
  }

  #drip(nowMs: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
  }
}
