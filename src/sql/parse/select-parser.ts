/** Reads the canonical text of a definition (grammar/select.peggy) into frozen nodes. */
import { freezeTree } from '../ast/freeze.js';
import type { Query } from '../ast/select.js';
import { NotSupportedError } from '../not-supported-error.js';
import { asGrammarError, isTooDeep } from './grammar-error.js';
import { parse } from './select.grammar.js';

/**
 * Parses TiDB's text of a view's definition.
 *
 * @throws NotSupportedError — when the text is not of the language: TiDB writes something that we do not know.
 */
export function parseSelect(text: string): Query {
  try {
    return freezeTree(parse(text));
  } catch (error) {
    if (isTooDeep(error)) throw new NotSupportedError(text, 'it nests too deeply');
    const { location } = asGrammarError(error) ?? {};
    if (location === undefined) throw error;
    throw new NotSupportedError(
      text.slice(location.start.offset),
      'this part of the definition is not understood',
    );
  }
}
