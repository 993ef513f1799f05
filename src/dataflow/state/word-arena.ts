/**
 * Memory for rows and records as 32-bit words: pages of 256 KiB, addressed by one integer (page in the upper half, word
 * in the lower), so that growing never copies what is there and no pause grows with the table.
 *
 * A block never crosses pages; one longer than a page has a page of its own length. Blocks begin at even words (doubles
 * may lie in them) and their first word is the arena's: length in words, a tag of the owner's, whether it is in use. The
 * owner moves the blocks of a page that is mostly free (`takeSparsePage`), and so gives the page back.
 */
import { assert } from '../../base/assert.js';

const PAGE_BITS = 16;
const PAGE_WORDS = 1 << PAGE_BITS;
/** In a page: the lower half of an address. */
export const PAGE_MASK = PAGE_WORDS - 1;
/** Shift that gives the page of an address. */
export const PAGE_SHIFT = PAGE_BITS;
const FIRST_PAGE_WORDS = 256;
/** Pages that addresses can tell apart, with a sign to spare: 8 GiB. */
const PAGES_MAX = 1 << 15;

/** In a block's first word: bit 0 says whether it is in use, bits 1 and 2 are the tag, the others the length. */
const TAG_SHIFT = 1;
const TAG_MASK = 3;
const LENGTH_SHIFT = 3;

/** Blocks of words. */
export class WordArena {
  /** The pages, by number; read and write through them, but do not keep one. */
  readonly pages: Int32Array[] = [];
  /** The same memory as doubles. */
  readonly doubles: Float64Array[] = [];
  /** The same memory as bytes. */
  readonly bytes: Uint8Array[] = [];
  /** Words given out in each page, from its beginning. */
  readonly #used: number[] = [];
  /** Of them, words that are free again. */
  readonly #free: number[] = [];
  readonly #emptyPages: number[] = [];
  readonly #sparsePages = new Set<number>();
  #current = -1;
  #words = 0;

  /** Bytes of memory. */
  get size(): number {
    return this.#words * 4;
  }

  /** Whether so many more words fit, however they are cut into blocks of at most a page. */
  hasRoomFor(words: number): boolean {
    return this.pages.length + Math.ceil(words / (PAGE_WORDS / 2)) < PAGES_MAX;
  }

  /**
   * A block of at least so many words, all zero but the first; its address is not zero.
   *
   * @param tag - 0 … 3, for the owner to tell blocks apart.
   */
  allocate(words: number, tag: number): number {
    const length = words + (words & 1);
    let page = this.#current;
    if (page < 0 || this.#used[page]! + length > this.pages[page]!.length) page = this.#pageFor(length);
    const at = this.#used[page]!;
    this.#used[page] = at + length;
    this.pages[page]![at] = (length << LENGTH_SHIFT) | (tag << TAG_SHIFT) | 1;
    return (page << PAGE_BITS) | at;
  }

  /** Gives a block back. */
  release(address: number): void {
    const page = address >>> PAGE_BITS;
    const words = this.pages[page]!;
    const length = words[address & PAGE_MASK]! >> LENGTH_SHIFT;
    words[address & PAGE_MASK]! &= ~1;
    const free = this.#free[page]! + length;
    this.#free[page] = free;
    if (page !== this.#current && free * 2 > this.#used[page]!) this.#sparsePages.add(page);
  }

  /** The number of a page more than half of which is free, if any: its blocks are to be moved, then the page dropped. */
  takeSparsePage(): number | undefined {
    for (const page of this.#sparsePages) {
      this.#sparsePages.delete(page);
      if (page !== this.#current) return page;
    }
    return undefined;
  }

  /** The blocks of a page that are in use. */
  blocksOf(page: number): readonly number[] {
    const words = this.pages[page]!;
    const blocks: number[] = [];
    for (let at = page === 0 ? 2 : 0; at < this.#used[page]!; at += words[at]! >> LENGTH_SHIFT) {
      if ((words[at]! & 1) === 1) blocks.push((page << PAGE_BITS) | at);
    }
    return blocks;
  }

  /** Copies a block to a new place, and returns that. */
  copy(address: number): number {
    const length = this.lengthOf(address);
    const copy = this.allocate(length, this.tagOf(address));
    const from = address & PAGE_MASK;
    const source = this.pages[address >>> PAGE_BITS]!;
    this.pages[copy >>> PAGE_BITS]!.set(source.subarray(from, from + length), copy & PAGE_MASK);
    return copy;
  }

  /** The length of a block in words: even. */
  lengthOf(address: number): number {
    return this.pages[address >>> PAGE_BITS]![address & PAGE_MASK]! >> LENGTH_SHIFT;
  }

  tagOf(address: number): number {
    return (this.pages[address >>> PAGE_BITS]![address & PAGE_MASK]! >> TAG_SHIFT) & TAG_MASK;
  }

  setTag(address: number, tag: number): void {
    const words = this.pages[address >>> PAGE_BITS]!;
    const at = address & PAGE_MASK;
    words[at] = (words[at]! & ~(TAG_MASK << TAG_SHIFT)) | (tag << TAG_SHIFT);
  }

  /** Frees a page whose blocks have all been moved or released. */
  dropPage(page: number): void {
    assert(page !== this.#current, 'the page in use dropped');
    this.#words -= this.pages[page]!.length;
    this.#sparsePages.delete(page);
    this.#install(page, 0);
    this.#emptyPages.push(page);
  }

  #pageFor(length: number): number {
    const current = this.#current;
    // The first page begins small, for the many tables that stay so.
    if (current >= 0 && this.pages[current]!.length < PAGE_WORDS && length <= PAGE_WORDS / 2) {
      this.#enlarge(current);
      if (this.#used[current]! + length <= this.pages[current]!.length) return current;
      return this.#pageFor(length);
    }
    if (current >= 0 && this.#free[current]! * 2 > this.#used[current]!) this.#sparsePages.add(current);
    const page = this.#emptyPages.pop() ?? this.pages.length;
    assert(page < PAGES_MAX, 'an arena has no addresses left');
    const isFirst = this.pages.length === 0 && length <= FIRST_PAGE_WORDS / 2;
    this.#install(page, isFirst ? FIRST_PAGE_WORDS : Math.max(PAGE_WORDS, length + 2));
    this.#words += this.pages[page]!.length;
    this.#current = page;
    return page;
  }

  #enlarge(page: number): void {
    const [old, used] = [this.pages[page]!, this.#used[page]!];
    const free = this.#free[page]!;
    this.#install(page, Math.min(PAGE_WORDS, old.length * 2));
    this.pages[page]!.set(old);
    this.#used[page] = used;
    this.#free[page] = free;
    this.#words += this.pages[page]!.length - old.length;
  }

  #install(page: number, words: number): void {
    const buffer = new ArrayBuffer((words + (words & 1)) * 4);
    this.pages[page] = new Int32Array(buffer);
    this.doubles[page] = new Float64Array(buffer);
    this.bytes[page] = new Uint8Array(buffer);
    // Address zero means nothing.
    this.#used[page] = page === 0 ? 2 : 0;
    this.#free[page] = 0;
  }
}
