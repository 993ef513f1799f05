/**
 * COM_STMT_EXECUTE, as far as it can be read without knowing the statement: parameters' count is not in it.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

/** Bits of {@link StmtExecute.cursor}. */
export const Cursor = { none: 0, readOnly: 1, forUpdate: 2, scrollable: 4 } as const;

/** Runs a prepared statement. */
export interface StmtExecute {
  readonly statementId: number;
  /** Bits of {@link Cursor}. */
  readonly cursor: number;
  /** Null bitmap, types and values of the parameters; empty if there are none. Lent when parsed. */
  readonly parameters: Uint8Array;
}

export function printStmtExecute(message: StmtExecute, out: ByteWriter): void {
  out.u8(Command.stmtExecute).u32le(message.statementId).u8(message.cursor);
  out.u32le(1).bytes(message.parameters);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseStmtExecute(payload: Uint8Array): StmtExecute {
  const reader = new PayloadReader(payload, 'client', 'COM_STMT_EXECUTE');
  reader.expect(Command.stmtExecute);
  const statementId = reader.u32();
  const cursor = reader.u8();
  // The iteration count, always 1.
  reader.skip(4);
  return { statementId, cursor, parameters: reader.rest() };
}
