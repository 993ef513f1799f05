/** Reads a statement as people type it (grammar/statement.peggy) into frozen nodes. */
import { freezeTree } from '../ast/freeze.js';
import type { Statement } from '../ast/statement.js';
import type { LexMode } from '../scan/lex-mode.js';
import { asGrammarError, isTooDeep } from './grammar-error.js';
import { parse } from './statement.grammar.js';
import { SyntaxError1064 } from './syntax-error.js';

/**
 * Parses one statement, with or without a semicolon behind it.
 *
 * @throws SyntaxError1064 — when it is none.
 */
export function parseStatement(text: string, { ansiQuotes, noBackslashEscapes }: LexMode): Statement {
  try {
    return freezeTree(parse(text, { isTyped: true, ansiQuotes, noBackslashEscapes }));
  } catch (error) {
    if (isTooDeep(error)) throw new SyntaxError1064(text, 0, [], 'it nests too deeply');
    const known = asGrammarError(error);
    if (known === undefined) throw error;
    throw new SyntaxError1064(text, known.location.start.offset, []);
  }
}
