/** The parser that Peggy makes from grammar/view-statement.peggy (test/tidy/build.mjs puts it beside this file in dist). */
import type { ViewStatement } from '../ast/view-statement.js';

/** What the parser has to know of the session and the text. */
export interface ViewStatementOptions {
  /** `"x"` is a name. */
  readonly ansiQuotes: boolean;
  /** Backslashes in strings are characters. */
  readonly noBackslashEscapes: boolean;
  /** The text has a comment that is code, so that a lone end of a comment is no error. */
  readonly hasCodeComments: boolean;
}

/** @throws SyntaxError — when the text is not of the language; see grammar-error.ts. */
export function parse(text: string, options: ViewStatementOptions): ViewStatement;
