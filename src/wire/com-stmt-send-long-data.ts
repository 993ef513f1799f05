/**
 * COM_STMT_SEND_LONG_DATA: a piece of a parameter's value. It has no answer, except that TiDB (unlike MySQL) sends
 * an ERR packet at once when the statement or parameter does not exist.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_send_long_data.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Command } from './command.js';
import { PayloadReader } from './payload-reader.js';

/** Payload bytes before the data; TiDB answers a shorter message with an ERR packet. */
export const SEND_LONG_DATA_BYTES_MIN = 7;

/** A piece of a parameter's value. */
export interface StmtSendLongData {
  readonly statementId: number;
  /** From 0. */
  readonly parameter: number;
  /** Lent when parsed. */
  readonly data: Uint8Array;
}

export function printStmtSendLongData(message: StmtSendLongData, out: ByteWriter): void {
  out.u8(Command.stmtSendLongData).u32le(message.statementId).u16le(message.parameter).bytes(message.data);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseStmtSendLongData(payload: Uint8Array): StmtSendLongData {
  const reader = new PayloadReader(payload, 'client', 'COM_STMT_SEND_LONG_DATA');
  reader.expect(Command.stmtSendLongData);
  return { statementId: reader.u32(), parameter: reader.u16(), data: reader.rest() };
}
