/**
 * A login of our own in the name of a session that moves: greeting, TLS if it is demanded, then, when the session's
 * states are there, the response with TiDB's token, and the statements that restore the session, all sent at once.
 * No socket is known here: see TargetPorts.
 */
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { NO_BYTES, concatBytes, utf8 } from '../../base/bytes.js';
import { Capability, hasCapability } from '../../wire/capability.js';
import { printTextCommand } from '../../wire/com-text.js';
import { Command } from '../../wire/command.js';
import { ERR_HEADER, parseErr } from '../../wire/err-packet.js';
import { parseGreetingHead } from '../../wire/greeting.js';
import { type HandshakeResponse, printHandshakeResponse } from '../../wire/handshake-response.js';
import { OK_HEADER } from '../../wire/ok-packet.js';
import { type Message, PacketSplitter } from '../../wire/packet-splitter.js';
import { frame } from '../../wire/packet-writer.js';
import { ProtocolError } from '../../wire/protocol-error.js';
import { printResponseHeader } from '../../wire/ssl-request.js';
import { TextResultReader } from '../../wire/text-result-reader.js';

/** What a login may do to the socket, and whom it tells. */
export interface TargetPorts {
  /** @param bytes - handed over. */
  send(bytes: Uint8Array): void;
  /** TLS is to begin; {@link TargetLogin.secured} is awaited. */
  upgrade(): void;
  /** The server has greeted, and TLS stands if it is demanded: {@link TargetLogin.enter} may be called. */
  ready(): void;
  /** The session is restored. */
  done(session: TargetSession): void;
  /** The login is over, and so is the use of the connection. Told once, and nothing after it. */
  failed(error: TiviewError): void;
}

/** A session on another server. */
export interface TargetSession {
  readonly connectionId: number;
  /** Bits of {@link ServerStatus}. */
  readonly status: number;
}

/** The other server does not take the session. */
export class TargetError extends TiviewError {
  override readonly name = 'TargetError';

  constructor(what: string, cause?: unknown) {
    super(what, { kind: 'moveTarget', side: 'tidb', isRetryable: true, cause });
  }
}

/** One login. */
export class TargetLogin {
  readonly #ports: TargetPorts;
  readonly #isTlsDemanded: boolean;
  readonly #wanted: number;
  readonly #splitter = new PacketSplitter('tidb', limits.handshakeBytes);
  #phase: 'greeting' | 'securing' | 'ready' | 'login' | 'restoring' | 'over' = 'greeting';
  #connectionId = 0;
  #statements: readonly string[] = [];
  #isEofDeprecated = false;
  #reader: TextResultReader | undefined;
  #answered = 0;

  /** @param wanted - capabilities that the server must offer. */
  constructor(ports: TargetPorts, { isTlsDemanded, wanted }: { isTlsDemanded: boolean; wanted: number }) {
    this.#ports = ports;
    this.#isTlsDemanded = isTlsDemanded;
    this.#wanted = isTlsDemanded ? wanted | Capability.ssl : wanted;
  }

  /** @param bytes - lent. */
  receive(bytes: Uint8Array): void {
    if (this.#phase === 'over') return;
    try {
      if (this.#phase === 'restoring') this.#restore(bytes);
      else this.#pump(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(new TargetError(error.message, error));
    }
  }

  /** TLS stands. */
  secured(): void {
    if (this.#phase === 'securing') this.#becomeReady();
  }

  /** Logs in, and runs statements on the new session. Once, when the ports have been told that it is ready. */
  enter(response: HandshakeResponse, statements: readonly string[]): void {
    if (this.#phase !== 'ready') return;
    this.#phase = 'login';
    this.#statements = statements;
    const capabilities = response.capabilities | (this.#isTlsDemanded ? Capability.ssl : 0);
    this.#isEofDeprecated = hasCapability(capabilities, Capability.deprecateEof);
    const sequence = this.#isTlsDemanded ? 2 : 1;
    this.#ports.send(frame(sequence, (out) => printHandshakeResponse({ ...response, capabilities }, out)));
  }

  /** The connection has ended, or took too long, or is given up. */
  fail(error: TiviewError): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#ports.failed(error);
  }

  #pump(bytes: Uint8Array): void {
    this.#splitter.feed(bytes);
    for (let message = this.#splitter.next(); message !== undefined; message = this.#splitter.next()) {
      this.#read(message);
      if (this.#phase === 'over') return;
      if (this.#phase === 'restoring') {
        this.#restore(this.#splitter.rest());
        return;
      }
    }
  }

  #read({ payload }: Message): void {
    if (payload[0] === ERR_HEADER) {
      const { errno, message } = parseErr(payload);
      this.fail(new TargetError(`it refuses the session: ${message} (${errno})`));
      return;
    }
    switch (this.#phase) {
      case 'greeting':
        this.#greeted(payload);
        return;
      case 'login':
        if (payload[0] !== OK_HEADER) throw new ProtocolError('tidb', 'it does not take the session token');
        this.#loggedIn();
        return;
      default:
        throw new ProtocolError('tidb', 'a packet before its turn');
    }
  }

  #greeted(payload: Uint8Array): void {
    const { capabilities, connectionId } = parseGreetingHead(payload);
    this.#connectionId = connectionId;
    if (!hasCapability(capabilities, this.#wanted)) {
      this.fail(new TargetError('it lacks what the client and its server have agreed on'));
    } else if (this.#isTlsDemanded) {
      this.#phase = 'securing';
      const header = { capabilities: this.#wanted, maxPacketBytes: limits.packetBytes, collation: 45 };
      this.#ports.send(frame(1, (out) => printResponseHeader(header, out)));
      this.#ports.upgrade();
    } else {
      this.#becomeReady();
    }
  }

  #becomeReady(): void {
    this.#phase = 'ready';
    this.#ports.ready();
  }

  #loggedIn(): void {
    this.#phase = 'restoring';
    this.#nextReader();
    // All at once: the server takes them one after the other, and that is one round trip.
    const commands = this.#statements.map((sql) =>
      frame(0, (out) => printTextCommand({ command: Command.query, text: utf8(sql) }, out)),
    );
    this.#ports.send(concatBytes(...commands));
  }

  #nextReader(): void {
    this.#reader = new TextResultReader(this.#isEofDeprecated, limits.ownQueryBytes);
  }

  #restore(bytes: Uint8Array): void {
    let rest = bytes;
    for (;;) {
      const step = this.#reader?.feed(rest);
      if (step === undefined || step.kind === 'more') return;
      if (step.kind === 'file' || step.outcome.kind === 'tooLarge')
        throw new ProtocolError('tidb', 'an answer that restores no session');
      const { outcome } = step;
      if (outcome.kind === 'error') {
        const { errno, message } = outcome.err;
        this.fail(new TargetError(`it does not restore the session: ${message} (${errno})`));
        return;
      }
      this.#answered++;
      if (this.#answered === this.#statements.length) {
        if (step.rest.length > 0) throw new ProtocolError('tidb', 'a packet before its turn');
        this.#phase = 'over';
        this.#reader = undefined;
        this.#statements = [];
        this.#ports.done({ connectionId: this.#connectionId, status: outcome.result.status });
        return;
      }
      this.#nextReader();
      rest = step.rest.length > 0 ? step.rest : NO_BYTES;
      if (rest.length === 0) return;
    }
  }
}
