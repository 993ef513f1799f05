/**
 * Where the things that are not words end: strings, quoted names, comments. Shared by the hot sweep and by the token
 * cursor, so that both agree byte for byte with TiDB's lexer on where code ends and text begins; a disagreement
 * would let a statement hide in a string.
 *
 * @see pingcap/tidb pkg/parser/lexer.go (scanString, scanQuotedIdent, startWithSlash)
 */
import { CONTINUES_WORD } from './byte-class.js';
import type { LexMode } from './lex-mode.js';

const STAR = 0x2a;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const BACKTICK = 0x60;
const NEWLINE = 0x0a;

/** Features that every TiDB takes from a `/*T![feature]` comment, by the source named above. */
const KNOWN_FEATURES: ReadonlySet<string> = new Set([
  'auto_rand',
  'auto_id_cache',
  'auto_rand_base',
  'clustered_index',
  'force_inc',
  'placement',
  'ttl',
  'global_index',
]);

/** What a `/*` begins. */
export const CommentKind = {
  /** Text between the marks is not code. */
  plain: 0,
  /** `/*+ … *\/`: an optimizer hint, if it stands where hints may. */
  hint: 1,
  /** `/*! … *\/` or `/*T! … *\/`: the text is code; only the marks are to be skipped. */
  code: 2,
  /** `/*T![feature] … *\/` with a feature that some versions know and others do not: code or not, nobody here can tell. */
  unclear: 3,
} as const;

/** One of {@link CommentKind}. */
export type CommentKind = (typeof CommentKind)[keyof typeof CommentKind];

/**
 * Skips a string literal.
 *
 * @param at - index of the opening quote.
 * @returns the index after the closing quote; `end` if it is never closed.
 */
export function skipString(bytes: Uint8Array, at: number, end: number, mode: LexMode): number {
  const quote = bytes[at];
  const escape = mode.noBackslashEscapes ? -1 : BACKSLASH;
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === quote) {
      if (i + 1 >= end || bytes[i + 1] !== quote) return i + 1;
      i++;
    } else if (byte === escape || (byte > 0x80 && mode.doubleByte)) {
      i++;
    }
  }
  return end;
}

/** Skips a name in backticks: like {@link skipString}, with `at` at the opening backtick. */
export function skipQuotedName(bytes: Uint8Array, at: number, end: number, mode: LexMode): number {
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === BACKTICK) {
      if (i + 1 >= end || bytes[i + 1] !== BACKTICK) return i + 1;
      i++;
    } else if (byte > 0x80 && mode.doubleByte) {
      i++;
    }
  }
  return end;
}

/** Skips the rest of a line: the index of its newline, or `end`. */
export function skipLine(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i] !== NEWLINE) i++;
  return i;
}

/** Whether `--` at `at` begins a comment: it does if white space or the end follows. */
export function isDashComment(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 1 >= end || bytes[at + 1] !== 0x2d) return false;
  if (at + 2 >= end) return true;
  const next = bytes[at + 2] ?? 0;
  return next === 0x20 || (next >= 0x09 && next <= 0x0d) || next === 0x85 || next === 0xa0;
}

/** Skips a comment: with `at` at its slash, the index after its closing mark, or `end`. */
export function skipComment(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 2; i + 1 < end; i++) {
    if (bytes[i] === STAR && bytes[i + 1] === SLASH) return i + 2;
  }
  return end;
}

/** Kind of the comment whose slash is at `at` (the star has been seen). */
export function commentKind(bytes: Uint8Array, at: number, end: number): CommentKind {
  if (at + 2 >= end) return CommentKind.plain;
  switch (bytes[at + 2]) {
    case 0x2b:
      return CommentKind.hint;
    case 0x21:
      return CommentKind.code;
    case 0x54:
      if (at + 3 >= end || bytes[at + 3] !== 0x21) return CommentKind.plain;
      return featuresOf(bytes, at + 4, end).every((name) => KNOWN_FEATURES.has(name))
        ? CommentKind.code
        : CommentKind.unclear;
    default:
      return CommentKind.plain;
  }
}

/** Index of the first byte of code in a {@link CommentKind.code} comment: after `/*!`, `/*!50001`, `/*T![ttl]`. */
export function codeCommentStart(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at + 2] === 0x21) {
    const digits = at + 3;
    let i = digits;
    while (i < digits + 5 && i < end && isDigit(bytes[i])) i++;
    return i === digits + 5 ? i : digits;
  }
  const features = at + 4;
  return featuresOf(bytes, features, end).length === 0 ? features : bytes.indexOf(0x5d, features) + 1;
}

/** The feature list `[a,b]` at `at`; none if there is no well-formed one (TiDB then takes the comment as code). */
function featuresOf(bytes: Uint8Array, at: number, end: number): readonly string[] {
  if (bytes[at] !== 0x5b) return [];
  const names: string[] = [];
  let name = '';
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (CONTINUES_WORD[byte] === 1) {
      name += String.fromCharCode(byte);
      continue;
    }
    if (name === '' || (byte !== 0x2c && byte !== 0x5d)) return [];
    names.push(name);
    name = '';
    if (byte === 0x5d) return names;
  }
  return [];
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
