/**
 * The look at every byte of every statement: does a registered name occur, does it lock rows, does another statement
 * follow. One pass, no allocation, about a nanosecond a byte; nothing is understood here, only noticed. What it
 * notices too much costs a closer look, what it missed would let a write through.
 */
import { fromUtf8 } from '../../base/bytes.js';
import * as cls from './byte-class.js';
import type { LexMode } from './lex-mode.js';
import { unquoteName, type NameIndex } from './name-index.js';
import {
  CommentKind,
  codeCommentStart,
  commentKind,
  isDashComment,
  skipComment,
  skipLine,
  skipQuotedName,
  skipString,
} from './skip.js';
import { TokenCursor } from './token-cursor.js';
import { VIEW_VARIABLES } from './view-variables.js';
import type { WordFilter } from './word-filter.js';
import { WordTable } from './word-table.js';

/** Bits of what a {@link Sweep} noticed. */
export const Noticed = {
  /** A name of the index occurs. */
  name: 1,
  /** `FOR UPDATE`, `FOR SHARE`, `LOCK IN SHARE MODE`, or something that looks so. */
  lock: 2,
  /** The word UPDATE or DELETE: what may follow the common table expressions of a `WITH`. */
  dml: 4,
  /** One of this program's session variables. */
  variable: 8,
  /** A comment of which it is not known whether it is code. */
  unclear: 16,
  /** An optimizer hint that may set the read mode. */
  readHint: 32,
} as const;

const ALWAYS = ['for', 'lock', 'update', 'delete', ...VIEW_VARIABLES] as const;
const always = new WordTable(ALWAYS);

/** A word in a text, and where the text ends. */
interface WordPlace {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly end: number;
  readonly mode: LexMode;
}

/** A sweep over one statement after the other. Keep one a connection or one for all: it has no state between runs. */
export class Sweep {
  readonly #names: NameIndex;
  readonly #filter: WordFilter;
  /** Bits of {@link Noticed}, gathered by {@link run} over one statement. */
  noticed = 0;
  /** Whether a `/*!` is open, so that a `*\/` closes it and is not a star and a slash. */
  #isInCodeComment = false;

  constructor(names: NameIndex) {
    this.#names = names;
    this.#filter = names.filter.with(ALWAYS);
  }

  /**
   * Looks at bytes[start, end) up to the end of the first statement, and leaves what it noticed in {@link noticed}.
   *
   * @returns the index of the semicolon that ends the statement, or `end`.
   */
  run(bytes: Uint8Array, start: number, end: number, mode: LexMode): number {
    const classes = cls.CLASS_OF;
    const { bits } = this.#filter;
    let i = start;
    this.noticed = 0;
    this.#isInCodeComment = false;
    while (i < end) {
      const byte = bytes[i] ?? 0;
      const byteClass = classes[byte] ?? 0;
      if (byteClass === cls.WORD) {
        const from = i;
        let next: number = cls.WORD;
        // Never read at `end`: one read out of bounds makes V8 compile every read of the loop to a slower kind.
        while (++i < end && (next = classes[bytes[i] ?? 0] ?? 0) === cls.WORD);
        if (next === cls.HIGH) i = this.#highWord(bytes, from, end, mode);
        else {
          const row = (((i - from) & 63) << 5) | (byte & 31);
          const isPossible = ((bits[row] ?? 0) >>> ((bytes[i - 1] ?? 0) & 31)) & 1;
          if (isPossible === 1) this.#word({ bytes, from, to: i, end, mode });
        }
      } else if (byteClass <= cls.SPACE) {
        i++;
      } else if (byteClass === cls.QUOTE) {
        const from = i;
        i = skipString(bytes, i, end, mode);
        if (byte === 0x22) this.#quoted(bytes, from, i, mode);
      } else if (byteClass === cls.BACKTICK) {
        const from = i;
        i = skipQuotedName(bytes, i, end, mode);
        this.#quoted(bytes, from, i, mode);
      } else if (byteClass === cls.SEMICOLON) {
        return i;
      } else if (byteClass === cls.STAR) {
        const isClosing = this.#isInCodeComment && i + 1 < end && bytes[i + 1] === 0x2f;
        if (isClosing) this.#isInCodeComment = false;
        i += isClosing ? 2 : 1;
      } else if (byteClass === cls.SLASH && i + 1 < end && bytes[i + 1] === 0x2a) {
        if (commentKind(bytes, i, end) === CommentKind.code) this.#isInCodeComment = true;
        i = this.#comment(bytes, i, end);
      } else {
        i = this.#rare(bytes, i, end, mode);
      }
    }
    return end;
  }

  /** Bytes that few statements have. */
  #rare(bytes: Uint8Array, at: number, end: number, mode: LexMode): number {
    switch (cls.CLASS_OF[bytes[at] ?? 0]) {
      case cls.HIGH:
        return this.#highWord(bytes, at, end, mode);
      case cls.HASH:
        return skipLine(bytes, at, end);
      case cls.DASH:
        return isDashComment(bytes, at, end) ? skipLine(bytes, at, end) : at + 1;
      case cls.AT:
        return variableEnd(bytes, at, end, mode);
      default:
        return at + 1;
    }
  }

  /** A word whose length, first and last byte are those of a word that counts. */
  #word({ bytes, from, to, end, mode }: WordPlace): void {
    if (this.#names.hasAscii(bytes, from, to)) this.noticed |= Noticed.name;
    const word = ALWAYS[always.find(bytes, from, to)];
    if (word === undefined) return;
    if (word === 'update' || word === 'delete') this.noticed |= Noticed.dml;
    else if (word === 'for' || word === 'lock') {
      const after = new TokenCursor(bytes, to, end, mode, this.#isInCodeComment);
      const { keyword } = after;
      const isLock = word === 'lock' ? keyword === 'in' : keyword === 'update' || keyword === 'share';
      if (isLock || after.isUnclear) this.noticed |= Noticed.lock;
    } else this.noticed |= Noticed.variable;
  }

  /** A word with bytes outside ASCII. */
  #highWord(bytes: Uint8Array, from: number, end: number, mode: LexMode): number {
    let to = from + 1;
    while (to < end && cls.CONTINUES_WORD[bytes[to] ?? 0] === 1) to++;
    this.#text(fromUtf8(bytes.subarray(from, to)), mode);
    return to;
  }

  /** A name in quotes, marks included in the range; one in double quotes counts even if the session says it is a string. */
  #quoted(bytes: Uint8Array, from: number, to: number, mode: LexMode): void {
    for (let i = from + 1; i < to - 1; i++) {
      const byte = bytes[i] ?? 0;
      if (byte >= 0x80 || byte === 0x60 || byte === 0x22) {
        this.#text(unquoteName(bytes, from, to), mode);
        return;
      }
    }
    const names = this.#names;
    if (names.filter.mayHave(bytes, from + 1, to - 1) && names.hasAscii(bytes, from + 1, to - 1)) {
      this.noticed |= Noticed.name;
    }
  }

  /** A name as text. In a two-byte character set we cannot tell which name it is. */
  #text(name: string, mode: LexMode): void {
    if (mode.doubleByte ? this.#names.hasHigh : this.#names.hasText(name)) this.noticed |= Noticed.name;
  }

  #comment(bytes: Uint8Array, at: number, end: number): number {
    const kind = commentKind(bytes, at, end);
    if (kind === CommentKind.code) return codeCommentStart(bytes, at, end);
    const after = skipComment(bytes, at, end);
    if (kind === CommentKind.unclear) this.noticed |= Noticed.unclear;
    if (kind === CommentKind.hint && hasMvRead(bytes, at, after)) this.noticed |= Noticed.readHint;
    return after;
  }
}

/** Skips `@name`, whose name is no table's; of `@@name` only the marks, so that the name is looked at. */
function variableEnd(bytes: Uint8Array, at: number, end: number, mode: LexMode): number {
  let i = at + 1;
  if (bytes[i] === 0x40) return i + 1;
  const byteClass = i < end ? cls.CLASS_OF[bytes[i] ?? 0] : cls.OTHER;
  if (byteClass === cls.QUOTE) return skipString(bytes, i, end, mode);
  if (byteClass === cls.BACKTICK) return skipQuotedName(bytes, i, end, mode);
  while (i < end && (cls.CONTINUES_WORD[bytes[i] ?? 0] === 1 || bytes[i] === 0x2e)) i++;
  return i;
}

/** Whether `mv_read` stands in bytes[start, end), in any case. */
function hasMvRead(bytes: Uint8Array, start: number, end: number): boolean {
  return fromUtf8(bytes.subarray(start, end)).toLowerCase().includes('mv_read');
}
