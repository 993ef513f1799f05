/**
 * The question before the question: could this word be one of those? One bit for each combination of length, first
 * and last byte; wrong about one word in fifty of ordinary SQL even with a thousand names in it.
 */

/** Rows of {@link WordFilter.bits}: length modulo 64, then the first byte modulo 32. */
const ROWS = 64 * 32;

/** Bits over ASCII words; a word longer than 63 bytes shares the rows of its length modulo 64. */
export class WordFilter {
  /** Bit (last byte & 31) of entry (length & 63) × 32 + (first byte & 31). Letters of either case are one. */
  readonly bits = new Int32Array(ROWS);

  constructor(words: Iterable<string>) {
    for (const word of words) {
      const row = rowOf(word.length, word.charCodeAt(0));
      this.bits[row] = (this.bits[row] ?? 0) | (1 << (word.charCodeAt(word.length - 1) & 31));
    }
  }

  /** Whether bytes[start, end) may be one of the words; false is certain. */
  mayHave(bytes: Uint8Array, start: number, end: number): boolean {
    if (end <= start) return false;
    return (
      (((this.bits[rowOf(end - start, bytes[start] ?? 0)] ?? 0) >>> ((bytes[end - 1] ?? 0) & 31)) & 1) === 1
    );
  }

  /** A filter for these words and more. */
  with(words: Iterable<string>): WordFilter {
    const both = new WordFilter(words);
    for (let row = 0; row < ROWS; row++) both.bits[row] = (both.bits[row] ?? 0) | (this.bits[row] ?? 0);
    return both;
  }
}

function rowOf(length: number, first: number): number {
  return ((length & 63) << 5) | (first & 31);
}
