/**
 * Open addressing from hashes to addresses, in 256 segments by the hash's highest bits: a segment doubles alone, so no
 * pause grows with the table (PERFORMANCE §2: doubling a table of a million keys takes a third of a second). Several
 * entries may have one hash; the owner compares what lies at the addresses.
 *
 * A slot is a hash and an address; address zero: free. Linear probing, at most half full; removal shifts back what
 * comes after, so there are no graves.
 */
import { assert } from '../../base/assert.js';

const SEGMENTS = 256;
/** Of a segment without entries: one free slot. */
const NO_SLOTS = new Int32Array(2);
const SLOTS_AT_FIRST = 8;

/** Addresses by hash. */
export class HashSlots {
  /** By hash >>> 24: pairs of hash and address; their number is a power of two. */
  readonly segments: Int32Array[] = new Array<Int32Array>(SEGMENTS).fill(NO_SLOTS);
  readonly #counts = new Int32Array(SEGMENTS);
  #slots = 0;

  /** Bytes of memory. */
  get size(): number {
    return this.#slots * 8;
  }

  /** Adds an entry, without looking for others. */
  add(hash: number, address: number): void {
    const number = hash >>> 24;
    const count = this.#counts[number]! + 1;
    this.#counts[number] = count;
    if (count * 4 > this.segments[number]!.length) this.#grow(number);
    put(this.segments[number]!, hash, address);
  }

  /** Gives an entry another address. */
  move(hash: number, from: number, to: number): void {
    this.segments[hash >>> 24]![this.#indexOf(hash, from) + 1] = to;
  }

  /** Removes an entry. */
  remove(hash: number, address: number): void {
    const slots = this.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    let hole = this.#indexOf(hash, address);
    this.#counts[hash >>> 24]!--;
    for (let at = (hole + 2) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
      // An entry may go to the hole if that is not before the slot where its search begins.
      const home = (slots[at]! * 2) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at]!;
      slots[hole + 1] = slots[at + 1]!;
      hole = at;
    }
    slots[hole] = 0;
    slots[hole + 1] = 0;
  }

  #indexOf(hash: number, address: number): number {
    const slots = this.segments[hash >>> 24]!;
    const mask = slots.length - 1;
    for (let at = (hash * 2) & mask; ; at = (at + 2) & mask) {
      assert(slots[at + 1] !== 0, 'an address that is not in its table');
      if (slots[at + 1] === address) return at;
    }
  }

  #grow(number: number): void {
    const old = this.segments[number]!;
    const grown = new Int32Array(old === NO_SLOTS ? SLOTS_AT_FIRST * 2 : old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) put(grown, old[at]!, old[at + 1]!);
    }
    this.segments[number] = grown;
    this.#slots += (grown.length - (old === NO_SLOTS ? 0 : old.length)) / 2;
  }
}

function put(slots: Int32Array, hash: number, address: number): void {
  const mask = slots.length - 1;
  let at = (hash * 2) & mask;
  while (slots[at + 1] !== 0) at = (at + 2) & mask;
  slots[at] = hash;
  slots[at + 1] = address;
}
