/**
 * The answer to a statement that is answered here: printed in the form this client and command want, gathered so
 * that a short answer is one write, and held back while the client does not read.
 */
import { assert } from '../base/assert.js';
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { ColumnDefinition } from '../wire/column-definition.js';
import { plainOk } from '../wire/ok-packet.js';
import { type ResultSetForm, ResultSetWriter } from '../wire/result-set-writer.js';
import type { Cell } from '../wire/text-row.js';
import { toErrPacket } from './error-map.js';
import type { RelayPorts } from './relay-ports.js';
import type { AnswerWriter } from './statement-gate.js';

/** Writes one answer to a client. */
export class LocalAnswer implements AnswerWriter {
  readonly #packets: ResultSetWriter;
  readonly #ports: RelayPorts;
  readonly #status: () => number;
  #isFinished = false;
  #cutOffBy: Error | undefined;

  /**
   * @param sequence - of the answer's first packet.
   * @param status - the session's flags, asked when a packet needs them.
   */
  constructor(sequence: number, form: ResultSetForm, ports: RelayPorts, status: () => number) {
    this.#packets = new ResultSetWriter(sequence, form);
    this.#ports = ports;
    this.#status = status;
  }

  /** Whether `end`, `ok` or `err` was called. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  columns(columns: readonly ColumnDefinition[]): void {
    this.#check();
    this.#packets.columns(columns, this.#status());
  }

  async rows(rows: readonly (readonly Cell[])[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#check();
    for (const row of rows) {
      this.#packets.row(row);
      if (this.#packets.length >= limits.localAnswerBytes) await this.flush(signal);
    }
  }

  async flush(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#check();
    this.#send();
    await this.#ports.clientRoom(signal);
    this.#check();
  }

  end(warnings = 0): void {
    this.#check();
    this.#packets.end(this.#status(), warnings);
    this.#finish();
  }

  ok(ok: { affectedRows?: bigint; warnings?: number; info?: string } = {}): void {
    this.#check();
    this.#packets.ok({
      ...plainOk(this.#status(), ok.affectedRows),
      warnings: ok.warnings ?? 0,
      info: ok.info ?? '',
    });
    this.#finish();
  }

  err(error: SqlError): void {
    this.fail(error);
  }

  /** Ends the answer with whatever was thrown. */
  fail(error: unknown): void {
    this.#check();
    this.#packets.err(toErrPacket(error));
    this.#finish();
  }

  /** Ends the answer from outside, if it has not ended: whoever goes on writing it gets the error. */
  cutOff(error: Error): void {
    if (this.#isFinished) return;
    this.fail(error);
    this.#cutOffBy = error;
  }

  #check(): void {
    if (this.#cutOffBy !== undefined) throw this.#cutOffBy;
    assert(!this.#isFinished, 'an answer is finished once, and nothing follows');
  }

  #finish(): void {
    this.#isFinished = true;
    this.#send();
  }

  #send(): void {
    if (this.#packets.length === 0) return;
    const bytes = this.#packets.take();
    this.#ports.toClient(bytes, bytes.length);
  }
}
