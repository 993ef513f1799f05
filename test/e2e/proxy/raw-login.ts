/**
 * Logs a RawClient in by whatever plugin the server asks for, as libmysql would: proofs made here, by Node's own hashes,
 * the password itself only over TLS.
 */
import { createHash } from 'node:crypto';
import { NO_BYTES, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { parseAuthSwitch } from '../../../src/wire/auth-switch.js';
import { Capability } from '../../../src/wire/capability.js';
import type { ConnectAttributes } from '../../../src/wire/connect-attributes.js';
import type { Greeting } from '../../../src/wire/greeting.js';
import { type HandshakeResponse, printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';
import { printResponseHeader } from '../../../src/wire/ssl-request.js';

/** Who logs in, and how. */
export interface RawLogin {
  readonly user: string;
  readonly password: string;
  /** Bits of {@link Capability}, without `ssl`. */
  readonly capabilities: number;
  /** What the client begins with. */
  readonly plugin: string;
  readonly database?: string;
  readonly attributes?: ConnectAttributes;
  /** PEM of the CA of the server's certificate, and perhaps a certificate of the client's; undefined: no TLS. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

/** What a login needs of its connection. */
export interface LoginChannel {
  readonly isSecure: boolean;
  /** The next message and its sequence id. @throws at the end. */
  message(): Promise<{ readonly sequence: number; readonly payload: Uint8Array }>;
  write(bytes: Uint8Array): void;
  secure(): Promise<void>;
}

/** The server has refused, in these bytes. */
export class LoginRefused extends Error {
  readonly payload: Uint8Array;

  constructor(payload: Uint8Array) {
    super(`login failed: ${Buffer.from(payload).toString('latin1')}`);
    this.payload = payload;
  }
}

/** Logs in, after the greeting. @returns the payload of OK. @throws LoginRefused. */
export async function logIn(channel: LoginChannel, greeting: Greeting, login: RawLogin): Promise<Uint8Array> {
  const capabilities = login.capabilities | (login.tls === undefined ? 0 : Capability.ssl);
  const response: HandshakeResponse = {
    ...{ capabilities, maxPacketBytes: 1 << 24, collation: 45, user: login.user, database: login.database },
    ...{
      authData: proof(login, login.plugin, greeting.authData, channel.isSecure),
      authPlugin: login.plugin,
    },
    ...{ attributes: login.attributes, zstdLevel: undefined },
  };
  let sequence = 1;
  if (login.tls !== undefined) {
    channel.write(frame(sequence++, (out) => printResponseHeader(response, out)));
    await channel.secure();
  }
  channel.write(frame(sequence, (out) => printHandshakeResponse(response, out)));
  for (;;) {
    const { payload, sequence: last } = await channel.message();
    if (payload[0] === 0) return payload;
    if (payload[0] === 0xff) throw new LoginRefused(payload);
    const answer = reply(login, payload, channel.isSecure);
    if (answer !== undefined) channel.write(framePayload(last + 1, answer));
  }
}

/** What a client answers to a server's message; undefined: nothing. */
export function reply(login: RawLogin, payload: Uint8Array, isSecure: boolean): Uint8Array | undefined {
  if (payload[0] === 0xfe) {
    const { authPlugin, authData } = parseAuthSwitch(payload);
    return proof(login, authPlugin, authData, isSecure);
  }
  if (payload[0] === 1 && payload[1] === 4) return isSecure ? utf8(`${login.password}\0`) : Uint8Array.of(2);
  if (payload[0] === 1 && payload[1] === 3) return undefined;
  throw new Error(`what does ${Buffer.from(payload).toString('hex')} want?`);
}

function proof({ password }: RawLogin, plugin: string, salt: Uint8Array, isSecure: boolean): Uint8Array {
  if (password === '') return NO_BYTES;
  switch (plugin) {
    case 'mysql_native_password':
      return scrambled('sha1', password, salt, (inner, nonce) => concatBytes(nonce, inner));
    case 'caching_sha2_password':
      return scrambled('sha256', password, salt, (inner, nonce) => concatBytes(inner, nonce));
    case 'tidb_sm3_password':
      return scrambled('sm3', password, salt, (inner, nonce) => concatBytes(inner, nonce));
    case 'mysql_clear_password':
      if (!isSecure) throw new Error('a password in clear, without TLS');
      return utf8(`${password}\0`);
    default:
      throw new Error(`no proof for ${plugin}`);
  }
}

/** hash(password) xor hash(of its double hash and the salt). */
function scrambled(
  algorithm: string,
  password: string,
  salt: Uint8Array,
  order: (doubleHash: Uint8Array, nonce: Uint8Array) => Uint8Array,
): Uint8Array {
  const hash = (bytes: Uint8Array): Uint8Array => createHash(algorithm).update(bytes).digest();
  const once = hash(utf8(password));
  const mask = hash(order(hash(once), salt.subarray(0, 20)));
  return once.map((byte, i) => byte ^ (mask[i] ?? 0));
}
