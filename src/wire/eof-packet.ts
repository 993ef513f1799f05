/**
 * EOF: the columns or rows of a result have ended (where both sides have not agreed on an OK packet instead).
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_eof_packet.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { PayloadReader } from './payload-reader.js';

/** First byte. A row may begin with it too, if its first cell is 16 MiB or longer: see {@link EOF_BELOW_BYTES}. */
export const EOF_HEADER = 0xfe;

/** A packet beginning with 0xFE is an EOF packet only if its payload is shorter than this. */
export const EOF_BELOW_BYTES = 9;

/** An EOF packet of protocol 4.1. */
export interface EofPacket {
  readonly warnings: number;
  /** Bits of {@link ServerStatus}. */
  readonly status: number;
}

export function printEof(eof: EofPacket, out: ByteWriter): void {
  out.u8(EOF_HEADER).u16le(eof.warnings).u16le(eof.status);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseEof(payload: Uint8Array): EofPacket {
  const reader = new PayloadReader(payload, 'tidb', 'EOF packet');
  reader.expect(EOF_HEADER);
  const eof = { warnings: reader.u16(), status: reader.u16() };
  reader.end();
  return eof;
}
