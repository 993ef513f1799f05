/** Reads a statement of this program (grammar/view-statement.peggy) into frozen nodes. */
import { freezeTree } from '../ast/freeze.js';
import type { ViewStatement } from '../ast/view-statement.js';
import type { LexMode } from '../scan/lex-mode.js';
import { asGrammarError, expectedWords, isTooDeep } from './grammar-error.js';
import { SyntaxError1064 } from './syntax-error.js';
import { parse } from './view-statement.grammar.js';

const MOST_EXPECTED = 8;

/**
 * Parses one statement, with or without a semicolon behind it.
 *
 * @throws SyntaxError1064 — when it begins like one of ours but is not.
 */
export function parseViewStatement(text: string, mode: LexMode): ViewStatement {
  const { ansiQuotes, noBackslashEscapes } = mode;
  const hasCodeComments = text.includes('/*!') || text.includes('/*T!');
  try {
    return freezeTree(parse(text, { ansiQuotes, noBackslashEscapes, hasCodeComments }));
  } catch (error) {
    if (isTooDeep(error)) throw new SyntaxError1064(text, 0, [], 'it nests too deeply');
    const known = asGrammarError(error);
    if (known === undefined) throw error;
    const isCustom = known.expected === null;
    throw new SyntaxError1064(
      text,
      known.location.start.offset,
      isCustom ? [] : expectedWords(known, MOST_EXPECTED),
      isCustom && error instanceof Error ? error.message : undefined,
    );
  }
}
