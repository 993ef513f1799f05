/**
 * The first packet of the answer to COM_STMT_PREPARE. Definitions of the parameters follow, then of the columns,
 * each list with an EOF packet after it if it is not empty and EOF packets are not deprecated.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { PayloadReader } from './payload-reader.js';

/** Bytes needed to know how many packets follow. */
export const PREPARE_OK_BYTES_MIN = 9;

/** A statement was prepared. */
export interface PrepareOk {
  readonly statementId: number;
  readonly columnCount: number;
  readonly parameterCount: number;
  readonly warnings: number;
}

export function printPrepareOk(ok: PrepareOk, out: ByteWriter): void {
  out.u8(0).u32le(ok.statementId).u16le(ok.columnCount).u16le(ok.parameterCount).u8(0).u16le(ok.warnings);
}

/** @throws ProtocolError — on malformed bytes. */
export function parsePrepareOk(payload: Uint8Array): PrepareOk {
  const reader = new PayloadReader(payload, 'tidb', 'COM_STMT_PREPARE answer');
  reader.expect(0);
  const statementId = reader.u32();
  const columnCount = reader.u16();
  const parameterCount = reader.u16();
  // Servers before 4.1.1 end here.
  if (reader.left > 0) reader.skip(1);
  return { statementId, columnCount, parameterCount, warnings: reader.left > 0 ? reader.u16() : 0 };
}
