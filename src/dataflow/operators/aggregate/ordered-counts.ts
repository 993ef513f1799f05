/**
 * A sorted multiset of values: how often each is there. Pieces of at most {@link PIECE_VALUES} values, each an array
 * in order, so that a change moves a few hundred bytes, and the least and the greatest are at the ends.
 */
import { assert } from '../../../base/assert.js';
import { type BigValue, compareBig } from './ordered-value.js';

const PIECE_VALUES = 64;
/** Words of a value: high, low, count. */
const STRIDE = 3;

interface Piece {
  words: Int32Array;
  /** undefined: no value needs more than its words. */
  bigs: BigValue[] | undefined;
  count: number;
}

/** Where a value is. */
interface Position {
  piece: number;
  index: number;
  isThere: boolean;
}

const found: Position = { piece: 0, index: 0, isThere: false };

/** A sorted multiset. */
export class OrderedCounts {
  readonly #pieces: Piece[] = [];
  #values = 0;

  /** Distinct values. */
  get values(): number {
    return this.#values;
  }

  /** Bytes of memory, about. */
  get size(): number {
    let bytes = 64;
    for (const { words, bigs } of this.#pieces) bytes += words.byteLength + 48 + (bigs?.length ?? 0) * 80;
    return bytes;
  }

  /** How often a value is there. */
  countOf(high: number, low: number, big: BigValue): number {
    this.#find(high, low, big);
    return found.isThere ? this.#pieces[found.piece]!.words[found.index * STRIDE + 2]! : 0;
  }

  /** Adds to a value's count, which must not become negative. */
  add(high: number, low: number, big: BigValue, by: number): void {
    this.#find(high, low, big);
    if (!found.isThere) {
      assert(by > 0, 'a value that is taken away is not there');
      this.#insert(high, low, big, by);
      return;
    }
    const { words } = this.#pieces[found.piece]!;
    const count = words[found.index * STRIDE + 2]! + by;
    assert(count >= 0, 'more of a value is taken away than is there');
    if (count > 0) words[found.index * STRIDE + 2] = count;
    else this.#remove(found.piece, found.index);
  }

  /** A cursor before the first value, or behind the last. */
  cursor(isFromEnd: boolean): OrderedCursor {
    return new OrderedCursor(this.#pieces, isFromEnd);
  }

  #find(high: number, low: number, big: BigValue): void {
    const pieces = this.#pieces;
    let first = 0;
    let last = pieces.length - 1;
    // The last piece whose first value is not greater.
    while (first < last) {
      const middle = (first + last + 1) >>> 1;
      if (compareAt(pieces[middle]!, 0, high, low, big) <= 0) first = middle;
      else last = middle - 1;
    }
    found.piece = first;
    found.index = 0;
    found.isThere = false;
    const piece = pieces[first];
    if (piece === undefined) return;
    let from = 0;
    let to = piece.count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const order = compareAt(piece, middle, high, low, big);
      if (order === 0) {
        found.index = middle;
        found.isThere = true;
        return;
      }
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    found.index = from;
  }

  #insert(high: number, low: number, big: BigValue, count: number): void {
    this.#values++;
    if (this.#pieces.length === 0)
      this.#pieces.push({ words: new Int32Array(4 * STRIDE), bigs: undefined, count: 0 });
    if (this.#pieces[found.piece]!.count === PIECE_VALUES) this.#split();
    const piece = this.#pieces[found.piece]!;
    const { index } = found;
    if ((piece.count + 1) * STRIDE > piece.words.length) {
      const words = new Int32Array(Math.min(PIECE_VALUES * STRIDE, piece.words.length * 2));
      words.set(piece.words);
      piece.words = words;
    }
    const { words } = piece;
    words.copyWithin((index + 1) * STRIDE, index * STRIDE, piece.count * STRIDE);
    words[index * STRIDE] = high;
    words[index * STRIDE + 1] = low;
    words[index * STRIDE + 2] = count;
    if (big !== undefined && piece.bigs === undefined)
      piece.bigs = new Array<BigValue>(piece.count).fill(undefined);
    piece.bigs?.splice(index, 0, big);
    piece.count++;
  }

  /** Halves the piece that was found, and finds the place anew. */
  #split(): void {
    const piece = this.#pieces[found.piece]!;
    const half = PIECE_VALUES / 2;
    const words = new Int32Array(PIECE_VALUES * STRIDE);
    words.set(piece.words.subarray(half * STRIDE));
    const upper: Piece = { words, bigs: piece.bigs?.splice(half), count: half };
    piece.count = half;
    this.#pieces.splice(found.piece + 1, 0, upper);
    if (found.index <= half) return;
    found.piece++;
    found.index -= half;
  }

  #remove(at: number, index: number): void {
    const piece = this.#pieces[at]!;
    piece.words.copyWithin(index * STRIDE, (index + 1) * STRIDE, piece.count * STRIDE);
    piece.bigs?.splice(index, 1);
    piece.count--;
    this.#values--;
    if (piece.count === 0) this.#pieces.splice(at, 1);
    else if (piece.count <= PIECE_VALUES / 4) this.#mergeWithNext(at);
  }

  /** Joins a piece with the next if both together are at most half a piece. */
  #mergeWithNext(at: number): void {
    const [piece, next] = [this.#pieces[at]!, this.#pieces[at + 1]];
    if (next === undefined || piece.count + next.count > PIECE_VALUES / 2) return;
    const words = new Int32Array(PIECE_VALUES * STRIDE);
    words.set(piece.words.subarray(0, piece.count * STRIDE));
    words.set(next.words.subarray(0, next.count * STRIDE), piece.count * STRIDE);
    if (piece.bigs !== undefined || next.bigs !== undefined) piece.bigs = [...bigsOf(piece), ...bigsOf(next)];
    piece.words = words;
    piece.count += next.count;
    this.#pieces.splice(at + 1, 1);
  }
}

function bigsOf({ bigs, count }: Piece): readonly BigValue[] {
  return bigs ?? new Array<BigValue>(count).fill(undefined);
}

function compareAt({ words, bigs }: Piece, index: number, high: number, low: number, big: BigValue): number {
  const own = words[index * STRIDE]!;
  if (own !== high) return own < high ? -1 : 1;
  const ownLow = words[index * STRIDE + 1]!;
  if (ownLow !== low) return ownLow < low ? -1 : 1;
  return bigs === undefined ? 0 : compareBig(bigs[index], big);
}

/** Walks over the values from one end. */
export class OrderedCursor {
  readonly #pieces: readonly Piece[];
  readonly #step: number;
  #piece: number;
  #index: number;

  constructor(pieces: readonly Piece[], isFromEnd: boolean) {
    this.#pieces = pieces;
    this.#step = isFromEnd ? -1 : 1;
    this.#piece = isFromEnd ? pieces.length - 1 : 0;
    this.#index = isFromEnd ? (pieces.at(-1)?.count ?? 0) - 1 : 0;
  }

  get isAtEnd(): boolean {
    return this.#pieces[this.#piece] === undefined;
  }

  get high(): number {
    return this.#pieces[this.#piece]!.words[this.#index * STRIDE]!;
  }

  get low(): number {
    return this.#pieces[this.#piece]!.words[this.#index * STRIDE + 1]!;
  }

  get count(): number {
    return this.#pieces[this.#piece]!.words[this.#index * STRIDE + 2]!;
  }

  get big(): BigValue {
    return this.#pieces[this.#piece]!.bigs?.[this.#index];
  }

  next(): void {
    this.#index += this.#step;
    const count = this.#pieces[this.#piece]!.count;
    if (this.#index >= 0 && this.#index < count) return;
    this.#piece += this.#step;
    this.#index = this.#step > 0 ? 0 : (this.#pieces[this.#piece]?.count ?? 0) - 1;
  }
}
