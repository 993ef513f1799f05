/**
 * The commands that are a code and text: COM_QUERY, COM_STMT_PREPARE, COM_INIT_DB.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_init_db.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

/** A command that is nothing but text. */
export interface TextCommand {
  readonly command: typeof Command.query | typeof Command.stmtPrepare | typeof Command.initDb;
  /** In the session's character set; lent when parsed. */
  readonly text: Uint8Array;
}

export function printTextCommand(message: TextCommand, out: ByteWriter): void {
  out.u8(message.command).bytes(message.text);
}

/** @throws ProtocolError — on another command, or none. */
export function parseTextCommand(payload: Uint8Array): TextCommand {
  const reader = new PayloadReader(payload, 'client', 'text command');
  const command = reader.u8();
  if (command !== Command.query && command !== Command.stmtPrepare && command !== Command.initDb) {
    throw reader.malformed(`command ${command} is no text command`);
  }
  return { command, text: reader.rest() };
}
