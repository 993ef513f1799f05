/**
 * SSLRequest: the beginning of a handshake response, sent alone and in clear; TLS follows, then the whole response.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Capability } from './capability.js';
import { PayloadReader } from './payload-reader.js';

/** Payload bytes: exactly the part that a handshake response begins with. */
export const SSL_REQUEST_BYTES = 32;

const RESERVED_BYTES = 23;

/** What a handshake response begins with. */
export interface ResponseHeader {
  /** Bits of {@link Capability} that the client wants. */
  readonly capabilities: number;
  /** The longest message the client takes. */
  readonly maxPacketBytes: number;
  /** Low byte of a collation's id. */
  readonly collation: number;
}

/** Whether a client's first packet is an SSLRequest rather than a whole response. */
export function isSslRequest(payload: Uint8Array): boolean {
  return payload.length === SSL_REQUEST_BYTES && (payload[1]! & (Capability.ssl >>> 8)) !== 0;
}

/** Prints the header; an SSLRequest is nothing else. */
export function printResponseHeader(header: ResponseHeader, out: ByteWriter): void {
  out.u32le(header.capabilities).u32le(header.maxPacketBytes).u8(header.collation).fill(0, RESERVED_BYTES);
}

/** @throws ProtocolError — on malformed bytes, or a client older than protocol 4.1. */
export function readResponseHeader(reader: PayloadReader): ResponseHeader {
  const capabilities = reader.u32();
  if ((capabilities & Capability.protocol41) === 0) throw reader.malformed('the client lacks protocol 4.1');
  const header = { capabilities, maxPacketBytes: reader.u32(), collation: reader.u8() };
  reader.skip(RESERVED_BYTES);
  return header;
}

/** @throws ProtocolError — on malformed bytes. */
export function parseSslRequest(payload: Uint8Array): ResponseHeader {
  const reader = new PayloadReader(payload, 'client', 'SSLRequest');
  const header = readResponseHeader(reader);
  reader.end();
  return header;
}
