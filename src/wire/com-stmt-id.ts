/**
 * The commands that name a prepared statement and say nothing else: COM_STMT_CLOSE (without an answer),
 * COM_STMT_RESET.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_close.html
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_reset.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

/** Closes or resets a prepared statement. */
export interface StatementCommand {
  readonly command: typeof Command.stmtClose | typeof Command.stmtReset;
  readonly statementId: number;
}

export function printStatementCommand(message: StatementCommand, out: ByteWriter): void {
  out.u8(message.command).u32le(message.statementId);
}

/** @throws ProtocolError — on malformed bytes or another command. */
export function parseStatementCommand(payload: Uint8Array): StatementCommand {
  const reader = new PayloadReader(payload, 'client', 'statement command');
  const command = reader.u8();
  if (command !== Command.stmtClose && command !== Command.stmtReset) {
    throw reader.malformed(`command ${command} is neither COM_STMT_CLOSE nor COM_STMT_RESET`);
  }
  const statementId = reader.u32();
  reader.end();
  return { command, statementId };
}
