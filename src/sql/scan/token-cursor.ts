/**
 * Walks over a statement token by token, without allocating: the fields say what the current token is. It looks
 * through `/*! … *\/` and `/*T! … *\/` comments as TiDB does, and skips all others, hints included.
 *
 * For the first words of a statement and for finding what a write touches; the sweep over every statement is
 * statement-scanner.ts.
 */
import { fromUtf8 } from '../../base/bytes.js';
import {
  AT,
  BACKTICK,
  CLASS_OF,
  CONTINUES_WORD,
  DASH,
  HASH,
  HIGH,
  OTHER,
  QUOTE,
  SLASH,
  SPACE,
  STAR,
  WORD,
} from './byte-class.js';
import { keywordAt, type Keyword } from './keyword.js';
import type { LexMode } from './lex-mode.js';
import { foldName, unquoteName } from './name-index.js';
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

/** What a token is: an unquoted word or number, a quoted name, a string, one byte of anything else, or the end. */
export type TokenKind = 'word' | 'name' | 'string' | 'variable' | 'symbol' | 'end';

/** A position in a statement. */
export class TokenCursor {
  readonly bytes: Uint8Array;
  readonly #end: number;
  readonly #mode: LexMode;
  #kind: TokenKind = 'end';
  /** Where the current token begins. */
  start: number;
  /** Where the current token ends. */
  end: number;
  /** Whether a comment was passed of which it is not known whether it is code (see CommentKind.unclear). */
  isUnclear = false;
  /** Where the optimizer hint before the current token begins; −1: there is none. */
  hintStart = -1;
  #keyword: Keyword | undefined;
  /** Whether a `/*!` is open, so that a `*\/` closes it and is not a star and a slash. */
  #isInCodeComment: boolean;

  /** Stands on the first token of bytes[start, end), which may lie in a `/*! … *\/` that began before. */
  constructor(bytes: Uint8Array, start: number, end: number, mode: LexMode, isInCodeComment = false) {
    this.#isInCodeComment = isInCodeComment;
    this.bytes = bytes;
    this.#end = end;
    this.#mode = mode;
    this.start = this.end = start;
    this.next();
  }

  /** Kind of the current token. */
  get kind(): TokenKind {
    return this.#kind;
  }

  /** Whether the current token stands in a comment that is code. */
  get isInCodeComment(): boolean {
    return this.#isInCodeComment;
  }

  /** The current token as a keyword, if it is one and stands unquoted. */
  get keyword(): Keyword | undefined {
    return this.#keyword;
  }

  /** Whether the current token is the symbol. */
  isSymbol(symbol: string): boolean {
    return this.#kind === 'symbol' && this.bytes[this.start] === symbol.charCodeAt(0);
  }

  /** Goes to the next token; false at the end, where it stays. */
  next(): boolean {
    this.#read();
    return this.#kind !== 'end';
  }

  /** Whether the current token is the keyword; if so, goes to the next one. */
  take(keyword: Keyword): boolean {
    if (this.#keyword !== keyword) return false;
    this.next();
    return true;
  }

  /** Whether the current token is one of the keywords; if so, goes to the next one. */
  takeAny(...keywords: readonly Keyword[]): boolean {
    return keywords.some((keyword) => this.take(keyword));
  }

  /** Whether the current token is the symbol; if so, goes to the next one. */
  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.next();
    return true;
  }

  /** Whether the current token can be a name: a word that is no number alone, or a quoted name. */
  isName(): boolean {
    return this.#kind === 'name' || this.#kind === 'word';
  }

  /** The current name, folded as TiDB compares names. */
  foldedName(): string {
    if (this.#kind === 'name') return foldName(unquoteName(this.bytes, this.start, this.end));
    return foldName(fromUtf8(this.bytes.subarray(this.start, this.end)));
  }

  /** Skips a parenthesised group if the current token opens one. */
  skipGroup(): boolean {
    if (!this.isSymbol('(')) return false;
    let depth = 0;
    do {
      if (this.isSymbol('(')) depth++;
      if (this.isSymbol(')')) depth--;
      this.next();
    } while (depth > 0 && this.#kind !== 'end');
    return true;
  }

  /** A copy that walks on by itself. */
  fork(): TokenCursor {
    const copy = new TokenCursor(this.bytes, this.start, this.#end, this.#mode, this.#isInCodeComment);
    copy.isUnclear = this.isUnclear;
    return copy;
  }

  #read(): void {
    const { bytes } = this;
    this.hintStart = -1;
    this.start = this.#skipSpace(this.end);
    this.#keyword = undefined;
    if (this.start >= this.#end) {
      this.end = this.#end;
      this.#kind = 'end';
      return;
    }
    switch (CLASS_OF[bytes[this.start] ?? 0]) {
      case WORD:
      case HIGH:
        this.end = this.#wordEnd(this.start);
        this.#kind = 'word';
        this.#keyword = keywordAt(bytes, this.start, this.end);
        return;
      case QUOTE:
        this.end = skipString(bytes, this.start, this.#end, this.#mode);
        this.#kind = this.#mode.ansiQuotes && bytes[this.start] === 0x22 ? 'name' : 'string';
        return;
      case BACKTICK:
        this.end = skipQuotedName(bytes, this.start, this.#end, this.#mode);
        this.#kind = 'name';
        return;
      case AT:
        this.end = this.#variableEnd(this.start);
        this.#kind = 'variable';
        return;
      default:
        this.end = this.start + 1;
        this.#kind = 'symbol';
    }
  }

  #skipSpace(from: number): number {
    const { bytes } = this;
    const end = this.#end;
    let i = from;
    for (;;) {
      if (i >= end) return end;
      const byteClass = CLASS_OF[bytes[i] ?? 0];
      if (byteClass === SPACE) i++;
      else if (byteClass === HASH) i = skipLine(bytes, i, end);
      else if (byteClass === DASH && isDashComment(bytes, i, end)) i = skipLine(bytes, i, end);
      else if (byteClass === SLASH && i + 1 < end && bytes[i + 1] === 0x2a) i = this.#afterCommentMark(i);
      else if (byteClass === STAR && this.#isInCodeComment && i + 1 < end && bytes[i + 1] === 0x2f) {
        this.#isInCodeComment = false;
        i += 2;
      } else return i;
    }
  }

  #afterCommentMark(at: number): number {
    const kind = commentKind(this.bytes, at, this.#end);
    if (kind === CommentKind.code) {
      this.#isInCodeComment = true;
      return codeCommentStart(this.bytes, at, this.#end);
    }
    if (kind === CommentKind.unclear) this.isUnclear = true;
    if (kind === CommentKind.hint) this.hintStart = at;
    return skipComment(this.bytes, at, this.#end);
  }

  #wordEnd(start: number): number {
    let i = start + 1;
    while (i < this.#end && CONTINUES_WORD[this.bytes[i] ?? 0] === 1) i++;
    return i;
  }

  /** End of `@name`, `@'name'`, `@@name`, `@@scope.name`, with the name in backticks or quotes or not. */
  #variableEnd(start: number): number {
    const { bytes } = this;
    let i = start + 1;
    if (bytes[i] === 0x40 && i < this.#end) {
      i++;
      const scope = i;
      while (i < this.#end && CLASS_OF[bytes[i] ?? 0] === WORD) i++;
      if (i >= this.#end || bytes[i] !== 0x2e) i = scope;
      else i++;
    }
    const byteClass = i < this.#end ? CLASS_OF[bytes[i] ?? 0] : OTHER;
    if (byteClass === QUOTE) return skipString(bytes, i, this.#end, this.#mode);
    if (byteClass === BACKTICK) return skipQuotedName(bytes, i, this.#end, this.#mode);
    while (i < this.#end && (CONTINUES_WORD[bytes[i] ?? 0] === 1 || bytes[i] === 0x2e)) i++;
    return i;
  }
}
