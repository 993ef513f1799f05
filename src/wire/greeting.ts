/**
 * The server's greeting, protocol version 10: the first packet of a connection, with the salt for the password.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { concatBytes } from '../base/bytes.js';
import { Capability } from './capability.js';
import { writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

const PROTOCOL_VERSION = 10;
const SALT_PART_1_BYTES = 8;
const SALT_PART_2_BYTES_MIN = 13;
const RESERVED_BYTES = 10;

/** The server's greeting. */
export interface Greeting {
  readonly serverVersion: string;
  /** What KILL takes. */
  readonly connectionId: number;
  /** The salt, with its closing zero byte. */
  readonly authData: Uint8Array;
  /** Bits of {@link Capability} that the server offers. */
  readonly capabilities: number;
  /** Low byte of the default collation's id. */
  readonly collation: number;
  /** Bits of {@link ServerStatus}. */
  readonly status: number;
  /** What `authData` is for; empty without the capability pluginAuth. */
  readonly authPlugin: string;
}

export function printGreeting(greeting: Greeting, out: ByteWriter): void {
  const { authData, capabilities } = greeting;
  assert(authData.length >= SALT_PART_1_BYTES + SALT_PART_2_BYTES_MIN, `salt of ${authData.length} bytes`);
  out.u8(PROTOCOL_VERSION);
  writeNulText(out, greeting.serverVersion);
  out.u32le(greeting.connectionId).bytes(authData.subarray(0, SALT_PART_1_BYTES)).u8(0);
  out.u16le(capabilities & 0xffff).u8(greeting.collation);
  out.u16le(greeting.status).u16le(capabilities >>> 16);
  const hasPlugin = (capabilities & Capability.pluginAuth) !== 0;
  out
    .u8(hasPlugin ? authData.length : 0)
    .fill(0, RESERVED_BYTES)
    .bytes(authData.subarray(SALT_PART_1_BYTES));
  if (hasPlugin) writeNulText(out, greeting.authPlugin);
}

/** @throws ProtocolError — on malformed bytes, or a greeting of protocol 3.20 to 4.0. */
export function parseGreeting(payload: Uint8Array): Greeting {
  const reader = new PayloadReader(payload, 'tidb', 'greeting');
  reader.expect(PROTOCOL_VERSION);
  const serverVersion = reader.nulText();
  const connectionId = reader.u32();
  const part1 = reader.bytes(SALT_PART_1_BYTES);
  reader.skip(1);
  const low = reader.u16();
  const collation = reader.u8();
  const status = reader.u16();
  const capabilities = (low | (reader.u16() << 16)) >>> 0;
  if ((capabilities & Capability.protocol41) === 0) throw reader.malformed('it does not offer protocol 4.1');
  const authDataBytes = reader.u8();
  reader.skip(RESERVED_BYTES);
  const part2 = reader.bytes(Math.max(SALT_PART_2_BYTES_MIN, authDataBytes - SALT_PART_1_BYTES));
  // Some servers leave out the last string's zero byte.
  const authPlugin =
    (capabilities & Capability.pluginAuth) === 0 ? '' : reader.restText().replace(/\0.*$/s, '');
  return {
    serverVersion,
    connectionId,
    authData: concatBytes(part1, part2),
    capabilities,
    collation,
    status,
    authPlugin,
  };
}

/** What a relay needs of a greeting, and where the capabilities lie in it. */
export interface GreetingHead {
  readonly connectionId: number;
  readonly capabilities: number;
  /** Positions in the payload: of the low and the high two bytes. */
  readonly lowAt: number;
  readonly highAt: number;
}

/** Reads no more of a greeting than a relay needs. @throws ProtocolError — as {@link parseGreeting}. */
export function parseGreetingHead(payload: Uint8Array): GreetingHead {
  const reader = new PayloadReader(payload, 'tidb', 'greeting');
  reader.expect(PROTOCOL_VERSION);
  reader.nulBytes();
  const connectionId = reader.u32();
  reader.skip(SALT_PART_1_BYTES + 1);
  const lowAt = reader.at;
  const low = reader.u16();
  reader.skip(1 + 2);
  const highAt = reader.at;
  const capabilities = (low | (reader.u16() << 16)) >>> 0;
  if ((capabilities & Capability.protocol41) === 0) throw reader.malformed('it does not offer protocol 4.1');
  return { connectionId, capabilities, lowAt, highAt };
}

/** Changes, in place, what a greeting offers, and nothing else. */
export function setOffered(payload: Uint8Array, head: GreetingHead, capabilities: number): void {
  payload[head.lowAt] = capabilities & 0xff;
  payload[head.lowAt + 1] = (capabilities >>> 8) & 0xff;
  payload[head.highAt] = (capabilities >>> 16) & 0xff;
  payload[head.highAt + 1] = capabilities >>> 24;
}
