/**
 * LOCAL INFILE request: the server asks the client for a file's contents, which come as packets and end with an
 * empty one; then the server answers the statement.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_local_infile_request.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { PayloadReader } from './payload-reader.js';

/** First byte. */
export const LOCAL_INFILE_HEADER = 0xfb;

export function printLocalInfile(fileName: string, out: ByteWriter): void {
  out.u8(LOCAL_INFILE_HEADER).utf8(fileName);
}

/** @returns the file's name. @throws ProtocolError — on malformed bytes. */
export function parseLocalInfile(payload: Uint8Array): string {
  const reader = new PayloadReader(payload, 'tidb', 'LOCAL INFILE request');
  reader.expect(LOCAL_INFILE_HEADER);
  return reader.restText();
}
