/** How a session's settings change where tokens end. The proxy knows them from session tracking. */
export interface LexMode {
  /** sql_mode has ANSI_QUOTES: `"x"` is a name, not a string. */
  readonly ansiQuotes: boolean;
  /** sql_mode has NO_BACKSLASH_ESCAPES: a backslash in a string is a character like any other. */
  readonly noBackslashEscapes: boolean;
  /** The client's character set has two-byte characters whose second byte may be a quote or backslash (gbk, gb18030). */
  readonly doubleByte: boolean;
}

/** A session as MySQL starts it. */
export const DEFAULT_LEX_MODE: LexMode = { ansiQuotes: false, noBackslashEscapes: false, doubleByte: false };

/** How a session with this `sql_mode` writes. */
export function lexModeOf(sqlMode: string): LexMode {
  const modes = new Set(sqlMode.toUpperCase().split(','));
  return {
    ansiQuotes: modes.has('ANSI_QUOTES') || modes.has('ANSI'),
    noBackslashEscapes: modes.has('NO_BACKSLASH_ESCAPES'),
    doubleByte: false,
  };
}
