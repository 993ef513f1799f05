/**
 * A cheaper look than the sweep, for long statements: is there any four-byte piece of a word that counts? The text is
 * read four bytes at a time at every second place, so each word of five bytes or more shows one of its first two
 * pieces, whatever is around it, and one of three or four bytes shows a piece that is known but for a byte before or
 * behind it, which can only be one that ends words. Ordinary text shows none, and its branches are never taken. What the
 * gate lets through holds no registered name, no lock, no second statement. It costs a quarter of the sweep, which is
 * bound by the branches that words' ends mispredict.
 *
 * It knows nothing of strings or comments: a name in a string only means that the sweep has to look.
 */
import { utf8 } from '../../base/bytes.js';
import { CLASS_OF, CONTINUES_WORD, WORD } from './byte-class.js';
import type { NameIndex } from './name-index.js';
import { VIEW_VARIABLES } from './view-variables.js';
import type { WordFilter } from './word-filter.js';
import { WordTable } from './word-table.js';

/** Bytes of a piece. */
const PIECE = 4;
/** Shortest name that can be seen at all. */
const SHORTEST = 3;
/** Shorter than this a name shows no whole piece at every second place: what may stand around it counts too. */
const WHOLE = PIECE + 1;
/** More short names, each with all that may stand around it, would make ordinary text show some. */
const SHORT_NAMES = 32;
/** Bytes that end a word, in ASCII: with all others beyond it the gate has nothing to do. */
const ENDS = Array.from({ length: 0x80 }, (_, byte) => byte).filter((byte) => CONTINUES_WORD[byte] === 0);
/** Shorter texts are swept: the gate would cost as much. */
const WORTH_BYTES = 96;

/** Words by which a query locks, a `WITH` writes, a hint or variable of this program is seen. */
const ALWAYS = ['update', 'share', 'delete', 'mv_read', ...VIEW_VARIABLES] as const;
/** Begins a comment that may or may not be code (skip.ts). */
const UNCLEAR_COMMENT = '/*T![';

const [NOTHING, ASK, SWEEP] = [0, 1, 2];

/** Asks of long texts whether they need the sweep. */
export class Gate {
  /** By hash of a piece: {@link NOTHING}, {@link ASK} which word it is in, or {@link SWEEP} at once. */
  readonly #pieces = new Uint8Array(1 << 16);
  readonly #isUseless: boolean;
  readonly #names: NameIndex;
  readonly #filter: WordFilter;
  readonly #always = new WordTable(ALWAYS);

  constructor(names: NameIndex) {
    this.#names = names;
    this.#filter = names.filter.with(ALWAYS);
    const lengths = names.names.map((name) => utf8(name).length);
    this.#isUseless =
      lengths.some((length) => length < SHORTEST) ||
      lengths.filter((length) => length < WHOLE).length > SHORT_NAMES;
    if (this.#isUseless) return;
    for (const name of names.names) this.#add(name, isWord(name) ? ASK : SWEEP);
    for (const word of ALWAYS) this.#add(word, ASK);
    this.#add(UNCLEAR_COMMENT, SWEEP);
  }

  /** Whether bytes[start, end) is one statement in which there is nothing to notice. False: nobody knows. */
  passes(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#isUseless || end - start < WORTH_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const pieces = this.#pieces;
    // Two pieces a round, at every second place; the first of them sees each byte once.
    const last = end - 6;
    let i = start;
    for (; i <= last; i += 4) {
      const piece = view.getInt32(i, true);
      const next = view.getInt32(i + 2, true);
      const found = (pieces[pieceHash(piece)] ?? 0) | (pieces[pieceHash(next)] ?? 0) | specialBytes(piece);
      if (found === NOTHING) continue;
      if (found !== ASK || this.#isAround(bytes, i, start, end) || this.#isAround(bytes, i + 2, start, end))
        return false;
    }
    // What is left is less than a round: every place, from at least the last whole piece on.
    for (i = Math.min(i, end - 4); i <= end - 4; i++) {
      const piece = view.getInt32(i, true);
      const found = (pieces[pieceHash(piece)] ?? 0) | specialBytes(piece);
      if (found !== NOTHING && (found !== ASK || this.#isAround(bytes, i, start, end))) return false;
    }
    return true;
  }

  /** Whether the word that a piece at `at` shows counts: it may begin with the byte before it. */
  #isAround(bytes: Uint8Array, at: number, start: number, end: number): boolean {
    const word = CONTINUES_WORD[bytes[at] ?? 0] === 1 ? at : at + 1;
    return this.#isInWord(bytes, word, start, end);
  }

  /** Whether the word around `at`, as far as it is in [start, end), counts. */
  #isInWord(bytes: Uint8Array, at: number, start: number, end: number): boolean {
    let from = at;
    while (from > start && CLASS_OF[bytes[from - 1] ?? 0] === WORD) from--;
    let to = at;
    while (to < end && CONTINUES_WORD[bytes[to] ?? 0] === 1) to++;
    if (!this.#filter.mayHave(bytes, from, to)) return false;
    return this.#always.find(bytes, from, to) >= 0 || this.#names.hasAscii(bytes, from, to);
  }

  #add(word: string, mark: number): void {
    const bytes = utf8(word);
    for (let offset = 0; offset < 2 && offset + PIECE <= bytes.length; offset++)
      this.#mark(bytes.subarray(offset, offset + PIECE), mark);
    if (bytes.length >= WHOLE) return;
    const head = bytes.subarray(0, PIECE - 1);
    for (const around of ENDS) {
      this.#mark(Uint8Array.of(around, ...head), mark);
      if (bytes.length === head.length) this.#mark(Uint8Array.of(...head, around), mark);
    }
  }

  #mark(piece: Uint8Array, mark: number): void {
    const hash = pieceHash(new DataView(piece.buffer, piece.byteOffset).getInt32(0, true));
    this.#pieces[hash] = Math.max(this.#pieces[hash] ?? 0, mark);
  }
}

/** Not zero if one of the four bytes is a semicolon or outside ASCII. */
function specialBytes(piece: number): number {
  const semicolons = piece ^ 0x3b3b3b3b;
  return ((semicolons - 0x01010101) & ~semicolons & 0x80808080) | (piece & 0x80808080);
}

/** Letters of either case hash alike. */
function pieceHash(piece: number): number {
  return Math.imul(piece | 0x20202020, 0x9e3779b1) >>> 16;
}

function isWord(name: string): boolean {
  return utf8(name).every((byte) => CLASS_OF[byte] === WORD);
}
