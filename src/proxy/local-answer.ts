/**
 * The answer to a statement that is answered here: printed in the form this client and command want, gathered so
 * that a short answer is one write, and held back while the client does not read.
 */
import { assert } from '../base/assert.js';
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { AnswerRewriter, type RewrittenChunk } from '../wire/answer-rewriter.js';
import type { ColumnDefinition } from '../wire/column-definition.js';
import { plainOk } from '../wire/ok-packet.js';
import { type ResultSetForm, ResultSetWriter } from '../wire/result-set-writer.js';
import { ServerStatus } from '../wire/server-status.js';
import type { Cell } from '../wire/text-row.js';
import { toErrPacket } from './error-map.js';
import type { RelayPorts } from './relay-ports.js';
import type { AnswerWriter } from './statement-gate.js';

/** Writes one answer to a client. */
export class LocalAnswer implements AnswerWriter {
  readonly #packets: ResultSetWriter;
  readonly #form: ResultSetForm;
  readonly #ports: RelayPorts;
  readonly #sessionStatus: () => number;
  #hasMore = false;
  /** While a part of the answer is TiDB's own. */
  #rewriter: AnswerRewriter | undefined;
  #isFinished = false;
  #errno = 0;
  #hasFailed = false;
  #cutOffBy: Error | undefined;

  /**
   * @param sequence - of the answer's first packet.
   * @param status - the session's flags, asked when a packet needs them.
   */
  constructor(sequence: number, form: ResultSetForm, ports: RelayPorts, status: () => number) {
    this.#packets = new ResultSetWriter(sequence, form);
    this.#form = form;
    this.#ports = ports;
    this.#sessionStatus = status;
  }

  /** Whether the last result, or an error, was written. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** Whether it ended with an error of ours. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Of the error that ended the answer, TiDB's or ours; 0: none has. */
  get errno(): number {
    return this.#errno;
  }

  expectMore(hasMore: boolean): void {
    this.#hasMore = hasMore;
  }

  /** What comes next is TiDB's own: see {@link pass}. */
  beginRelay(): void {
    this.#check();
    this.#send();
    const { isEofDeprecated } = this.#form;
    const { sequence } = this.#packets;
    this.#rewriter = new AnswerRewriter({ sequence, hasMore: this.#hasMore, isEofDeprecated });
  }

  /** Sends on what TiDB sent. @param chunk - changed; lent for the call. @throws ProtocolError — it makes no sense. */
  pass(chunk: Uint8Array): RewrittenChunk {
    const rewriter = this.#rewriter;
    assert(rewriter !== undefined, 'what TiDB sends is passed on when it was asked for');
    const rewritten = rewriter.feed(chunk);
    const { bytes, outcome } = rewritten;
    if (bytes.length > 0) this.#ports.toClient(bytes, bytes.length);
    if (outcome !== undefined) {
      this.#rewriter = undefined;
      this.#packets.sequence = rewriter.sequence;
      this.#errno = outcome.errno;
      this.#isFinished = outcome.errno !== 0 || !this.#hasMore;
    }
    return rewritten;
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
    this.#finish(!this.#hasMore);
  }

  ok(ok: { affectedRows?: bigint; warnings?: number; info?: string } = {}): void {
    this.#check();
    this.#packets.ok({
      ...plainOk(this.#status(), ok.affectedRows),
      warnings: ok.warnings ?? 0,
      info: ok.info ?? '',
    });
    this.#finish(!this.#hasMore);
  }

  err(error: SqlError): void {
    this.fail(error);
  }

  /** Ends the answer with whatever was thrown. */
  fail(error: unknown): void {
    this.#check();
    const err = toErrPacket(error);
    this.#errno = err.errno;
    this.#hasFailed = true;
    this.#packets.err(err);
    this.#finish(true);
  }

  /** Ends the answer from outside, if it has not ended: whoever goes on writing it gets the error. */
  cutOff(error: Error): void {
    if (this.#isFinished) return;
    const rewriter = this.#rewriter;
    if (rewriter !== undefined) this.#packets.sequence = rewriter.sequence;
    // In the middle of a packet of TiDB's an ERR packet would only be taken for more of it.
    if (rewriter?.isInMessage === true) this.#isFinished = true;
    else this.fail(error);
    this.#cutOffBy = error;
  }

  #status(): number {
    return this.#sessionStatus() | (this.#hasMore ? ServerStatus.moreResults : 0);
  }

  #check(): void {
    if (this.#cutOffBy !== undefined) throw this.#cutOffBy;
    assert(!this.#isFinished, 'an answer is finished once, and nothing follows');
  }

  #finish(isLast: boolean): void {
    this.#isFinished = isLast;
    this.#send();
  }

  #send(): void {
    if (this.#packets.length === 0) return;
    const bytes = this.#packets.take();
    this.#ports.toClient(bytes, bytes.length);
  }
}
