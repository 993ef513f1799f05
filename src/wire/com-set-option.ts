/**
 * COM_SET_OPTION: switches multi-statements on (0) or off (1) for the connection. Answered by EOF.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_set_option.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

export function printSetOption(option: number, out: ByteWriter): void {
  out.u8(Command.setOption).u16le(option);
}

/** @returns the option. @throws ProtocolError — on malformed bytes. */
export function parseSetOption(payload: Uint8Array): number {
  const reader = new PayloadReader(payload, 'client', 'COM_SET_OPTION');
  reader.expect(Command.setOption);
  const option = reader.u16();
  reader.end();
  return option;
}
