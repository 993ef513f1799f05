/** The parser that Peggy makes from grammar/statement.peggy (test/tidy/build.mjs puts it beside this file in dist). */
import type { Statement } from '../ast/statement.js';

/** Settings of the session that decide what text means. */
interface ParseOptions {
  readonly isTyped: true;
  readonly ansiQuotes: boolean;
  readonly noBackslashEscapes: boolean;
}

/** @throws SyntaxError — when the text is not of the language; see {@link GrammarError}. */
export function parse(text: string, options: ParseOptions): Statement;
