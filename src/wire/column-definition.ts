/**
 * Column definition: one column of a result set, one parameter of a prepared statement, or one answer of
 * COM_FIELD_LIST.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html
 */
import type { ByteWriter } from '../base/byte-writer.js';
import { writeLenencText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** Bytes of the fixed-length part, which the packet says itself. */
const FIXED_BYTES = 0x0c;

/** Low byte of the collation id of binary strings and of everything that is no text. */
export const BINARY_COLLATION = 63;

/** Collation id of utf8mb4_bin, TiDB's default. */
export const UTF8MB4_BIN_COLLATION = 46;

/** A column as result metadata describes it. */
export interface ColumnDefinition {
  readonly schema: string;
  /** Alias of the table. */
  readonly table: string;
  readonly orgTable: string;
  /** Alias of the column. */
  readonly name: string;
  readonly orgName: string;
  readonly collation: number;
  /** Display length in bytes. */
  readonly length: number;
  /** One of codec/field-type.ts' MysqlType. */
  readonly type: number;
  /** Bits of codec/field-type.ts' FieldFlag. */
  readonly flags: number;
  readonly decimals: number;
}

export function printColumnDefinition(column: ColumnDefinition, out: ByteWriter): void {
  writeLenencText(out, 'def');
  writeLenencText(out, column.schema);
  writeLenencText(out, column.table);
  writeLenencText(out, column.orgTable);
  writeLenencText(out, column.name);
  writeLenencText(out, column.orgName);
  out.u8(FIXED_BYTES).u16le(column.collation).u32le(column.length).u8(column.type);
  out.u16le(column.flags).u8(column.decimals).u16le(0);
}

/** @throws ProtocolError — on malformed bytes. */
export function parseColumnDefinition(payload: Uint8Array): ColumnDefinition {
  const reader = new PayloadReader(payload, 'tidb', 'column definition');
  if (reader.lenencText() !== 'def') throw reader.malformed("its catalog is not 'def'");
  const schema = reader.lenencText();
  const table = reader.lenencText();
  const orgTable = reader.lenencText();
  const name = reader.lenencText();
  const orgName = reader.lenencText();
  reader.expect(FIXED_BYTES);
  const column = {
    schema,
    table,
    orgTable,
    name,
    orgName,
    collation: reader.u16(),
    length: reader.u32(),
    type: reader.u8(),
    flags: reader.u16(),
    decimals: reader.u8(),
  };
  // What follows two reserved bytes is a default value, in answers to COM_FIELD_LIST only.
  reader.skip(2);
  return column;
}
