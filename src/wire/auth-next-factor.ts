/**
 * AuthNextFactor: one factor of a multi-factor login is accepted, the next one is wanted.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_next_factor_request.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import type { AuthSwitch } from './auth-switch.js';
import { writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** First byte. */
export const AUTH_NEXT_FACTOR_HEADER = 0x02;

export function printAuthNextFactor(request: AuthSwitch, out: ByteWriter): void {
  out.u8(AUTH_NEXT_FACTOR_HEADER);
  writeNulText(out, request.authPlugin);
  out.bytes(request.authData);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseAuthNextFactor(payload: Uint8Array): AuthSwitch {
  const reader = new PayloadReader(payload, 'tidb', 'AuthNextFactor');
  reader.expect(AUTH_NEXT_FACTOR_HEADER);
  return { authPlugin: reader.nulText(), authData: reader.rest() };
}
