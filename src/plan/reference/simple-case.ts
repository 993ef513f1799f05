/**
 * Upper and lower case, one character for one, by regular expressions of Unicode properties: written apart from the
 * engine's tables.
 */

/** Assigned after Unicode 15, which TiDB does not know. */
const LATER = /[\u1c89\u1c8a\ua7cb-\ua7cf\ua7d2-\ua7d5\ua7da-\ua7dc\u{10d50}-\u{10d85}\u{16ea0}-\u{16ed3}]/u;

/** One character in upper case. */
export function simpleUpper(character: string): string {
  if (LATER.test(character) || character === '\u019b' || character === '\u0264') return character;
  const upper = character.toUpperCase();
  if (Array.from(upper).length === 1) return upper;
  // Of those with several, only Greek ones have a single counterpart: the title case.
  const title = TITLES.get(character);
  return title ?? character;
}

/** One character in lower case. */
export function simpleLower(character: string): string {
  if (LATER.test(character)) return character;
  const lower = character.toLowerCase();
  return Array.from(lower).length === 1 ? lower : (lower[0] ?? character);
}

/** Title-case letters have themselves as upper case of their lower case. */
const TITLES: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x100 }, (_, i) => String.fromCodePoint(0x1f00 + i))
    .filter((character) => /\p{Lt}/u.test(character))
    .map((title) => [title.toLowerCase(), title] as const),
);
