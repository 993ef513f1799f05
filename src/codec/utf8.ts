/**
 * UTF-8 as TiDB (that is, Go) reads it: whatever is not the shortest encoding of a Unicode scalar value is one broken
 * byte, to be counted as one character. JavaScript's own decoder groups broken bytes differently, so it is not used
 * where characters are counted or weighed.
 *
 * @see https://pkg.go.dev/unicode/utf8#DecodeRune
 */

/** What {@link runeAt} gives for a byte that begins no valid sequence. */
export const BROKEN_RUNE = -1;

/** U+FFFD in UTF-8: what Go writes in place of a broken byte when it converts runes back. */
const REPLACEMENT = [0xef, 0xbf, 0xbd] as const;

/** The code point that begins at `at`, or {@link BROKEN_RUNE}; its length is {@link runeLength}. */
export function runeAt(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first;
  if (first < 0xc2 || first > 0xf4) return BROKEN_RUNE;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (end - at < length) return BROKEN_RUNE;
  const second = bytes[at + 1]!;
  if (second < lowestSecond(first) || second > highestSecond(first)) return BROKEN_RUNE;
  if (length === 2) return ((first & 0x1f) << 6) | (second & 0x3f);
  const third = bytes[at + 2]!;
  if ((third & 0xc0) !== 0x80) return BROKEN_RUNE;
  if (length === 3) return ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
  const fourth = bytes[at + 3]!;
  if ((fourth & 0xc0) !== 0x80) return BROKEN_RUNE;
  return ((first & 0x07) << 18) | ((second & 0x3f) << 12) | ((third & 0x3f) << 6) | (fourth & 0x3f);
}

// The second byte's range is what excludes overlong forms, surrogates and what lies beyond U+10FFFF.
function lowestSecond(first: number): number {
  return first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(first: number): number {
  return first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
}

/** Bytes of a code point given by {@link runeAt}; a broken byte is one. */
export function runeLength(rune: number): number {
  return rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x1_0000 ? 3 : 4;
}

/** Where the first `count` characters end: at most `end`. */
export function runesEnd(bytes: Uint8Array, start: number, end: number, count: number): number {
  let at = start;
  for (let i = 0; i < count && at < end; i++) at += runeLength(runeAt(bytes, at, end));
  return at;
}

/** Number of characters. */
export function runeCount(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let count = 0;
  for (let at = start; at < end; count++) at += runeLength(runeAt(bytes, at, end));
  return count;
}

/**
 * The first `count` characters, with each broken byte among them replaced by U+FFFD — if there are more than that;
 * else the bytes as they are. That is what TiDB puts into an index on a column prefix.
 */
export function runePrefix(bytes: Uint8Array, count: number): Uint8Array {
  const cut = runesEnd(bytes, 0, bytes.length, count);
  if (cut === bytes.length) return bytes;
  return repaired(bytes.subarray(0, cut));
}

function repaired(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  let isBroken = false;
  for (let at = 0; at < bytes.length;) {
    const rune = runeAt(bytes, at, bytes.length);
    const length = runeLength(rune);
    if (rune === BROKEN_RUNE) {
      isBroken = true;
      out.push(...REPLACEMENT);
    } else {
      for (let i = 0; i < length; i++) out.push(bytes[at + i]!);
    }
    at += length;
  }
  return isBroken ? Uint8Array.from(out) : bytes;
}
