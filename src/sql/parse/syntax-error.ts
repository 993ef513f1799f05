/**
 * MySQL's error 1064 as TiDB words it, with what was expected added.
 *
 * @see pingcap/tidb pkg/parser/lexer.go (Scanner.Errorf), pkg/parser/yy_parser.go
 */
import { SqlError } from '../../base/errors.js';

const PREFIX =
  'You have an error in your SQL syntax; check the manual that corresponds to your TiDB version for the right syntax to use';
/** TiDB quotes at most this much of the statement. */
const LONGEST_QUOTE = 2048;

/** A statement that begins like ours but is not; `line` and `column` are as in the message. */
export class SyntaxError1064 extends SqlError {
  /** From 1. */
  readonly line: number;
  /** Bytes of the line up to the end of the offending token, as TiDB counts: from 1 on every line but the first. */
  readonly column: number;
  /** The token at which reading stopped; empty: the end. */
  readonly token: string;
  /** What could have stood there. */
  readonly expected: readonly string[];

  /**
   * @param offset - of the offending token in `text`, in UTF-16 units.
   */
  constructor(text: string, offset: number, expected: readonly string[], detail?: string) {
    const token =
      /^(?:[\w$\u0080-\uffff]+|'(?:[^'\\]|\\.|'')*'?|"[^"]*"?|`[^`]*`?|.)?/su.exec(text.slice(offset))?.[0] ??
      '';
    const before = text.slice(0, offset) + token;
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(lineStart)) + (line > 1 ? 1 : 0);
    const rest = text.slice(offset);
    const quote = rest.length > LONGEST_QUOTE ? rest.slice(0, LONGEST_QUOTE) : rest;
    const total = rest.length > LONGEST_QUOTE ? ` (total length ${rest.length})` : '';
    const hint = detail ?? (expected.length === 0 ? '' : `expected ${expected.join(', ')}`);
    super(
      1064,
      '42000',
      `${PREFIX} line ${line} column ${column} near "${quote}"${total}${hint === '' ? ' ' : `: ${hint}`}`,
    );
    this.line = line;
    this.column = column;
    this.token = token;
    this.expected = expected;
  }
}
