/**
 * What each byte can begin or continue, as TiDB's lexer sees it. Bytes from 0x80 up continue a name in any character
 * set; 0x85 and 0xA0 count as white space where a token could begin, because TiDB asks Go's `unicode.IsSpace` about
 * the single byte.
 *
 * @see pingcap/tidb pkg/parser/lexer.go (scan), pkg/parser/misc.go (isIdentChar)
 */

// One constant each, not an object: the sweep compares them for every byte of every statement.

/** Operators, parentheses, dots: a token of one byte, as far as the scanner cares. */
export const OTHER = 0;
/** White space. */
export const SPACE = 1;
/** Letters, digits, `_`, `$`. Digits too: a name may begin with one. */
export const WORD = 2;
/** 0x80 and above: part of a name. */
export const HIGH = 3;
/** `'` or `"`. */
export const QUOTE = 4;
/** The backtick. */
export const BACKTICK = 5;
/** `/`, which may begin a comment. */
export const SLASH = 6;
/** `-`, which may begin a comment. */
export const DASH = 7;
/** `#`, which begins a comment. */
export const HASH = 8;
/** `@`, which begins a variable. */
export const AT = 9;
/** `;` */
export const SEMICOLON = 10;
/** `*`, which may end a comment. */
export const STAR = 11;

/** Class of each byte, when a token begins with it. */
export const CLASS_OF = buildClasses();

/** ASCII letters in lower case, everything else as it is. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte,
);

/** 1 for the bytes that continue an unquoted name. */
export const CONTINUES_WORD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x80 || CLASS_OF[byte] === WORD ? 1 : 0,
);

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (const byte of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20]) classes[byte] = SPACE;
  for (let byte = 0x30; byte <= 0x39; byte++) classes[byte] = WORD;
  for (let byte = 0x41; byte <= 0x5a; byte++) classes[byte] = classes[byte + 32] = WORD;
  classes[0x5f] = classes[0x24] = WORD;
  classes.fill(HIGH, 0x80);
  classes[0x85] = classes[0xa0] = SPACE;
  classes[0x27] = classes[0x22] = QUOTE;
  classes[0x60] = BACKTICK;
  classes[0x2f] = SLASH;
  classes[0x2d] = DASH;
  classes[0x23] = HASH;
  classes[0x40] = AT;
  classes[0x3b] = SEMICOLON;
  classes[0x2a] = STAR;
  return classes;
}
