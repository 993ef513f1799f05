/**
 * Reads the whole answer to one COM_QUERY into memory: for statements of our own on a client's session. The answer
 * may be cut anywhere; rows beyond the bound are read and dropped, so that the session stays usable.
 */
import { asBuffer } from '../base/bytes.js';
import { LimitError } from '../base/errors.js';
import { type ColumnDefinition, parseColumnDefinition } from './column-definition.js';
import { EOF_BELOW_BYTES, EOF_HEADER, parseEof } from './eof-packet.js';
import { ERR_HEADER, type ErrPacket, parseErr } from './err-packet.js';
import { LOCAL_INFILE_HEADER } from './local-infile.js';
import { OK_HEADER, parseOk } from './ok-packet.js';
import { FULL_PAYLOAD, HEADER_BYTES } from './packet-header.js';
import { PacketSplitter } from './packet-splitter.js';
import { PayloadReader } from './payload-reader.js';
import { parseTextRow } from './text-row.js';
import { ServerStatus } from './server-status.js';

/** An answer without an error. */
export interface TextResult {
  /** Empty for a statement that returns no rows. */
  readonly columns: readonly ColumnDefinition[];
  /** Cells as the server sent them, in the session's character_set_results; null is NULL. */
  readonly rows: readonly (readonly (Buffer | null)[])[];
  readonly affectedRows: bigint;
  readonly lastInsertId: bigint;
  readonly warnings: number;
  /** Bits of {@link ServerStatus} after the statement. */
  readonly status: number;
}

/** What reading came to. */
export type TextOutcome =
  | { readonly kind: 'result'; readonly result: TextResult }
  | { readonly kind: 'error'; readonly err: ErrPacket }
  | { readonly kind: 'tooLarge'; readonly error: LimitError };

/** What the reader wants next: more bytes, an (empty) file sent with this sequence id, or nothing. */
export type ReadStep =
  | { readonly kind: 'more' }
  | { readonly kind: 'file'; readonly sequence: number }
  | { readonly kind: 'done'; readonly outcome: TextOutcome; readonly rest: Uint8Array };

const MORE: ReadStep = { kind: 'more' };

/** Reads one answer; several results (of a procedure or several statements) leave the last one. */
export class TextResultReader {
  readonly #splitter: PacketSplitter;
  readonly #isEofDeprecated: boolean;
  readonly #maxBytes: number;
  #bytes = 0;
  #phase: 'head' | 'columns' | 'columnsEnd' | 'rows' = 'head';
  #columnCount = 0;
  #columns: ColumnDefinition[] = [];
  #rows: (Buffer | null)[][] = [];

  /** @param maxBytes - of all rows; also of one message. */
  constructor(isEofDeprecated: boolean, maxBytes: number) {
    this.#isEofDeprecated = isEofDeprecated;
    this.#maxBytes = maxBytes;
    // A row must be read before it can be dropped, and a single one may exceed the bound.
    this.#splitter = new PacketSplitter('tidb', Math.max(maxBytes, FULL_PAYLOAD) * 2);
  }

  /**
   * Reads on.
   *
   * @throws ProtocolError — when the answer cannot be followed; the session is then of no more use.
   */
  feed(chunk: Uint8Array): ReadStep {
    this.#splitter.feed(chunk);
    for (;;) {
      const message = this.#splitter.next();
      if (message === undefined) return MORE;
      const { payload } = message;
      if (this.#phase === 'head' && payload[0] === LOCAL_INFILE_HEADER) {
        return { kind: 'file', sequence: (message.sequence + 1) & 0xff };
      }
      const outcome = this.#read(payload);
      if (outcome !== undefined) return { kind: 'done', outcome, rest: this.#splitter.rest() };
    }
  }

  #read(payload: Uint8Array): TextOutcome | undefined {
    if (payload[0] === ERR_HEADER) return { kind: 'error', err: parseErr(payload) };
    switch (this.#phase) {
      case 'head':
        return this.#readHead(payload);
      case 'columns':
        this.#columns.push(parseColumnDefinition(payload));
        if (this.#columns.length === this.#columnCount) {
          this.#phase = this.#isEofDeprecated ? 'rows' : 'columnsEnd';
        }
        return undefined;
      case 'columnsEnd':
        parseEof(payload);
        this.#phase = 'rows';
        return undefined;
      case 'rows':
        return this.#readRow(payload);
    }
  }

  #readHead(payload: Uint8Array): TextOutcome | undefined {
    if (payload[0] === OK_HEADER) return this.#finish(parseOk(payload));
    const reader = new PayloadReader(payload, 'tidb', 'column count');
    this.#columnCount = Number(reader.lenencInt());
    reader.end();
    if (this.#columnCount === 0) throw reader.malformed('no columns');
    this.#columns = [];
    this.#rows = [];
    this.#phase = 'columns';
    return undefined;
  }

  #readRow(payload: Uint8Array): TextOutcome | undefined {
    const isEnd =
      payload[0] === EOF_HEADER && payload.length < (this.#isEofDeprecated ? FULL_PAYLOAD : EOF_BELOW_BYTES);
    if (isEnd) {
      if (this.#isEofDeprecated) return this.#finish(parseOk(payload));
      return this.#finish({ affectedRows: 0n, lastInsertId: 0n, ...parseEof(payload) });
    }
    this.#bytes += payload.length + HEADER_BYTES;
    if (this.#bytes > this.#maxBytes) {
      this.#rows = [];
    } else {
      const cells = parseTextRow(payload, this.#columnCount);
      this.#rows.push(cells.map((cell) => (cell === null ? null : asBuffer(cell))));
    }
    return undefined;
  }

  #finish(end: Omit<TextResult, 'columns' | 'rows'>): TextOutcome | undefined {
    const { affectedRows, lastInsertId, warnings, status } = end;
    const result = { columns: this.#columns, rows: this.#rows, affectedRows, lastInsertId, warnings, status };
    this.#phase = 'head';
    this.#columns = [];
    this.#rows = [];
    if ((status & ServerStatus.moreResults) !== 0) return undefined;
    if (this.#bytes > this.#maxBytes) {
      const error = new LimitError(`an answer of over ${this.#maxBytes} bytes to a statement of our own`);
      return { kind: 'tooLarge', error };
    }
    return { kind: 'result', result };
  }
}
