/** Hashing and comparing packed rows. A hash only says where to look; the words decide. */
import type { WordBatch } from './word-codec.js';

/** The hash of words[at … end). */
export function hashWords(words: Int32Array, at: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = at; i < end; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return Math.imul(hash, 0xc2b2ae35) ^ (hash >>> 16);
}

/** Writes the hashes of a batch's first `rows` rows. */
export function hashBatch(batch: WordBatch, rows: number, hashes: Int32Array): void {
  const { words, offsets } = batch;
  for (let i = 0; i < rows; i++) hashes[i] = hashWords(words, offsets[i]!, offsets[i + 1]!);
}

/** Whether `length` words are the same in two places. */
export function sameWords(a: Int32Array, aAt: number, b: Int32Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (a[aAt + i] !== b[bAt + i]) return false;
  }
  return true;
}
