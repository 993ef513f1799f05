/**
 * Upper and lower case of single characters: Unicode 15's simple mappings, one character to one, as TiDB's Go has
 * them. JavaScript's full mappings agree where they give one character, but for what stands below: it was found by
 * asking TiDB for every code point.
 *
 * @see pingcap/tidb pkg/parser/charset (Encoding.ToUpper, ToLower), https://www.unicode.org/Public/15.0.0/ucd/
 */

const upper = new Map<number, number>();
const lower = new Map<number, number>();

/** Characters that got a counterpart after Unicode 15 only. */
const LATER: readonly (readonly [number, number])[] = [
  [0x1c89, 0x1c8a],
  [0xa7cb, 0xa7cf],
  [0xa7d2, 0xa7d5],
  [0xa7da, 0xa7dc],
  [0x1_0d50, 0x1_0d85],
  [0x1_6ea0, 0x1_6ed3],
];

/** The character in upper case. */
export function upperOf(character: number): number {
  let known = upper.get(character);
  if (known === undefined) {
    known = simpleUpper(character);
    upper.set(character, known);
  }
  return known;
}

/** The character in lower case. */
export function lowerOf(character: number): number {
  let known = lower.get(character);
  if (known === undefined) {
    // Full mapping makes two characters of the dotted capital I.
    known = character === 0x130 ? 0x69 : single(String.fromCodePoint(character).toLowerCase(), character);
    lower.set(character, known);
  }
  return known;
}

function simpleUpper(character: number): number {
  // Greek letters with an iota below: full mapping writes it behind, simple mapping gives the title case.
  const row = character & ~0xf;
  if ((row === 0x1f80 || row === 0x1f90 || row === 0x1fa0) && (character & 8) === 0) return character + 8;
  if (character === 0x1fb3 || character === 0x1fc3 || character === 0x1ff3) return character + 9;
  if (character === 0x19b || character === 0x264) return character;
  return single(String.fromCodePoint(character).toUpperCase(), character);
}

/** The text's only character; a longer text is no simple mapping. */
function single(text: string, character: number): number {
  const code = text.codePointAt(0) ?? character;
  if (LATER.some(([first, last]) => character >= first && character <= last)) return character;
  return String.fromCodePoint(code).length === text.length ? code : character;
}
