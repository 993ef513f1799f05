/** LIKE, tried out in all ways: slow, and nothing to get wrong. */
import { equalBytes } from '../../base/bytes.js';
import type { Collation } from '../../codec/collation.js';
import { BROKEN_RUNE, runeAt, runeLength } from '../../codec/utf8.js';

type Element = 'any' | 'one' | Uint8Array;

const REPLACEMENT = new Uint8Array([0xef, 0xbf, 0xbd]);

/** Whether a text is like a pattern. */
export function isLike(collation: Collation, text: Uint8Array, pattern: Uint8Array, escape: number): boolean {
  const characters = charactersOf(collation, text);
  const elements = elementsOf(charactersOf(collation, pattern), escape);
  // reach[i]: whether the elements so far can have matched the first i characters.
  let reach = characters.map(() => false);
  reach = [true, ...reach];
  for (const element of elements) {
    if (element === 'any') {
      const first = reach.indexOf(true);
      reach = reach.map((_, i) => first >= 0 && i >= first);
    } else {
      const matches = characters.map(
        (character) => element === 'one' || sameCharacter(collation, character, element),
      );
      reach = [false, ...matches.map((isMatch, i) => isMatch && reach[i] === true)];
    }
  }
  return reach.at(-1) === true;
}

function charactersOf(collation: Collation, text: Uint8Array): readonly Uint8Array[] {
  // The collations that TiDB takes for bytes, not only for the order but for what a character is.
  const isOfBytes = collation.name === 'binary' || collation.name === 'utf8mb4_0900_bin';
  if (isOfBytes) return Array.from(text, (byte) => Uint8Array.of(byte));
  const characters: Uint8Array[] = [];
  for (let at = 0; at < text.length;) {
    const rune = runeAt(text, at, text.length);
    const length = runeLength(rune);
    characters.push(rune === BROKEN_RUNE ? REPLACEMENT : text.subarray(at, at + length));
    at += length;
  }
  return characters;
}

function elementsOf(pattern: readonly Uint8Array[], escape: number): readonly Element[] {
  const elements: Element[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === undefined) continue;
    if (isByte(character, escape)) {
      const next = pattern[i + 1];
      elements.push(next ?? character);
      i++;
    } else elements.push(isByte(character, 0x25) ? 'any' : isByte(character, 0x5f) ? 'one' : character);
  }
  return elements;
}

function isByte(character: Uint8Array, byte: number): boolean {
  return character.length === 1 && character[0] === byte;
}

/** Trailing spaces count in LIKE, so a space is only a space. */
function sameCharacter(collation: Collation, a: Uint8Array, b: Uint8Array): boolean {
  if (isByte(a, 0x20) || isByte(b, 0x20) || collation.isBytewise) return equalBytes(a, b);
  return collation.equals(a, b);
}
