/**
 * The login, relayed: tidb-server's own greeting (so the salt and the connection id are its own), the client's
 * response, and whatever packets the authentication plugin exchanges until OK or ERR. No password is known here and
 * no round trip is added. No socket either: see HandshakePorts.
 *
 * Three things are changed on the way. Capabilities that a relay could not follow are taken out of the greeting, TLS
 * is offered according to our own settings, and zlib compression always: whether the tidb-server's side is compressed
 * is a matter of its own. The response's bits of both say what is true on the other side. And since an SSLRequest is
 * one packet more, sequence ids differ by one where only one side has TLS.
 *
 * A server that goes, or has no room, before it has answered the response loses the login to another one. The client's
 * proof was made with the salt of the first, so the second is told of a plugin that it cannot know, and asks the client
 * for another proof, with a salt of its own (AuthSwitchRequest). The client keeps the id of the first greeting.
 *
 * Over 400 lines, because what is done with a packet depends on all that came before it, from both sides.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import { NO_BYTES } from '../base/bytes.js';
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { Capability, hasCapability } from '../wire/capability.js';
import { ERR_HEADER, parseErr } from '../wire/err-packet.js';
import { type GreetingHead, parseGreetingHead, setOffered } from '../wire/greeting.js';
import {
  type ResponseIdentity,
  parseHandshakeResponse,
  parseResponseIdentity,
  printHandshakeResponse,
  setCapabilities,
} from '../wire/handshake-response.js';
import { OK_HEADER, parseOk } from '../wire/ok-packet.js';
import { HEADER_BYTES } from '../wire/packet-header.js';
import { asksForPassword, isPasswordPlugin } from '../wire/password-request.js';
import { type Message, PacketSplitter } from '../wire/packet-splitter.js';
import { frame, framePayload } from '../wire/packet-writer.js';
import { ProtocolError } from '../wire/protocol-error.js';
import { SSL_REQUEST_BYTES, isSslRequest } from '../wire/ssl-request.js';
import { framedErr, framedErrForGreeting } from './error-map.js';
import type { BackendCompression } from './backend-compression.js';
import { backendLacksTls, badHandshake, serverGoneAtLogin } from './proxy-errors.js';

/** Capabilities that change the packets in ways that a relay does not follow, or that each side has for itself. */
export const UNFOLLOWED_CAPABILITIES =
  Capability.compress |
  Capability.zstdCompression |
  Capability.optionalResultsetMetadata |
  Capability.queryAttributes |
  Capability.capabilityExtension;

/** An authentication plugin that no server has. */
const UNKNOWN_PLUGIN = 'another_proof_please';

/** ERR_CON_COUNT, ER_SERVER_SHUTDOWN: the server takes nobody, whoever it is. */
const REFUSALS: ReadonlySet<number> = new Set([1040, 1053]);

/** What a login came to. */
export interface Login {
  /** As TiDB knows it. */
  readonly connectionId: number;
  /** As the client knows it: from the first greeting, which another server's may have followed. */
  readonly greetedId: number;
  /** What the client answered to the greeting, without its proof. */
  readonly response: Uint8Array;
  readonly user: string;
  readonly database: string | undefined;
  /** What the client and the tidb-server have agreed on. */
  readonly capabilities: number;
  /** Status flags of the OK packet. */
  readonly status: number;
  readonly isClientCompressed: boolean;
  readonly isBackendCompressed: boolean;
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
  /** The tidb-server takes no clients. */
  blameBackend(why: string): void;
  /** Another tidb-server is to take the login, and greets next. @returns false: there is none. */
  changeBackend(): boolean;
  /** Why the client must not send its password itself, now that it may have TLS; undefined: it may. */
  passwordRefusal(): SqlError | undefined;
  /** TiDB has let the user in. @returns why he is refused all the same; undefined: {@link done} follows. */
  admit(user: string): SqlError | undefined;
  done(login: Login): void;
  /** The login cannot go on: these bytes are the last ones for the client. */
  end(last: Uint8Array, reason: Error): void;
}

/** TLS and compression as they are configured on the two sides. */
export interface HandshakeSettings {
  readonly isTlsOffered: boolean;
  readonly isTlsDemanded: boolean;
  readonly backendCompression: BackendCompression;
}

/** Relays one login. */
export class HandshakeRelay {
  readonly #ports: HandshakePorts;
  readonly #settings: HandshakeSettings;
  readonly #fromClient = new PacketSplitter('client', limits.handshakeBytes);
  #fromBackend = new PacketSplitter('tidb', limits.handshakeBytes);
  #phase: 'greeting' | 'response' | 'securing' | 'auth' | 'refused' | 'ended' = 'greeting';
  #greeting: GreetingHead | undefined;
  #response: ResponseIdentity | undefined;
  /** The response as the client sent it: another server may need it. */
  #kept: Uint8Array | undefined;
  /** The response as it goes to the tidb-server. */
  #forwarded: Uint8Array | undefined;
  /** What the client has been offered; undefined: it has not been greeted. */
  #offered: number | undefined;
  #greetedId = 0;
  #isClientSecure = false;
  #isBackendCompressed = false;
  #hasMoved = false;
  /** Whether the tidb-server has answered the response. */
  #hasAnswered = false;
  #errno = 0;

  constructor(ports: HandshakePorts, settings: HandshakeSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Who the client says it is; undefined: it has not said yet. */
  get user(): string | undefined {
    return this.#response?.user;
  }

  /** Of the error that the client has been told; 0: none. */
  get errno(): number {
    return this.#errno;
  }

  /** @param bytes - lent. */
  receiveFromBackend(bytes: Uint8Array): void {
    this.#fromBackend.feed(bytes);
    this.#pump(this.#fromBackend, (message) => this.#backendMessage(message));
  }

  /** @param bytes - lent. */
  receiveFromClient(bytes: Uint8Array): void {
    this.#fromClient.feed(bytes);
    // It is ahead of the server, most likely because the login moves to another one.
    if (this.#phase !== 'greeting') this.#pumpClient();
    else if (this.#fromClient.pendingBytes > limits.handshakeBytes)
      this.fail(badHandshake('too much, too early'));
  }

  #pumpClient(): void {
    this.#pump(this.#fromClient, (message) => this.#clientMessage(message));
  }

  /** TLS stands on tidb-server's side: the response can go. */
  backendSecured(): void {
    if (this.#phase !== 'securing' || this.#forwarded === undefined) return;
    this.#phase = 'auth';
    this.#ports.toBackend(framePayload(2, this.#forwarded));
  }

  /** The tidb-server will send no more. */
  backendGone(error: Error | undefined): void {
    if (this.#phase === 'ended' || this.#phase === 'refused') return;
    const why = error === undefined ? 'it closed the connection' : error.message;
    // That it goes when it has seen the response may be the response's doing.
    if (this.#response === undefined) this.#ports.blameBackend(why);
    if (!this.#move()) this.fail(serverGoneAtLogin(why));
  }

  /** Gives the login up. */
  fail(error: SqlError): void {
    const isFirst = this.#offered === undefined;
    this.#finish(isFirst ? framedErrForGreeting(error) : framedErr(this.#answerSequence, error), error);
  }

  /** How much higher sequence ids are on the client's side than on tidb-server's. */
  get #shift(): number {
    return Number(this.#isClientSecure) - Number(this.#settings.isTlsDemanded);
  }

  /** Sequence id of an answer of our own to the client. */
  get #answerSequence(): number {
    return this.#offered === undefined ? 0 : 2 + Number(this.#isClientSecure);
  }

  /** Begins again with another server, if that can be done and there is one. */
  #move(): boolean {
    const canSwitch =
      this.#response === undefined || hasCapability(this.#response.capabilities, Capability.pluginAuth);
    if (this.#hasAnswered || !canSwitch || !this.#ports.changeBackend()) return false;
    this.#fromBackend = new PacketSplitter('tidb', limits.handshakeBytes);
    this.#phase = 'greeting';
    this.#hasMoved = this.#offered !== undefined;
    return true;
  }

  /** The server refuses whoever comes. */
  #refused(message: Message, sequence: number): void {
    this.#ports.blameBackend(`it refuses connections: ${parseErr(message.payload).message}`);
    if (!this.#move()) this.#finish(relabelled(message, sequence));
  }

  #pump(splitter: PacketSplitter, receive: (message: Message) => void): void {
    try {
      // What a server that has been left said last is no business of the next one's.
      while (this.#phase !== 'ended' && (splitter === this.#fromClient || splitter === this.#fromBackend)) {
        const message = splitter.next();
        if (message === undefined) return;
        receive(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(badHandshake(error.message));
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
      this.#refused(message, this.#answerSequence);
      return;
    }
    const greeting = parseGreetingHead(payload);
    if (this.#settings.isTlsDemanded && !hasCapability(greeting.capabilities, Capability.ssl)) {
      this.#ports.blameBackend(backendLacksTls().message);
      if (!this.#move()) this.fail(backendLacksTls());
      return;
    }
    if (this.#offered === undefined) {
      const followed = greeting.capabilities & ~(UNFOLLOWED_CAPABILITIES | Capability.ssl);
      this.#greeting = greeting;
      this.#greetedId = greeting.connectionId;
      this.#offered = followed;
      this.#phase = 'response';
      const tls = this.#settings.isTlsOffered ? Capability.ssl : 0;
      setOffered(payload, greeting, followed | tls | Capability.compress);
      this.#ports.toClient(relabelled(message, sequence));
      this.#pumpClient();
    } else if ((this.#offered & ~greeting.capabilities) !== 0) {
      if (!this.#move()) this.fail(serverGoneAtLogin('the others are not alike'));
    } else {
      this.#greeting = greeting;
      this.#phase = 'response';
      if (this.#kept === undefined) this.#pumpClient();
      else this.#forward(this.#kept);
    }
  }

  #clientMessage(message: Message): void {
    if (this.#phase === 'auth') {
      this.#ports.toBackend(relabelled(message, message.sequence - this.#shift));
    } else if (this.#phase !== 'response') {
      throw new ProtocolError('client', 'a packet before its turn');
    } else if (!this.#isClientSecure && isSslRequest(message.payload)) {
      if (!this.#settings.isTlsOffered) throw new ProtocolError('client', 'TLS was not offered');
      this.#isClientSecure = true;
      this.#ports.upgradeClient(this.#fromClient.rest());
    } else {
      this.#respond(message);
    }
  }

  #respond({ payload }: Message): void {
    this.#kept = Uint8Array.from(payload);
    const response = parseResponseIdentity(payload);
    // Who can do both gets zlib, as from TiDB.
    const compression = response.capabilities & (Capability.compress | Capability.zstdCompression);
    if (compression === Capability.zstdCompression) {
      throw new ProtocolError('client', 'zstd compression was not offered');
    }
    this.#response = response;
    if (this.#hasMoved && !hasCapability(response.capabilities, Capability.pluginAuth)) {
      this.fail(serverGoneAtLogin('the client cannot go to another one'));
      return;
    }
    const isPassword = isPasswordPlugin(response.authPlugin) && response.authDataEnd > response.authDataAt;
    const refusal = isPassword ? this.#ports.passwordRefusal() : undefined;
    if (refusal !== undefined) {
      this.fail(refusal);
      return;
    }
    this.#forward(payload);
  }

  /** @param response - as the client sent it; ours to change. */
  #forward(response: Uint8Array): void {
    const greeting = this.#greeting;
    if (greeting === undefined) return;
    const payload = this.#hasMoved ? askingForAnotherProof(response) : response;
    const unoffered = greeting.capabilities & UNFOLLOWED_CAPABILITIES;
    const ours = Capability.ssl | Capability.compress | Capability.zstdCompression;
    this.#isBackendCompressed =
      this.#wantsCompression && hasCapability(greeting.capabilities, Capability.compress);
    const plain =
      ((this.#response?.capabilities ?? 0) & ~(unoffered | ours)) |
      (this.#isBackendCompressed ? Capability.compress : 0);
    if (this.#settings.isTlsDemanded) {
      setCapabilities(payload, plain | Capability.ssl);
      this.#forwarded = payload;
      this.#phase = 'securing';
      this.#ports.toBackend(framePayload(1, payload.subarray(0, SSL_REQUEST_BYTES)));
      this.#ports.upgradeBackend();
    } else {
      setCapabilities(payload, plain);
      this.#phase = 'auth';
      this.#ports.toBackend(framePayload(1, payload));
    }
  }

  get #isClientCompressed(): boolean {
    return hasCapability(this.#response?.capabilities ?? 0, Capability.compress);
  }

  /** Whether the tidb-server's side is to be compressed, if the server can do it. */
  get #wantsCompression(): boolean {
    const { backendCompression } = this.#settings;
    return backendCompression === 'always' || (backendCompression === 'client' && this.#isClientCompressed);
  }

  #authenticate(message: Message): void {
    const greeting = this.#greeting;
    const response = this.#response;
    const kept = this.#kept;
    if (greeting === undefined || response === undefined || kept === undefined) return;
    const { sequence, payload } = message;
    if (!this.#hasAnswered && payload[0] === ERR_HEADER && REFUSALS.has(parseErr(payload).errno)) {
      this.#refused(message, sequence + this.#shift);
      return;
    }
    this.#hasAnswered = true;
    const refusal = this.#refusalOf(payload, response);
    if (refusal !== undefined) {
      this.#finish(framedErr(sequence + this.#shift, refusal), refusal);
      return;
    }
    this.#ports.toClient(relabelled(message, sequence + this.#shift));
    if (payload[0] === ERR_HEADER) {
      this.#phase = 'refused';
      this.#errno = parseErr(payload).errno;
    }
    if (payload[0] !== OK_HEADER) return;
    this.#phase = 'ended';
    this.#ports.done({
      connectionId: greeting.connectionId,
      greetedId: this.#greetedId,
      response: withoutProof(kept, response),
      user: response.user,
      database: response.database,
      capabilities: greeting.capabilities & response.capabilities & ~UNFOLLOWED_CAPABILITIES,
      status: parseOk(payload).status,
      isClientCompressed: this.#isClientCompressed,
      isBackendCompressed: this.#isBackendCompressed,
      clientRest: this.#fromClient.rest(),
      backendRest: this.#fromBackend.rest(),
    });
  }

  /** Why the client does not get to hear what the server has said. */
  #refusalOf(payload: Uint8Array, { user }: ResponseIdentity): SqlError | undefined {
    if (payload[0] === OK_HEADER) return this.#ports.admit(user);
    return asksForPassword(payload) ? this.#ports.passwordRefusal() : undefined;
  }

  #finish(last: Uint8Array, reason: Error = new ProtocolError('tidb', 'the login was refused')): void {
    this.#phase = 'ended';
    if (last[HEADER_BYTES] === ERR_HEADER) this.#errno = (last[5] ?? 0) | ((last[6] ?? 0) << 8);
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

/** The response with nothing but stars for a proof: it is kept for as long as the session. */
function withoutProof(payload: Uint8Array, { authDataAt, authDataEnd }: ResponseIdentity): Uint8Array {
  return payload.fill(0x2a, authDataAt, authDataEnd);
}

/** The response with a proof that the server cannot read. */
function askingForAnotherProof(payload: Uint8Array): Uint8Array {
  const response = { ...parseHandshakeResponse(payload), authData: NO_BYTES, authPlugin: UNKNOWN_PLUGIN };
  return frame(0, (out) => printHandshakeResponse(response, out)).slice(HEADER_BYTES);
}
