/**
 * COM_CHANGE_USER: a new login on the same connection. An exchange of authentication packets follows, as after a
 * handshake response.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { Capability } from './capability.js';
import { Command } from './command.js';
import {
  type ConnectAttributes,
  printConnectAttributes,
  readConnectAttributes,
} from './connect-attributes.js';
import { writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** A new login. The later parts may be missing, from the end. */
export interface ChangeUser {
  readonly user: string;
  readonly authData: Uint8Array;
  readonly database: string;
  readonly collation: number | undefined;
  readonly authPlugin: string | undefined;
  readonly attributes: ConnectAttributes | undefined;
}

/** @param capabilities - the connection's. */
export function printChangeUser(message: ChangeUser, capabilities: number, out: ByteWriter): void {
  assert(message.authData.length <= 0xff, `authentication data of ${message.authData.length} bytes`);
  out.u8(Command.changeUser);
  writeNulText(out, message.user);
  out.u8(message.authData.length).bytes(message.authData);
  writeNulText(out, message.database);
  if (message.collation === undefined) return;
  out.u16le(message.collation);
  if (message.authPlugin === undefined || (capabilities & Capability.pluginAuth) === 0) return;
  writeNulText(out, message.authPlugin);
  if (message.attributes === undefined || (capabilities & Capability.connectAttributes) === 0) return;
  printConnectAttributes(message.attributes, out);
}

/**
 * @param capabilities - the connection's.
 * @throws ProtocolError — on malformed bytes.
 */
export function parseChangeUser(payload: Uint8Array, capabilities: number): ChangeUser {
  const reader = new PayloadReader(payload, 'client', 'COM_CHANGE_USER');
  reader.expect(Command.changeUser);
  const user = reader.nulText();
  const authData = reader.bytes(reader.u8());
  const database = reader.nulText();
  const collation = reader.left > 0 ? reader.u16() : undefined;
  const hasNext = (capability: number): boolean => reader.left > 0 && (capabilities & capability) !== 0;
  const authPlugin = hasNext(Capability.pluginAuth) ? reader.nulText() : undefined;
  const attributes = hasNext(Capability.connectAttributes) ? readConnectAttributes(reader) : undefined;
  return { user, authData, database, collation, authPlugin, attributes };
}
