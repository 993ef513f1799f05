/**
 * AuthMoreData: a further step of a plugin's own exchange (caching_sha2_password: 3 = accepted, 4 = send the
 * password itself).
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_more_data.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { PayloadReader } from './payload-reader.js';

/** First byte. */
export const AUTH_MORE_DATA_HEADER = 0x01;

export function printAuthMoreData(data: Uint8Array, out: ByteWriter): void {
  out.u8(AUTH_MORE_DATA_HEADER).bytes(data);
}

/** @returns the plugin's data. @throws ProtocolError — on malformed bytes. */
export function parseAuthMoreData(payload: Uint8Array): Uint8Array {
  const reader = new PayloadReader(payload, 'tidb', 'AuthMoreData');
  reader.expect(AUTH_MORE_DATA_HEADER);
  return reader.rest();
}
