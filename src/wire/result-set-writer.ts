/**
 * Prints a whole answer with a result set, message by message: column count, definitions, (EOF,) rows, EOF or OK.
 * Whether EOF packets are deprecated and whether rows are text or binary is decided once, here.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset.html
 */
import { assert } from '../base/assert.js';
import { printBinaryRow } from './binary-row.js';
import { type ColumnDefinition, printColumnDefinition } from './column-definition.js';
import { printEof } from './eof-packet.js';
import { type ErrPacket, printErr } from './err-packet.js';
import { writeLenencInt } from './length-encoding.js';
import { OK_AS_EOF_HEADER, type OkPacket, plainOk, printOk } from './ok-packet.js';
import { PacketWriter } from './packet-writer.js';
import { type Cell, printTextRow } from './text-row.js';

/** How a connection wants its result sets. */
export interface ResultSetForm {
  /** Capability deprecateEof. */
  readonly isEofDeprecated: boolean;
  /** Rows in the binary protocol: the command was COM_STMT_EXECUTE. */
  readonly isBinary: boolean;
}

/** Gathers the packets of one answer. `take` what is gathered whenever enough is. */
export class ResultSetWriter {
  readonly #packets: PacketWriter;
  readonly #form: ResultSetForm;
  #columns: readonly ColumnDefinition[] | undefined;

  /** @param sequence - of the answer's first packet. */
  constructor(sequence: number, form: ResultSetForm) {
    this.#packets = new PacketWriter(sequence, 1024);
    this.#form = form;
  }

  /** Whether {@link columns} was called and the result set has not ended. */
  get isInResultSet(): boolean {
    return this.#columns !== undefined;
  }

  /** Sequence id of the next packet. */
  get sequence(): number {
    return this.#packets.sequence;
  }

  /** Goes on counting from here: others' packets were sent meanwhile. */
  set sequence(sequence: number) {
    this.#packets.sequence = sequence;
  }

  /** Bytes gathered and not taken. */
  get length(): number {
    return this.#packets.length;
  }

  /** Begins a result set. */
  columns(columns: readonly ColumnDefinition[], status: number): void {
    assert(columns.length > 0, 'a result set has at least one column');
    assert(this.#columns === undefined, 'a result set must end before the next begins');
    this.#columns = columns;
    this.#packets.message((out) => writeLenencInt(out, columns.length));
    for (const column of columns) this.#packets.message((out) => printColumnDefinition(column, out));
    if (!this.#form.isEofDeprecated) this.#packets.message((out) => printEof({ warnings: 0, status }, out));
  }

  /** Adds a row. */
  row(cells: readonly Cell[]): void {
    const columns = this.#columns;
    assert(columns !== undefined, 'rows come after columns');
    assert(cells.length === columns.length, `a row of ${cells.length} cells, ${columns.length} columns`);
    this.#packets.message((out) =>
      this.#form.isBinary ? printBinaryRow(cells, columns, out) : printTextRow(cells, out),
    );
  }

  /** Ends the result set. */
  end(status: number, warnings = 0): void {
    assert(this.#columns !== undefined, 'only a begun result set can end');
    this.#columns = undefined;
    this.#packets.message((out) =>
      this.#form.isEofDeprecated
        ? printOk({ ...plainOk(status), warnings }, out, OK_AS_EOF_HEADER)
        : printEof({ warnings, status }, out),
    );
  }

  /** Answers without a result set. */
  ok(ok: OkPacket): void {
    assert(this.#columns === undefined, 'a result set ends with end(), not with ok()');
    this.#packets.message((out) => printOk(ok, out));
  }

  /** Ends the answer, also in the middle of a result set, with an error. */
  err(err: ErrPacket): void {
    this.#columns = undefined;
    this.#packets.message((out) => printErr(err, out));
  }

  /** @see PacketWriter.take */
  take(): Uint8Array {
    return this.#packets.take();
  }
}
