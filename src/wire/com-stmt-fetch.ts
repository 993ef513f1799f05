/**
 * COM_STMT_FETCH: the next rows of a cursor. Its answer is rows and an end, without columns.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_fetch.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

/** Fetches rows. */
export interface StmtFetch {
  readonly statementId: number;
  /** At most this many. */
  readonly rows: number;
}

export function printStmtFetch(message: StmtFetch, out: ByteWriter): void {
  out.u8(Command.stmtFetch).u32le(message.statementId).u32le(message.rows);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseStmtFetch(payload: Uint8Array): StmtFetch {
  const reader = new PayloadReader(payload, 'client', 'COM_STMT_FETCH');
  reader.expect(Command.stmtFetch);
  const message = { statementId: reader.u32(), rows: reader.u32() };
  reader.end();
  return message;
}
