/** What the tests of logins share: packets, and a login between two sides that are only bytes in memory. */
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import type { BackendCompression } from '../../../src/proxy/backend-compression.js';
import { HandshakeRelay, type Login } from '../../../src/proxy/handshake-relay.js';
import { passwordInClear } from '../../../src/proxy/proxy-errors.js';
import { Capability } from '../../../src/wire/capability.js';
import { type Greeting, printGreeting } from '../../../src/wire/greeting.js';
import { printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { plainOk, printOk } from '../../../src/wire/ok-packet.js';
import { frame } from '../../../src/wire/packet-writer.js';

export const greeting: Greeting = {
  serverVersion: '8.0.11-TiDB',
  connectionId: 77,
  authData: utf8('12345678901234567890\0'),
  capabilities: 0xff_ff_ff_ff,
  collation: 46,
  status: 2,
  authPlugin: 'mysql_native_password',
};

export const capabilities =
  Capability.protocol41 | Capability.secureConnection | Capability.pluginAuth | Capability.deprecateEof;

export const greet = (more: Partial<Greeting> = {}): Uint8Array =>
  frame(0, (out) => printGreeting({ ...greeting, ...more }, out));

export const respond = (sequence: number, more = 0, authPlugin = 'mysql_native_password'): Uint8Array =>
  frame(sequence, (out) =>
    printHandshakeResponse(
      {
        ...{
          capabilities: capabilities | more,
          maxPacketBytes: 1 << 24,
          collation: 45,
          user: 'u',
          authData: utf8('proof'),
        },
        ...{ database: undefined, authPlugin, attributes: undefined, zstdLevel: 3 },
      },
      out,
    ),
  );

export const sslRequest = respond(1, Capability.ssl).slice(0, 36);
sslRequest[0] = 32;

/** A login between two sides that are only bytes in memory. */
export class LoginRig {
  readonly relay: HandshakeRelay;
  #events: string[] = [];
  login: Login | undefined;
  /** A user who is refused though TiDB has let him in. */
  refused: string | undefined;
  /** Whether somebody could read the client's password on its way to the server. */
  isPasswordExposed = false;
  /** Servers that are left besides the first. */
  others = 0;

  constructor(isTlsOffered = false, isTlsDemanded = false, backendCompression: BackendCompression = 'never') {
    this.relay = new HandshakeRelay(
      {
        toClient: (bytes) => this.#events.push(`client ${toHex(bytes)}`),
        toBackend: (bytes) => this.#events.push(`backend ${toHex(bytes)}`),
        upgradeClient: (rest) => this.#events.push(`client TLS ${toHex(rest)}`),
        upgradeBackend: () => this.#events.push('backend TLS'),
        blameBackend: (why) => this.#events.push(`blame: ${why}`),
        passwordRefusal: () => (this.isPasswordExposed ? passwordInClear() : undefined),
        admit: (user) => (user === this.refused ? new SqlError(1203, '42000', 'too many') : undefined),
        changeBackend: () => {
          if (this.others-- <= 0) return false;
          this.#events.push('next server');
          return true;
        },
        done: (login) => {
          this.login = login;
          this.#events.push('done');
        },
        end: (last) => this.#events.push(`end ${toHex(last)}`),
      },
      { isTlsOffered, isTlsDemanded, backendCompression },
    );
  }

  client(bytes: Uint8Array): this {
    this.relay.receiveFromClient(bytes);
    return this;
  }

  backend(bytes: Uint8Array): this {
    this.relay.receiveFromBackend(bytes);
    return this;
  }

  /** What has happened since this was last asked. */
  take(): string[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

export const ok = (sequence: number): Uint8Array => frame(sequence, (out) => printOk(plainOk(2), out));
export const fromClient = (event: string | undefined): Uint8Array =>
  fromHex((event ?? '').replace(/^\w+ /, ''));
