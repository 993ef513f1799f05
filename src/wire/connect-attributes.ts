/**
 * Connection attributes: what a client says about itself (`_client_name`, `program_name`, …).
 *
 * @see https://dev.mysql.com/doc/refman/8.4/en/performance-schema-connection-attribute-tables.html
 */
import { ByteWriter } from '../base/byte-writer.js';
import { writeLenencBytes, writeLenencText } from './length-encoding.js';
import { PayloadReader } from './payload-reader.js';

/** Names and values, in the order sent. */
export type ConnectAttributes = readonly (readonly [name: string, value: string])[];

/** Prints the attributes with their total length before them. */
export function printConnectAttributes(attributes: ConnectAttributes, out: ByteWriter): void {
  const list = new ByteWriter();
  for (const [name, value] of attributes) {
    writeLenencText(list, name);
    writeLenencText(list, value);
  }
  writeLenencBytes(out, list.view());
}

/** @throws ProtocolError — when the list does not end where its length says. */
export function readConnectAttributes(reader: PayloadReader): ConnectAttributes {
  const list = new PayloadReader(reader.lenencBytes(), 'client', 'connection attributes');
  const attributes: [string, string][] = [];
  while (list.left > 0) attributes.push([list.lenencText(), list.lenencText()]);
  return attributes;
}
