/**
 * Names in lower case as TiDB's Go makes them, character by character: JavaScript's own conversion looks at the
 * neighbours of a capital sigma and makes two characters of a dotted capital I.
 *
 * @see https://pkg.go.dev/strings#ToLower
 */

const DOTTED_CAPITAL_I = '\u0130';

/** A name in lower case. */
export function lowerName(name: string): string {
  let lower = '';
  for (const character of name) lower += character === DOTTED_CAPITAL_I ? 'i' : character.toLowerCase();
  return lower;
}
