/**
 * COM_FIELD_LIST: the columns of a table whose names match a pattern, as definitions and an end.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_field_list.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { writeNulText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** Asks for the columns of a table. */
export interface FieldList {
  readonly table: string;
  readonly wildcard: string;
}

export function printFieldList(message: FieldList, out: ByteWriter): void {
  out.u8(Command.fieldList);
  writeNulText(out, message.table);
  out.utf8(message.wildcard);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseFieldList(payload: Uint8Array): FieldList {
  const reader = new PayloadReader(payload, 'client', 'COM_FIELD_LIST');
  reader.expect(Command.fieldList);
  return { table: reader.nulText(), wildcard: reader.restText() };
}
