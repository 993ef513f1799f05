/**
 * A cheaper look than the sweep, for long statements: is there any four-byte piece of a word that counts? The text is
 * read four bytes at a time at every second place, so each word of five bytes or more shows one of its first two
 * pieces, whatever is around it; ordinary text shows none, and its branches are never taken. What the gate lets
 * through holds no registered name, no lock, no second statement. It costs a quarter of the sweep, which is bound by
 * the branches that words' ends mispredict.
 *
 * It knows nothing of strings or comments: a name in a string only means that the sweep has to look.
 */
import { utf8 } from '../../base/bytes.js';
import { CLASS_OF, CONTINUES_WORD, WORD } from './byte-class.js';
import type { NameIndex } from './name-index.js';
import { VIEW_VARIABLES } from './view-variables.js';
import type { WordFilter } from './word-filter.js';
import { WordTable } from './word-table.js';

/** Shortest word that shows a whole piece wherever it stands. */
const SHORTEST = 5;
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
    this.#isUseless = names.names.some((name) => utf8(name).length < SHORTEST);
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
      if (found !== ASK || this.#isInWord(bytes, i, start, end) || this.#isInWord(bytes, i + 2, start, end))
        return false;
    }
    // What is left is less than a round: every place, from at least the last whole piece on.
    for (i = Math.min(i, end - 4); i <= end - 4; i++) {
      const piece = view.getInt32(i, true);
      const found = (pieces[pieceHash(piece)] ?? 0) | specialBytes(piece);
      if (found !== NOTHING && (found !== ASK || this.#isInWord(bytes, i, start, end))) return false;
    }
    return true;
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
    const bytes = Buffer.from(word, 'utf8');
    for (let offset = 0; offset < 2 && offset + 4 <= bytes.length; offset++) {
      const hash = pieceHash(bytes.readInt32LE(offset));
      this.#pieces[hash] = Math.max(this.#pieces[hash] ?? 0, mark);
    }
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
