/**
 * A sorted multiset of values: how often each is there. Pieces of at most {@link PIECE_VALUES} values, each an array
 * in order, so that a change moves a few hundred bytes, and the least and the greatest are at the ends. The first
 * piece is the multiset's own, since few have more: one object less on the way to the values.
 */
import { assert } from '../../../base/assert.js';
import { type BigValue, type OrderedValue, compareBig } from './ordered-value.js';

const PIECE_VALUES = 256;
const VALUES_AT_FIRST = 4;
/** Words of a value: high, low, count. */
const STRIDE = 3;

interface Piece {
  words: Int32Array;
  /** undefined: no value needs more than its words. */
  bigs: BigValue[] | undefined;
  count: number;
}

/** Where a value is, or would be: read it before the next search. */
const found = { piece: 0, index: 0, isThere: false };

/** A sorted multiset. */
export class OrderedCounts implements Piece {
  /** Of the first piece, as are `bigs` and `count`: for this file only. */
  words = new Int32Array(VALUES_AT_FIRST * STRIDE);
  bigs: BigValue[] | undefined = undefined;
  count = 0;
  readonly #others: Piece[] = [];
  #values = 0;

  /** Distinct values. */
  get values(): number {
    return this.#values;
  }

  /** How often a value is there. */
  countOf(high: number, low: number, big: BigValue): number {
    this.#find(high, low, big);
    return found.isThere ? this.#pieceAt(found.piece).words[found.index * STRIDE + 2]! : 0;
  }

  /** Adds to a value's count, which must not become negative. */
  add(high: number, low: number, big: BigValue, by: number): void {
    this.#find(high, low, big);
    if (!found.isThere) {
      assert(by > 0, 'a value that is taken away is not there');
      this.#insert({ high, low, big }, by);
      return;
    }
    const { words } = this.#pieceAt(found.piece);
    const count = words[found.index * STRIDE + 2]! + by;
    assert(count >= 0, 'more of a value is taken away than is there');
    if (count > 0) words[found.index * STRIDE + 2] = count;
    else this.#remove(found.piece, found.index);
  }

  /** Writes the least value to `out`, or the greatest, and returns how often it is there: 0 if there is none. */
  readEnd(isGreatest: boolean, out: OrderedValue): number {
    if (this.#values === 0) return 0;
    const piece = isGreatest ? this.#pieceAt(this.#others.length) : this;
    const index = isGreatest ? piece.count - 1 : 0;
    out.high = piece.words[index * STRIDE]!;
    out.low = piece.words[index * STRIDE + 1]!;
    out.big = piece.bigs?.[index];
    return piece.words[index * STRIDE + 2]!;
  }

  /** A cursor at the first value, or at the last. */
  cursor(isFromEnd: boolean): OrderedCursor {
    return new OrderedCursor(this.#values === 0 ? [] : [this, ...this.#others], isFromEnd);
  }

  #pieceAt(piece: number): Piece {
    return piece === 0 ? this : this.#others[piece - 1]!;
  }

  #find(high: number, low: number, big: BigValue): void {
    let first = 0;
    let last = this.#others.length;
    // The last piece whose first value is not greater.
    while (first < last) {
      const middle = (first + last + 1) >>> 1;
      if (compareAt(this.#pieceAt(middle), 0, high, low, big) <= 0) first = middle;
      else last = middle - 1;
    }
    found.piece = first;
    found.isThere = false;
    const piece = this.#pieceAt(first);
    let from = 0;
    let to = piece.count;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const order = compareAt(piece, middle, high, low, big);
      if (order === 0) {
        found.isThere = true;
        from = to = middle;
      } else if (order < 0) from = middle + 1;
      else to = middle;
    }
    found.index = from;
  }

  /** Puts a value at the place that was found for it. */
  #insert({ high, low, big }: OrderedValue, count: number): void {
    this.#values++;
    if (this.#pieceAt(found.piece).count === PIECE_VALUES) this.#split();
    const piece = this.#pieceAt(found.piece);
    const { index } = found;
    if ((piece.count + 1) * STRIDE > piece.words.length) {
      // By half, not twice: these arrays are most of what is held.
      const capacity = Math.min(PIECE_VALUES, piece.count + (piece.count >> 1) + 2);
      const words = new Int32Array(capacity * STRIDE);
      words.set(piece.words);
      piece.words = words;
    }
    const { words } = piece;
    words.copyWithin((index + 1) * STRIDE, index * STRIDE, piece.count * STRIDE);
    words[index * STRIDE] = high;
    words[index * STRIDE + 1] = low;
    words[index * STRIDE + 2] = count;
    if (big !== undefined && piece.bigs === undefined) piece.bigs = bigsOf(piece);
    piece.bigs?.splice(index, 0, big);
    piece.count++;
  }

  /** Halves the piece that was found, and finds the place anew. */
  #split(): void {
    const piece = this.#pieceAt(found.piece);
    const half = PIECE_VALUES / 2;
    const words = new Int32Array(PIECE_VALUES * STRIDE);
    words.set(piece.words.subarray(half * STRIDE));
    this.#others.splice(found.piece, 0, { words, bigs: piece.bigs?.splice(half), count: half });
    piece.count = half;
    if (found.index <= half) return;
    found.piece++;
    found.index -= half;
  }

  #remove(at: number, index: number): void {
    const piece = this.#pieceAt(at);
    piece.words.copyWithin(index * STRIDE, (index + 1) * STRIDE, piece.count * STRIDE);
    piece.bigs?.splice(index, 1);
    piece.count--;
    this.#values--;
    if (piece.count <= PIECE_VALUES / 4) this.#mergeWithNext(at);
  }

  /** Joins a piece with the next, or with the one before if it is the last, if both together are half a piece. */
  #mergeWithNext(place: number): void {
    const at = Math.min(place, this.#others.length - 1);
    if (at < 0) return;
    const [piece, next] = [this.#pieceAt(at), this.#pieceAt(at + 1)];
    if (piece.count + next.count > PIECE_VALUES / 2) return;
    const words = new Int32Array(PIECE_VALUES * STRIDE);
    words.set(piece.words.subarray(0, piece.count * STRIDE));
    words.set(next.words.subarray(0, next.count * STRIDE), piece.count * STRIDE);
    if (piece.bigs !== undefined || next.bigs !== undefined) piece.bigs = [...bigsOf(piece), ...bigsOf(next)];
    piece.words = words;
    piece.count += next.count;
    this.#others.splice(at, 1);
  }
}

function bigsOf({ bigs, count }: Piece): BigValue[] {
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
