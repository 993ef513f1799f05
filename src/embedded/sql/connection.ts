/**
 * A client's connection: login, then one command after the other, each answered to its end before the next is read.
 *
 * Anybody may log in as root without a password, by mysql_native_password; no other user exists.
 */
import type { Socket } from 'node:net';
import { NO_BYTES, fromUtf8 } from '../../base/bytes.js';
import { SqlError, TiviewError, messageOf } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Telemetry } from '../../base/telemetry.js';
import { EvaluationError } from '../../dataflow/evaluation-error.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import { isTooDeep } from '../../sql/parse/grammar-error.js';
import { splitStatements } from '../../sql/scan/statement-end.js';
import { Capability, hasCapability } from '../../wire/capability.js';
import { printColumnDefinition } from '../../wire/column-definition.js';
import { type ChangeUser, parseChangeUser } from '../../wire/com-change-user.js';
import { parseFieldList } from '../../wire/com-field-list.js';
import { parseStmtExecute } from '../../wire/com-stmt-execute.js';
import { parseStatementCommand } from '../../wire/com-stmt-id.js';
import { parseStmtSendLongData } from '../../wire/com-stmt-send-long-data.js';
import { parseTextCommand } from '../../wire/com-text.js';
import { Command } from '../../wire/command.js';
import { printEof } from '../../wire/eof-packet.js';
import { type ErrPacket, printErr } from '../../wire/err-packet.js';
import { printGreeting } from '../../wire/greeting.js';
import { parseHandshakeResponse } from '../../wire/handshake-response.js';
import { OK_AS_EOF_HEADER, type OkPacket, plainOk, printOk } from '../../wire/ok-packet.js';
import { type Message, PacketSplitter } from '../../wire/packet-splitter.js';
import { PacketWriter, frame } from '../../wire/packet-writer.js';
import { PayloadReader } from '../../wire/payload-reader.js';
import { printPrepareOk } from '../../wire/prepare-ok.js';
import { ResultSetWriter } from '../../wire/result-set-writer.js';
import { ServerStatus } from '../../wire/server-status.js';
import { AUTH_PLUGIN, OFFERED, greeting, refusalOf } from './login.js';
import { PreparedStatements } from './prepared-statements.js';
import { cellsOf, columnDefinition } from './result-columns.js';
import { type Answer, Session } from './session.js';
import type { SqlServer } from './sql-server.js';
import { numberColumn } from './system-columns.js';

/** One client. */
export class Connection {
  readonly session: Session;
  readonly #socket: Socket;
  readonly #server: SqlServer;
  readonly #telemetry: Telemetry;
  readonly #prepared = new PreparedStatements();
  readonly #closed = new AbortController();
  #statement = new AbortController();
  #capabilities = 0;
  #hasMultiStatements = false;

  constructor(socket: Socket, server: SqlServer, id: number, telemetry: Telemetry) {
    this.#socket = socket;
    this.#server = server;
    this.#telemetry = telemetry;
    this.session = new Session(server, id);
  }

  /** Serves until the client or the server has had enough. Never rejects for what the client does. */
  async serve(salt: Uint8Array): Promise<void> {
    const { id } = this.session;
    this.#server.sessions.set(id, this.#handle());
    const splitter = new PacketSplitter('client', limits.statementBytes);
    try {
      this.#send(frame(0, (out) => printGreeting(greeting(id, salt), out)));
      let isLoggedIn = false;
      for await (const chunk of this.#socket) {
        splitter.feed(chunk as Uint8Array);
        for (let message = splitter.next(); message !== undefined; message = splitter.next()) {
          if (isLoggedIn) {
            if (!(await this.#command(message.payload))) return;
          } else {
            isLoggedIn = await this.#logIn(message);
            if (!isLoggedIn) return;
          }
        }
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.close();
      this.#server.sessions.delete(id);
    }
  }

  /** A bug takes its connection down, and says so on both sides. */
  #failed(error: unknown): void {
    const { log } = this.#telemetry;
    const fields = { connId: this.session.id, cause: messageOf(error) };
    // A broken socket is the client's good-bye; what it sends that is no protocol ends the connection.
    if (error instanceof TiviewError || (error instanceof Error && 'code' in error)) {
      log.debug('a connection of the embedded server ended', fields);
      return;
    }
    log.error('a bug ended a connection of the embedded server', fields);
    const message = `internal error: ${fields.cause}`;
    this.#send(frame(1, (out) => printErr({ errno: 1105, sqlState: 'HY000', message }, out)));
  }

  /** Ends it at once. */
  close(): void {
    this.#closed.abort(
      new TiviewError('the connection is closed', { kind: 'closed', side: 'client', isRetryable: false }),
    );
    // What was answered is still sent.
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #handle() {
    const { session } = this;
    return {
      id: session.id,
      get database() {
        return session.database;
      },
      interrupt: (isQueryOnly: boolean) => {
        this.#statement.abort(new SqlError(1317, '70100', 'Query execution was interrupted'));
        if (!isQueryOnly) this.close();
      },
    };
  }

  async #logIn({ payload, sequence }: Message): Promise<boolean> {
    const response = parseHandshakeResponse(payload);
    this.#capabilities = (response.capabilities & OFFERED) >>> 0;
    this.#hasMultiStatements = hasCapability(this.#capabilities, Capability.multiStatements);
    const refuse = (error: SqlError): boolean => {
      this.#send(frame(sequence + 1, (out) => printErr(error, out)));
      return false;
    };
    // A client of another plugin is not asked for a password.
    const refusal = refusalOf(
      response.user,
      response.authPlugin === AUTH_PLUGIN ? response.authData : NO_BYTES,
    );
    if (refusal !== undefined) return refuse(refusal);
    try {
      if (response.database !== undefined && response.database !== '')
        await this.session.use(response.database, this.#closed.signal);
    } catch (error) {
      if (error instanceof SqlError) return refuse(error);
      throw error;
    }
    this.#send(frame(sequence + 1, (out) => printOk(plainOk(this.#status()), out)));
    return true;
  }

  /** @returns whether there may be another. */
  async #command(payload: Uint8Array): Promise<boolean> {
    this.#statement = new AbortController();
    const signal = AbortSignal.any([this.#closed.signal, this.#statement.signal]);
    try {
      switch (payload[0]) {
        case Command.quit:
          return false;
        case Command.ping:
          this.#ok();
          return true;
        case Command.initDb:
          await this.session.use(fromUtf8(parseTextCommand(payload).text), signal);
          this.#ok();
          return true;
        case Command.query:
          await this.#query(parseTextCommand(payload).text, signal);
          return true;
        case Command.stmtPrepare:
          await this.#prepare(fromUtf8(parseTextCommand(payload).text), signal);
          return true;
        case Command.stmtExecute:
          await this.#execute(payload, signal);
          return true;
        case Command.stmtSendLongData: {
          const { statementId, parameter, data } = parseStmtSendLongData(payload);
          this.#prepared.addLongData(statementId, parameter, data);
          return true;
        }
        case Command.stmtClose:
          this.#prepared.close(parseStatementCommand(payload).statementId);
          return true;
        case Command.stmtReset:
          this.#prepared.reset(parseStatementCommand(payload).statementId);
          this.#ok();
          return true;
        case Command.fieldList:
          await this.#fieldList(parseFieldList(payload).table, signal);
          return true;
        case Command.setOption:
          this.#hasMultiStatements =
            new PayloadReader(payload.subarray(1), 'client', 'COM_SET_OPTION').u16() === 0;
          this.#end();
          return true;
        case Command.changeUser:
          await this.#changeUser(parseChangeUser(payload, this.#capabilities), signal);
          return true;
        case Command.resetConnection:
          this.session.reset();
          this.#prepared.clear();
          this.#ok();
          return true;
        default:
          throw new SqlError(
            1235,
            '42000',
            `The embedded cluster does not support command ${payload[0] ?? 0}`,
          );
      }
    } catch (error) {
      this.#closed.signal.throwIfAborted();
      this.#send(frame(1, (out) => printErr(this.#errorPacket(error), out)));
      return true;
    }
  }

  async #changeUser({ user, authData, database }: ChangeUser, signal: AbortSignal): Promise<void> {
    const refusal = refusalOf(user, authData);
    if (refusal !== undefined) throw refusal;
    this.#prepared.clear();
    await this.session.restart(database === '' ? undefined : database, signal);
    this.#ok();
  }

  async #query(text: Uint8Array, signal: AbortSignal): Promise<void> {
    const ranges = splitStatements(text, 0, text.length, this.session.lexMode);
    if (ranges.length === 0) throw new SqlError(1065, '42000', 'Query was empty');
    if (ranges.length > 1 && !this.#hasMultiStatements)
      throw new SqlError(1064, '42000', 'client has multi-statement capability disabled');
    const writer = this.#writer(false);
    for (const [i, { start, end }] of ranges.entries()) {
      try {
        const answer = await this.session.run(fromUtf8(text.subarray(start, end)), signal);
        this.#write(writer, answer, i < ranges.length - 1);
      } catch (error) {
        this.#closed.signal.throwIfAborted();
        writer.err(this.#errorPacket(error));
        break;
      }
    }
    this.#send(writer.take());
  }

  #write(writer: ResultSetWriter, answer: Answer, hasMore: boolean): void {
    const status = this.#status() | (hasMore ? ServerStatus.moreResults : 0);
    if (answer.kind === 'ok') {
      writer.ok(this.#okPacket(answer, status));
      return;
    }
    const { columns, rows } = answer.result;
    writer.columns(
      columns.map((column) => columnDefinition(column, this.session.database)),
      status,
    );
    for (const row of rows) {
      writer.row(cellsOf(row, columns, this.session.offsetMinutes));
      if (writer.length > limits.localAnswerBytes) this.#send(writer.take());
    }
    writer.end(status);
  }

  #okPacket({ change }: Extract<Answer, { kind: 'ok' }>, status: number): OkPacket {
    const hasFoundRows = hasCapability(this.#capabilities, Capability.foundRows);
    return {
      affectedRows: hasFoundRows ? (change.matched ?? change.affectedRows) : change.affectedRows,
      lastInsertId: change.lastInsertId,
      status,
      warnings: 0,
      info: change.info,
      sessionState: NO_BYTES,
    };
  }

  async #prepare(text: string, signal: AbortSignal): Promise<void> {
    const statement = this.#prepared.prepare(text, this.session.lexMode);
    const columns = await this.#prepared.describe(statement, (filled) =>
      this.session.describe(filled, signal),
    );
    const parameters = Array.from({ length: statement.parts.length - 1 }, () => numberColumn('?'));
    const packets = new PacketWriter(1);
    packets.message((out) =>
      printPrepareOk(
        {
          statementId: statement.id,
          columnCount: columns.length,
          parameterCount: parameters.length,
          warnings: 0,
        },
        out,
      ),
    );
    for (const list of [parameters, columns]) {
      if (list.length === 0) continue;
      for (const column of list)
        packets.message((out) => printColumnDefinition(columnDefinition(column, this.session.database), out));
      if (!hasCapability(this.#capabilities, Capability.deprecateEof))
        packets.message((out) => printEof({ warnings: 0, status: this.#status() }, out));
    }
    this.#send(packets.take());
  }

  async #execute(payload: Uint8Array, signal: AbortSignal): Promise<void> {
    const text = this.#prepared.filled(parseStmtExecute(payload));
    const answer = await this.session.run(text, signal);
    const writer = this.#writer(true);
    this.#write(writer, answer, false);
    this.#send(writer.take());
  }

  async #fieldList(table: string, signal: AbortSignal): Promise<void> {
    const columns = await this.session.columnsOf(table, signal);
    const packets = new PacketWriter(1);
    for (const column of columns)
      packets.message((out) => {
        printColumnDefinition(columnDefinition(column, this.session.database), out);
        // The default value, which is not told.
        out.u8(0xfb);
      });
    this.#send(packets.take());
    this.#end(packets.sequence);
  }

  #writer(isBinary: boolean): ResultSetWriter {
    const isEofDeprecated = hasCapability(this.#capabilities, Capability.deprecateEof);
    return new ResultSetWriter(1, { isEofDeprecated, isBinary });
  }

  #status(): number {
    return (
      (this.session.variables.isOn('autocommit') ? ServerStatus.autocommit : 0) |
      (this.session.isInTransaction ? ServerStatus.inTransaction : 0) |
      (this.session.lexMode.noBackslashEscapes ? ServerStatus.noBackslashEscapes : 0)
    );
  }

  #ok(): void {
    this.#send(frame(1, (out) => printOk(plainOk(this.#status()), out)));
  }

  /** The end of what is no result set. */
  #end(sequence = 1): void {
    const isEofDeprecated = hasCapability(this.#capabilities, Capability.deprecateEof);
    this.#send(
      frame(sequence, (out) =>
        isEofDeprecated
          ? printOk(plainOk(this.#status()), out, OK_AS_EOF_HEADER)
          : printEof({ warnings: 0, status: this.#status() }, out),
      ),
    );
  }

  #errorPacket(error: unknown): ErrPacket {
    if (error instanceof NotSupportedError) {
      const message = `The embedded cluster does not yet support '${error.piece}': ${error.reason}`;
      return { errno: error.errno, sqlState: error.sqlState, message };
    }
    if (error instanceof SqlError)
      return { errno: error.errno, sqlState: error.sqlState, message: error.message };
    if (error instanceof EvaluationError)
      return { errno: error.errno, sqlState: '22003', message: error.message };
    if (isTooDeep(error))
      return { errno: 1064, sqlState: '42000', message: 'the statement nests too deeply' };
    if (error instanceof TiviewError) return { errno: 1105, sqlState: 'HY000', message: messageOf(error) };
    throw error;
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#socket.write(bytes);
  }
}
