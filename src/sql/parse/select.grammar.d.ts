/** The parser that Peggy makes from grammar/select.peggy (test/tidy/build.mjs puts it beside this file in dist). */
import type { Query } from '../ast/select.js';

/** @throws SyntaxError — when the text is not of the language; see {@link GrammarError}. */
export function parse(text: string): Query;
