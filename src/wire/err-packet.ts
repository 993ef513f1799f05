/**
 * ERR: a command failed. Before capabilities are agreed upon (in the place of the greeting) it has no SQL state.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
 */
import { assert } from '../base/assert.js';
import type { ByteWriter } from '../base/byte-writer.js';
import { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';

/** First byte. No row and no column definition begins with it. */
export const ERR_HEADER = 0xff;

const STATE_MARKER = 0x23;
const SQL_STATE = /^[0-9A-Z]{5}$/;

/** An ERR packet. */
export interface ErrPacket {
  readonly errno: number;
  /** Five characters; empty where the packet carries none. */
  readonly sqlState: string;
  readonly message: string;
}

export function printErr(err: ErrPacket, out: ByteWriter): void {
  out.u8(ERR_HEADER).u16le(err.errno);
  if (err.sqlState !== '') {
    assert(SQL_STATE.test(err.sqlState), `'${err.sqlState}' is no SQL state`);
    out.u8(STATE_MARKER).utf8(err.sqlState);
  }
  out.utf8(err.message);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseErr(payload: Uint8Array): ErrPacket {
  const reader = new PayloadReader(payload, 'tidb', 'ERR packet');
  reader.expect(ERR_HEADER);
  const errno = reader.u16();
  if (payload[3] !== STATE_MARKER) return { errno, sqlState: '', message: reader.restText() };
  reader.skip(1);
  const sqlState = Buffer.from(reader.bytes(5)).toString('latin1');
  if (!SQL_STATE.test(sqlState)) throw new ProtocolError('tidb', 'malformed ERR packet: no SQL state');
  return { errno, sqlState, message: reader.restText() };
}
