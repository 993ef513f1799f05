/** ADMIN CHECK TABLE: every row has its index entries, and every index entry its row. */
import { equalBytes, keyString, toHex } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import type { TableVersion } from '../../catalog/table-version.js';
import { decodeTableKey, tableRange } from '../../codec/table-keys.js';
import type { SchemaTable } from './schema.js';
import type { StorageTransaction } from './storage-transaction.js';
import { TableWriter, readRows } from './table-rows.js';

/** @throws SqlError 8223 — they are not as they should be. */
export async function checkTable(
  { version }: SchemaTable,
  transaction: StorageTransaction,
  signal: AbortSignal,
): Promise<void> {
  const writer = new TableWriter(version, transaction);
  const rows = await readRows(version, writer.columnIds, transaction, signal);
  const wanted = new Map(
    rows.flatMap((row) =>
      writer.changes(undefined, row).map(({ key, value }) => [keyString(key), value] as const),
    ),
  );
  const found = await transaction.scan(tableRange(version.id), signal);
  for (const { key, value } of found) {
    if (isLeftOver(key, version)) continue;
    const should = wanted.get(keyString(key));
    // Rows may be stored in an older form; entries of an index have but one.
    const isSame = should !== undefined && (isRecord(key) || equalBytes(should, value));
    if (!isSame) throw inconsistent(version.info.name.original, key);
    wanted.delete(keyString(key));
  }
  const [missing] = wanted.keys();
  if (missing !== undefined) throw inconsistent(version.info.name.original, Buffer.from(missing, 'latin1'));
}

/** Entries of a dropped index stay where they are. */
function isLeftOver(key: Uint8Array, { info }: TableVersion): boolean {
  const place = decodeTableKey(key);
  return place.kind === 'index' && !info.indexes.some(({ id }) => id === place.indexId);
}

function isRecord(key: Uint8Array): boolean {
  return decodeTableKey(key).kind === 'record';
}

function inconsistent(table: string, key: Uint8Array): SqlError {
  return new SqlError(8223, 'HY000', `data inconsistency in table: ${table}, key: ${toHex(key)}`);
}
