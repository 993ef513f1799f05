/**
 * Puts and deletes of keys, as a transaction will write them: all bytes in one buffer, positions in typed arrays, no
 * object a mutation.
 *
 * Each says what it expects to find under its key, which TiKV can check when it is prewritten: a violated expectation
 * means that somebody else wrote to the table.
 */
import { SqlError } from '../base/errors.js';
import { ByteWriter } from '../base/byte-writer.js';

/** What is done to a key. */
export type MutationKind = 'put' | 'delete';
/** What the key has before. `unknown` where an index is being built or removed. */
export type Expectation = 'present' | 'absent' | 'unknown';

const PUT = 1;
const EXPECTATIONS: readonly Expectation[] = ['unknown', 'absent', 'present'];
const MUTATIONS_AT_FIRST = 64;

/** Collects mutations in the order in which they were added. */
export class MutationBatch {
  /** Keys and values are appended here by whoever adds mutations. */
  readonly bytes = new ByteWriter(4096);
  /** Three positions a mutation: beginning of the key, of the value, and end. */
  #positions = new Uint32Array(3 * MUTATIONS_AT_FIRST);
  /** Low bit: whether it is a put; above it: the expectation. */
  #kinds = new Uint8Array(MUTATIONS_AT_FIRST);
  #count = 0;
  #valueAt = 0;

  /** Mutations added. */
  get count(): number {
    return this.#count;
  }

  /** Forgets all; keeps the memory. */
  reset(): void {
    this.bytes.reset();
    this.#count = 0;
  }

  /** Where the mutation that is being added begins in `bytes`. */
  get openAt(): number {
    return this.#count === 0 ? 0 : this.#positions[3 * this.#count - 1]!;
  }

  /** Says that the bytes so far are the key of a put, and what follows its value. */
  endKey(): void {
    this.#valueAt = this.bytes.length;
  }

  /** Ends a put: its key was ended by {@link MutationBatch.endKey}. */
  endPut(expectation: Expectation): void {
    this.#end(this.#valueAt, PUT, expectation);
  }

  /** Ends a delete: the bytes since the last mutation are its key. */
  endDelete(expectation: Expectation): void {
    this.#end(this.bytes.length, 0, expectation);
  }

  /** Takes back what was written since the last mutation, and all mutations from `count` on. */
  truncate(count: number): void {
    this.#count = count;
    this.bytes.truncate(this.openAt);
  }

  kindAt(index: number): MutationKind {
    return (this.#kinds[index]! & PUT) === PUT ? 'put' : 'delete';
  }

  expectationAt(index: number): Expectation {
    return EXPECTATIONS[this.#kinds[index]! >> 1]!;
  }

  /** A key, sharing the batch's memory. */
  keyAt(index: number): Uint8Array {
    return this.bytes.view().subarray(this.#positions[3 * index], this.#positions[3 * index + 1]);
  }

  /** The value of a put, sharing the batch's memory; empty for a delete. */
  valueAt(index: number): Uint8Array {
    return this.bytes.view().subarray(this.#positions[3 * index + 1], this.#positions[3 * index + 2]);
  }

  /**
   * One mutation a key, ascending by key. Where a delta takes one row away and adds another under the same key — the
   * order in which it lists them means nothing — the put remains, and expects what the delete expected.
   *
   * @throws SqlError 1062 — when two rows are put under one key.
   */
  consolidated(): MutationBatch {
    const order = this.#sorted();
    const bytes = this.bytes.view();
    const result = new MutationBatch();
    result.bytes.reserve(this.bytes.length);
    for (let i = 0; i < order.length;) {
      let next = i + 1;
      while (next < order.length && this.#compareKeys(bytes, order[i]!, order[next]!) === 0) next++;
      this.#mergeInto(result, order.subarray(i, next));
      i = next;
    }
    return result;
  }

  #end(valueAt: number, kind: number, expectation: Expectation): void {
    const index = this.#count;
    const begin = this.openAt;
    if (index === this.#kinds.length) this.#grow();
    this.#positions[3 * index] = begin;
    this.#positions[3 * index + 1] = valueAt;
    this.#positions[3 * index + 2] = this.bytes.length;
    this.#kinds[index] = kind | (EXPECTATIONS.indexOf(expectation) << 1);
    this.#count = index + 1;
  }

  #sorted(): Uint32Array {
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    const bytes = this.bytes.view();
    return order.sort((a, b) => this.#compareKeys(bytes, a, b) || a - b);
  }

  /** memcmp, as a loop: keys are short, and differ after what all keys of a table have in common. */
  #compareKeys(bytes: Uint8Array, a: number, b: number): number {
    const positions = this.#positions;
    const [aAt, bAt] = [positions[3 * a]!, positions[3 * b]!];
    const [aLength, bLength] = [positions[3 * a + 1]! - aAt, positions[3 * b + 1]! - bAt];
    const length = Math.min(aLength, bLength);
    for (let i = 0; i < length; i++) {
      const difference = bytes[aAt + i]! - bytes[bAt + i]!;
      if (difference !== 0) return difference;
    }
    return aLength - bLength;
  }

  #mergeInto(result: MutationBatch, same: Uint32Array): void {
    let put = -1;
    let deleted = -1;
    for (const index of same) {
      if (this.kindAt(index) === 'delete') deleted = index;
      else if (put >= 0) throw duplicateKey();
      else put = index;
    }
    const expectation = this.expectationAt(deleted >= 0 ? deleted : put);
    result.bytes.bytes(this.keyAt(same[0]!));
    if (put < 0) {
      result.endDelete(expectation);
      return;
    }
    result.endKey();
    result.bytes.bytes(this.valueAt(put));
    result.endPut(expectation);
  }

  #grow(): void {
    const positions = new Uint32Array(this.#positions.length * 2);
    const kinds = new Uint8Array(this.#kinds.length * 2);
    positions.set(this.#positions);
    kinds.set(this.#kinds);
    this.#positions = positions;
    this.#kinds = kinds;
  }
}

function duplicateKey(): SqlError {
  return new SqlError(1062, '23000', 'Two rows of the view have the same key');
}
