/**
 * The client's answer to the greeting: who it is, what it can do, and a first proof of its password.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { fromUtf8 } from '../base/bytes.js';
import { Capability } from './capability.js';
import {
  type ConnectAttributes,
  printConnectAttributes,
  readConnectAttributes,
} from './connect-attributes.js';
import { writeLenencBytes, writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';
import { type ResponseHeader, printResponseHeader, readResponseHeader } from './ssl-request.js';

/** A handshake response of protocol 4.1. Parts whose capability is not set are undefined. */
export interface HandshakeResponse extends ResponseHeader {
  readonly user: string;
  readonly authData: Uint8Array;
  readonly database: string | undefined;
  readonly authPlugin: string | undefined;
  readonly attributes: ConnectAttributes | undefined;
  readonly zstdLevel: number | undefined;
}

export function printHandshakeResponse(response: HandshakeResponse, out: ByteWriter): void {
  const { capabilities, authData } = response;
  printResponseHeader(response, out);
  writeNulText(out, response.user);
  if ((capabilities & Capability.pluginAuthLenencData) !== 0) {
    writeLenencBytes(out, authData);
  } else if ((capabilities & Capability.secureConnection) !== 0) {
    assert(authData.length <= 0xff, `authentication data of ${authData.length} bytes needs a longer length`);
    out.u8(authData.length).bytes(authData);
  } else {
    assert(!authData.includes(0), 'authentication data ends at its first zero byte');
    out.bytes(authData).u8(0);
  }
  if ((capabilities & Capability.connectWithDb) !== 0) writeNulText(out, response.database ?? '');
  if ((capabilities & Capability.pluginAuth) !== 0) writeNulText(out, response.authPlugin ?? '');
  if ((capabilities & Capability.connectAttributes) !== 0) {
    printConnectAttributes(response.attributes ?? [], out);
  }
  if ((capabilities & Capability.zstdCompression) !== 0) out.u8(response.zstdLevel ?? 0);
}

/**
 * Reads a response as kindly as servers do: clients exist that announce a part and then leave it out at the end.
 *
 * @throws ProtocolError — on malformed bytes, or a client older than protocol 4.1.
 */
export function parseHandshakeResponse(payload: Uint8Array): HandshakeResponse {
  const reader = new PayloadReader(payload, 'client', 'handshake response');
  const header = readResponseHeader(reader);
  const has = (capability: number): boolean => (header.capabilities & capability) !== 0;
  const user = reader.nulText();
  const authData = readAuthData(reader, has);
  const hasNext = (capability: number): boolean => has(capability) && reader.left > 0;
  return {
    ...header,
    user,
    authData,
    database: hasNext(Capability.connectWithDb) ? reader.nulText() : undefined,
    authPlugin: hasNext(Capability.pluginAuth) ? readLastText(reader) : undefined,
    attributes: hasNext(Capability.connectAttributes) ? readConnectAttributes(reader) : undefined,
    zstdLevel: hasNext(Capability.zstdCompression) ? reader.u8() : undefined,
  };
}

/** What a relay needs of a response. */
export interface ResponseIdentity {
  readonly capabilities: number;
  readonly user: string;
  readonly database: string | undefined;
  readonly authPlugin: string | undefined;
  /** Where the proof lies in the payload. */
  readonly authDataAt: number;
  readonly authDataEnd: number;
}

/** Reads no more of a response than a relay needs. @throws ProtocolError — if it is malformed as far as that. */
export function parseResponseIdentity(payload: Uint8Array): ResponseIdentity {
  const reader = new PayloadReader(payload, 'client', 'handshake response');
  const { capabilities } = readResponseHeader(reader);
  const has = (capability: number): boolean => (capabilities & capability) !== 0;
  const user = reader.nulText();
  const authData = readAuthData(reader, has);
  const authDataAt = authData.byteOffset - payload.byteOffset;
  const authDataEnd = authDataAt + authData.length;
  const database = has(Capability.connectWithDb) && reader.left > 0 ? reader.nulText() : undefined;
  const authPlugin = has(Capability.pluginAuth) && reader.left > 0 ? readLastText(reader) : undefined;
  return { capabilities, user, database, authPlugin, authDataAt, authDataEnd };
}

/** Changes, in place, the capabilities of a response (or SSLRequest), and nothing else. */
export function setCapabilities(payload: Uint8Array, capabilities: number): void {
  payload[0] = capabilities & 0xff;
  payload[1] = (capabilities >>> 8) & 0xff;
  payload[2] = (capabilities >>> 16) & 0xff;
  payload[3] = capabilities >>> 24;
}

function readAuthData(reader: PayloadReader, has: (capability: number) => boolean): Uint8Array {
  if (has(Capability.pluginAuthLenencData)) return reader.lenencBytes();
  if (has(Capability.secureConnection)) return reader.bytes(reader.u8());
  return reader.nulBytes();
}

/** Text up to a zero byte, or to the end where the zero byte is missing. */
function readLastText(reader: PayloadReader): string {
  const rest = reader.rest();
  const end = rest.indexOf(0);
  if (end < 0) return fromUtf8(rest);
  reader.back(rest.length - end - 1);
  return fromUtf8(rest.subarray(0, end));
}
