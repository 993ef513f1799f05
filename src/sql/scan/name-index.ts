/**
 * The names that make a statement interesting: views and the databases that hold them. Asked for every identifier of
 * every statement, so a {@link WordFilter} answers most of the time, and a {@link WordTable} the rest.
 *
 * Names are compared without regard to case, letter by letter as Go's `strings.ToLower` folds them, because TiDB
 * does (`lower_case_table_names` = 2); under the other settings this only finds too much, which costs a look.
 *
 * @see pingcap/tidb pkg/parser/ast/model.go (CIStr)
 */
import { fromUtf8 } from '../../base/bytes.js';
import { WordFilter } from './word-filter.js';
import { WordTable } from './word-table.js';

/** Case-insensitive set of names, immutable: a change of the registry makes a new one. */
export class NameIndex {
  /** What an identifier in ASCII must pass before {@link hasAscii} is worth asking; others need {@link hasText}. */
  readonly filter: WordFilter;
  /** The names, folded. */
  readonly names: readonly string[];
  /** Whether any name has a character outside ASCII. */
  readonly hasHigh: boolean;
  readonly #ascii: WordTable;
  readonly #high: ReadonlySet<string>;

  /** @param names - databases and views, in any case. */
  constructor(names: Iterable<string>) {
    const folded = new Set([...names].map(foldName));
    this.names = [...folded];
    const ascii = [...folded].filter(isAscii);
    this.#ascii = new WordTable(ascii);
    this.#high = new Set([...folded].filter((name) => !isAscii(name)));
    this.hasHigh = this.#high.size > 0;
    this.filter = new WordFilter(ascii);
  }

  /** Whether the name bytes[start, end), all ASCII and without quotes, is in the index. */
  hasAscii(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#ascii.find(bytes, start, end) >= 0;
  }

  /** Whether a name, as decoded text, is in the index. (A Kelvin sign folds to an ASCII k, so all are asked.) */
  hasText(name: string): boolean {
    const folded = foldName(name);
    if (!isAscii(folded)) return this.#high.has(folded);
    const bytes = Buffer.from(folded, 'latin1');
    return this.#ascii.find(bytes, 0, bytes.length) >= 0;
  }
}

/** A name as TiDB compares it: each character in its one-character lower case. */
export function foldName(name: string): string {
  if (isAscii(name)) return name.toLowerCase();
  let folded = '';
  for (const character of name) folded += String.fromCodePoint(character.toLowerCase().codePointAt(0) ?? 0);
  return folded;
}

/** The text of a name in backticks or double quotes, marks included in the range. */
export function unquoteName(bytes: Uint8Array, start: number, end: number): string {
  const quote = String.fromCharCode(bytes[start] ?? 0);
  return fromUtf8(bytes.subarray(start + 1, end - 1)).replaceAll(quote + quote, quote);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return false;
  }
  return true;
}
