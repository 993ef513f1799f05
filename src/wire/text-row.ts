/**
 * A row of the text protocol: every value as text, or NULL.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { Lenenc, writeLenencBytes, writeLenencText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** A value as text (printed as UTF-8) or as bytes; null is SQL's NULL. */
export type Cell = string | Uint8Array | null;

export function printTextRow(cells: readonly Cell[], out: ByteWriter): void {
  for (const cell of cells) {
    if (cell === null) out.u8(Lenenc.null);
    else if (typeof cell === 'string') writeLenencText(out, cell);
    else writeLenencBytes(out, cell);
  }
}

/**
 * @param columnCount - cells in the row.
 * @returns the cells' bytes, lent.
 * @throws ProtocolError — on malformed bytes.
 */
export function parseTextRow(payload: Uint8Array, columnCount: number): (Uint8Array | null)[] {
  const reader = new PayloadReader(payload, 'tidb', 'text row');
  const cells: (Uint8Array | null)[] = [];
  for (let i = 0; i < columnCount; i++) cells.push(reader.lenencBytesOrNull());
  reader.end();
  return cells;
}
