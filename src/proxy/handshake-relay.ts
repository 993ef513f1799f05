/**
 * The login, relayed: tidb-server's own greeting (so the salt and the connection id are its own), the client's
 * response, and whatever packets the authentication plugin exchanges until OK or ERR. No password is known here and
 * no round trip is added. No socket either: see HandshakePorts.
 *
 * Three things are changed on the way. Capabilities that a relay could not follow are taken out of the greeting, and
 * TLS is offered according to our own settings. The response's TLS bit says what is true on the other side. And since
 * an SSLRequest is one packet more, sequence ids differ by one where only one side has TLS.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { Capability, hasCapability } from '../wire/capability.js';
import { ERR_HEADER, printErr } from '../wire/err-packet.js';
import { type GreetingHead, parseGreetingHead, setOffered } from '../wire/greeting.js';
import { type ResponseIdentity, parseResponseIdentity, setCapabilities } from '../wire/handshake-response.js';
import { OK_HEADER, parseOk } from '../wire/ok-packet.js';
import { type Message, PacketSplitter } from '../wire/packet-splitter.js';
import { frame, framePayload } from '../wire/packet-writer.js';
import { ProtocolError } from '../wire/protocol-error.js';
import { SSL_REQUEST_BYTES, isSslRequest } from '../wire/ssl-request.js';
import { toErrPacket } from './error-map.js';
import { backendLacksTls, badHandshake, serverGoneAtLogin } from './proxy-errors.js';

/** Capabilities that change the packets in ways that a relay does not follow. */
export const UNFOLLOWED_CAPABILITIES =
  Capability.compress |
  Capability.zstdCompression |
  Capability.optionalResultsetMetadata |
  Capability.queryAttributes |
  Capability.capabilityExtension;

/** What a login came to. */
export interface Login {
  /** As TiDB knows it. */
  readonly connectionId: number;
  readonly user: string;
  readonly database: string | undefined;
  /** What the client and the tidb-server have agreed on. */
  readonly capabilities: number;
  /** Status flags of the OK packet. */
  readonly status: number;
  /** What the client has sent beyond the login. */
  readonly clientRest: Uint8Array;
  /** What the tidb-server has sent beyond the login. */
  readonly backendRest: Uint8Array;
}

/** What a login may do to the two sockets it lies between. */
export interface HandshakePorts {
  /** @param bytes - handed over: nobody writes to them any more. */
  toClient(bytes: Uint8Array): void;
  /** @param bytes - handed over. */
  toBackend(bytes: Uint8Array): void;
  /** TLS begins on the client's side. @param rest - of TLS, which the client has sent already. */
  upgradeClient(rest: Uint8Array): void;
  /** TLS is to begin on tidb-server's side; {@link HandshakeRelay.backendSecured} is awaited. */
  upgradeBackend(): void;
  done(login: Login): void;
  /** The login cannot go on: these bytes are the last ones for the client. */
  end(last: Uint8Array, reason: Error): void;
}

/** TLS as it is configured on the two sides. */
export interface HandshakeTls {
  readonly isOfferedToClients: boolean;
  readonly isDemandedOfBackends: boolean;
}

/** Relays one login. */
export class HandshakeRelay {
  readonly #ports: HandshakePorts;
  readonly #tls: HandshakeTls;
  readonly #fromClient = new PacketSplitter('client', limits.handshakeBytes);
  readonly #fromBackend = new PacketSplitter('tidb', limits.handshakeBytes);
  #phase: 'greeting' | 'response' | 'securing' | 'auth' | 'refused' | 'ended' = 'greeting';
  #greeting: GreetingHead | undefined;
  #response: ResponseIdentity | undefined;
  /** The response as it goes to the tidb-server. */
  #forwarded: Message | undefined;
  #isClientSecure = false;

  constructor(ports: HandshakePorts, tls: HandshakeTls) {
    this.#ports = ports;
    this.#tls = tls;
  }

  /** @param bytes - lent. */
  receiveFromBackend(bytes: Uint8Array): void {
    this.#fromBackend.feed(bytes);
    this.#pump(this.#fromBackend, (message) => this.#backendMessage(message));
  }

  /** @param bytes - lent. */
  receiveFromClient(bytes: Uint8Array): void {
    this.#fromClient.feed(bytes);
    this.#pump(this.#fromClient, (message) => this.#clientMessage(message));
  }

  /** TLS stands on tidb-server's side: the response can go. */
  backendSecured(): void {
    if (this.#phase !== 'securing' || this.#forwarded === undefined) return;
    this.#phase = 'auth';
    this.#ports.toBackend(relabelled(this.#forwarded, 2));
  }

  /** The tidb-server will send no more. */
  backendGone(error: Error | undefined): void {
    if (this.#phase === 'ended' || this.#phase === 'refused') return;
    this.#fail(serverGoneAtLogin(error === undefined ? 'it closed the connection' : error.message));
  }

  /** How much higher sequence ids are on the client's side than on tidb-server's. */
  get #shift(): number {
    return Number(this.#isClientSecure) - Number(this.#tls.isDemandedOfBackends);
  }

  #pump(splitter: PacketSplitter, receive: (message: Message) => void): void {
    try {
      while (this.#phase !== 'ended') {
        const message = splitter.next();
        if (message === undefined) return;
        receive(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail(badHandshake(error.message));
    }
  }

  #backendMessage(message: Message): void {
    switch (this.#phase) {
      case 'greeting':
        this.#greet(message);
        return;
      case 'auth':
        this.#authenticate(message);
        return;
      case 'refused':
        this.#ports.toClient(relabelled(message, message.sequence + this.#shift));
        return;
      default:
        // For instance that it has waited too long for the response.
        if (message.payload[0] !== ERR_HEADER) throw new ProtocolError('tidb', 'a packet before its turn');
        this.#finish(relabelled(message, message.sequence + Number(this.#isClientSecure)));
    }
  }

  #greet(message: Message): void {
    const { sequence, payload } = message;
    if (payload[0] === ERR_HEADER) {
      this.#finish(relabelled(message, sequence));
      return;
    }
    const greeting = parseGreetingHead(payload);
    if (this.#tls.isDemandedOfBackends && !hasCapability(greeting.capabilities, Capability.ssl)) {
      this.#fail(backendLacksTls());
      return;
    }
    this.#greeting = greeting;
    this.#phase = 'response';
    const followed = greeting.capabilities & ~(UNFOLLOWED_CAPABILITIES | Capability.ssl);
    setOffered(payload, greeting, followed | (this.#tls.isOfferedToClients ? Capability.ssl : 0));
    this.#ports.toClient(relabelled(message, sequence));
  }

  #clientMessage(message: Message): void {
    if (this.#phase === 'auth') {
      this.#ports.toBackend(relabelled(message, message.sequence - this.#shift));
    } else if (this.#phase !== 'response') {
      throw new ProtocolError('client', 'a packet before its turn');
    } else if (!this.#isClientSecure && isSslRequest(message.payload)) {
      if (!this.#tls.isOfferedToClients) throw new ProtocolError('client', 'TLS was not offered');
      this.#isClientSecure = true;
      this.#ports.upgradeClient(this.#fromClient.rest());
    } else {
      this.#respond(message);
    }
  }

  #respond(message: Message): void {
    const greeting = this.#greeting;
    if (greeting === undefined) return;
    const { payload } = message;
    const response = parseResponseIdentity(payload);
    const { capabilities } = response;
    if ((capabilities & (Capability.compress | Capability.zstdCompression)) !== 0) {
      throw new ProtocolError('client', 'compression was not offered');
    }
    this.#response = response;
    const unoffered = greeting.capabilities & UNFOLLOWED_CAPABILITIES;
    const plain = capabilities & ~(unoffered | Capability.ssl);
    if (this.#tls.isDemandedOfBackends) {
      setCapabilities(payload, plain | Capability.ssl);
      this.#forwarded = message;
      this.#phase = 'securing';
      this.#ports.toBackend(framePayload(1, payload.subarray(0, SSL_REQUEST_BYTES)));
      this.#ports.upgradeBackend();
    } else {
      setCapabilities(payload, plain);
      this.#phase = 'auth';
      this.#ports.toBackend(relabelled(message, 1));
    }
  }

  #authenticate(message: Message): void {
    const greeting = this.#greeting;
    const response = this.#response;
    if (greeting === undefined || response === undefined) return;
    const { sequence, payload } = message;
    this.#ports.toClient(relabelled(message, sequence + this.#shift));
    if (payload[0] === ERR_HEADER) this.#phase = 'refused';
    if (payload[0] !== OK_HEADER) return;
    this.#phase = 'ended';
    this.#ports.done({
      connectionId: greeting.connectionId,
      user: response.user,
      database: response.database,
      capabilities: greeting.capabilities & response.capabilities & ~UNFOLLOWED_CAPABILITIES,
      status: parseOk(payload).status,
      clientRest: this.#fromClient.rest(),
      backendRest: this.#fromBackend.rest(),
    });
  }

  #fail(error: SqlError): void {
    const err = toErrPacket(error);
    // In the place of the greeting, before the protocol's version is known, there is no SQL state.
    const isFirst = this.#phase === 'greeting';
    const sequence = isFirst ? 0 : 2 + Number(this.#isClientSecure);
    const packet = frame(sequence, (out) => printErr(isFirst ? { ...err, sqlState: '' } : err, out));
    this.#finish(packet, error);
  }

  #finish(last: Uint8Array, reason: Error = new ProtocolError('tidb', 'the login was refused')): void {
    this.#phase = 'ended';
    this.#ports.end(last, reason);
  }
}

/** A message with another sequence id: changed in place where it is one packet, for it is ours to change. */
function relabelled(message: Message, sequence: number): Uint8Array {
  const { packet, payload } = message;
  if (packet === undefined) return framePayload(sequence, payload);
  packet[3] = sequence;
  return packet;
}
