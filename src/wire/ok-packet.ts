/**
 * OK: a command succeeded, or (header 0xFE, where EOF packets are deprecated) a result set has ended.
 *
 * The message is a length-encoded string, whatever the page below says: servers write it so and clients read it so.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { NO_BYTES } from '../base/bytes.js';
import { writeLenencBigint, writeLenencText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** First byte of an OK that answers a command. */
export const OK_HEADER = 0x00;

/** First byte of an OK in the place of an EOF packet. */
export const OK_AS_EOF_HEADER = 0xfe;

/** An OK packet of protocol 4.1. */
export interface OkPacket {
  readonly affectedRows: bigint;
  readonly lastInsertId: bigint;
  /** Bits of {@link ServerStatus}. */
  readonly status: number;
  readonly warnings: number;
  /** Human-readable: `Rows matched: 1  Changed: 1  Warnings: 0`. */
  readonly info: string;
  /** Changes of the session's state, as sent (capability sessionTrack); else empty. */
  readonly sessionState: Uint8Array;
}

/** An OK that says nothing but the status. */
export function plainOk(status: number, affectedRows = 0n): OkPacket {
  return { affectedRows, lastInsertId: 0n, status, warnings: 0, info: '', sessionState: NO_BYTES };
}

/** @param header - {@link OK_HEADER} or {@link OK_AS_EOF_HEADER}. */
export function printOk(ok: OkPacket, out: ByteWriter, header: number = OK_HEADER): void {
  out.u8(header);
  writeLenencBigint(out, ok.affectedRows);
  writeLenencBigint(out, ok.lastInsertId);
  out.u16le(ok.status).u16le(ok.warnings);
  if (ok.info !== '' || ok.sessionState.length > 0) writeLenencText(out, ok.info);
  out.bytes(ok.sessionState);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseOk(payload: Uint8Array): OkPacket {
  const reader = new PayloadReader(payload, 'tidb', 'OK packet');
  const header = reader.u8();
  if (header !== OK_HEADER && header !== OK_AS_EOF_HEADER) throw reader.malformed(`it begins with ${header}`);
  return {
    affectedRows: reader.lenencInt(),
    lastInsertId: reader.lenencInt(),
    status: reader.u16(),
    warnings: reader.u16(),
    info: reader.left > 0 ? reader.lenencText() : '',
    sessionState: reader.rest(),
  };
}
