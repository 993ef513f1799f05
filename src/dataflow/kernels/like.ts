/**
 * LIKE: `%` for any characters, `_` for one, an escape for neither. Characters are those of the collation: bytes under
 * `binary` and `utf8mb4_0900_bin`, else code points, a broken byte being one character that equals U+FFFD; they are
 * equal if they weigh the same. Trailing spaces count, whatever the collation says.
 *
 * Matching goes back at most to the last `%`, so it takes at most text × pattern steps.
 *
 * @see pingcap/tidb pkg/util/stringutil/string_util.go (CompilePatternInner, doMatchInner), pkg/util/collate/bin.go
 */
import type { Collation } from '../../codec/collation.js';
import { BROKEN_RUNE, runeAt, runeLength } from '../../codec/utf8.js';

const PERCENT = 0x25;
const UNDERSCORE = 0x5f;
const REPLACEMENT = 0xfffd;

/** Pattern elements that are no character. */
const ANY = -1;
const ONE = -2;

/** Whether data[start, end) is like the pattern. */
export type LikeMatcher = (data: Uint8Array, start: number, end: number) => boolean;

/** Compiles a pattern. */
export function likeMatcher(collation: Collation, pattern: Uint8Array, escape: number): LikeMatcher {
  const characters = hasByteCharacters(collation) ? BYTES : codePoints(collation);
  const elements = elementsOf(pattern, escape, characters);
  const isBytes = characters === BYTES || (collation.isBytewise && isByteSafe(elements));
  if (!isBytes) return (data, start, end) => matches(elements, characters, data, start, end);
  const bytes = elementsOf(pattern, escape, BYTES);
  if (bytes.every((element) => element >= 0)) return exactly(bytes);
  return (data, start, end) => matches(bytes, BYTES, data, start, end);
}

/** Whether `_` stands for one byte: so under the collations that are compared as they stand. */
function hasByteCharacters(collation: Collation): boolean {
  return collation.isBytewise && !collation.isPadSpace;
}

/** How strings fall into characters, and what a character weighs. */
interface Characters {
  /** The character at a place, as what it is. */
  at(data: Uint8Array, at: number, end: number): number;
  length(character: number): number;
  weight(character: number): number;
}

const BYTES: Characters = { at: (data, at) => data[at]!, length: () => 1, weight: (byte) => byte };

function codePoints(collation: Collation): Characters {
  const weights = new Map<number, number>();
  const weight = (character: number): number => {
    const rune = character === BROKEN_RUNE ? REPLACEMENT : character;
    // Bytewise collations take no two characters as equal. A space alone has no sort key, and no equal either.
    if (collation.isBytewise || rune === 0x20) return rune;
    let known = weights.get(rune);
    if (known === undefined) {
      const key = collation.sortKey(Buffer.from(String.fromCodePoint(rune), 'utf8'));
      known = key.reduce((sum, byte) => sum * 256 + byte, 0);
      weights.set(rune, known);
    }
    return known;
  };
  return { at: runeAt, length: runeLength, weight };
}

/**
 * Whether matching byte by byte finds the same as character by character: UTF-8 shows where a character begins, so
 * only `_`, and what equals a broken byte, need to know characters.
 */
function isByteSafe(elements: Int32Array): boolean {
  return elements.every((element) => element !== ONE && element !== REPLACEMENT);
}

function elementsOf(pattern: Uint8Array, escape: number, characters: Characters): Int32Array {
  const elements: number[] = [];
  for (let at = 0; at < pattern.length;) {
    let character = characters.at(pattern, at, pattern.length);
    at += characters.length(character);
    if (character === escape) {
      if (at < pattern.length) {
        character = characters.at(pattern, at, pattern.length);
        at += characters.length(character);
      }
      elements.push(characters.weight(character));
    } else if (character === PERCENT) {
      if (elements.at(-1) !== ANY) elements.push(ANY);
    } else elements.push(character === UNDERSCORE ? ONE : characters.weight(character));
  }
  return Int32Array.from(elements);
}

function exactly(literal: Int32Array): LikeMatcher {
  return (data, start, end) => {
    if (end - start !== literal.length) return false;
    for (let i = 0; i < literal.length; i++) {
      if (data[start + i] !== literal[i]) return false;
    }
    return true;
  };
}

function matches(
  elements: Int32Array,
  characters: Characters,
  data: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = start;
  let element = 0;
  // Where to go on after a mismatch: the element behind the last `%`, and the text that it has not yet swallowed.
  let retryElement = -1;
  let retryAt = start;
  while (at < end || element < elements.length) {
    const wanted = element < elements.length ? elements[element]! : 0;
    if (wanted === ANY && element < elements.length) {
      retryElement = ++element;
      retryAt = at;
      continue;
    }
    if (element < elements.length && at < end) {
      const character = characters.at(data, at, end);
      if (wanted === ONE || characters.weight(character) === wanted) {
        at += characters.length(character);
        element++;
        continue;
      }
    }
    if (retryElement < 0 || retryAt >= end) return false;
    retryAt += characters.length(characters.at(data, retryAt, end));
    at = retryAt;
    element = retryElement;
  }
  return true;
}
