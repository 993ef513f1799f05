/** The bytes of a client's statement as text. */
import { SqlError } from '../../base/errors.js';

/** Character sets whose statements this program can read. */
const DECODERS: Readonly<Record<string, BufferEncoding>> = {
  utf8mb4: 'utf8',
  utf8: 'utf8',
  utf8mb3: 'utf8',
  ascii: 'latin1',
  latin1: 'latin1',
  binary: 'utf8',
};

/** @param characterSet - the session's `character_set_client`. @throws SqlError 1235 — it is one that we cannot read. */
export function statementText(bytes: Uint8Array, characterSet: string): string {
  const encoding = DECODERS[characterSet.toLowerCase()];
  if (encoding === undefined) {
    throw new SqlError(
      1235,
      '42000',
      `TiView does not read statements in ${characterSet}: SET NAMES utf8mb4 first`,
    );
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
}
