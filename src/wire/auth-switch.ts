/**
 * AuthSwitchRequest: the server wants another authentication plugin than the client began with. The client answers
 * with that plugin's data, bare.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { NO_BYTES } from '../base/bytes.js';
import { writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** First byte. */
export const AUTH_SWITCH_HEADER = 0xfe;

const OLD_PLUGIN = 'mysql_old_password';

/** A request to authenticate by another plugin. */
export interface AuthSwitch {
  readonly authPlugin: string;
  /** The salt, as sent (usually with a closing zero byte). */
  readonly authData: Uint8Array;
}

export function printAuthSwitch(request: AuthSwitch, out: ByteWriter): void {
  out.u8(AUTH_SWITCH_HEADER);
  writeNulText(out, request.authPlugin);
  out.bytes(request.authData);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseAuthSwitch(payload: Uint8Array): AuthSwitch {
  const reader = new PayloadReader(payload, 'tidb', 'AuthSwitchRequest');
  reader.expect(AUTH_SWITCH_HEADER);
  if (reader.left === 0) return { authPlugin: OLD_PLUGIN, authData: NO_BYTES };
  return { authPlugin: reader.nulText(), authData: reader.rest() };
}
