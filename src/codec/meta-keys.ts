/**
 * The keys under which TiDB keeps its schema: `m`, a name in comparable form, one byte of kind as a comparable uint64
 * and, for hashes, a field in comparable form. Values are JSON or decimal text. All of it is versioned like rows, so
 * it can be read as of any timestamp, and the change feed carries it.
 *
 *     string  SchemaVersionKey            → 1234
 *     hash    DBs / DB:<id>               → DBInfo
 *     hash    DB:<id> / Table:<id>        → TableInfo
 *     hash    DB:<id> / TID:<id>          → the greatest row id given out
 *     string  NextGlobalID                → the greatest id of a database or table given out
 *     string  Diff:<version>              → SchemaDiff: what that version changed
 *
 * @see pingcap/tidb pkg/meta/meta.go, pkg/structure/type.go
 */
import { ByteWriter } from '../base/byte-writer.js';
import { fromUtf8, prefixEnd, utf8 } from '../base/bytes.js';
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import { readComparableBytes, writeComparableBytes } from './memcomparable.js';
import type { KeyRange, TableId } from './table-keys.js';

const M = 0x6d;
const STRING_DATA = 0x73n;
const HASH_DATA = 0x68n;
const DATABASES = 'DBs';
const DATABASE = 'DB';
const TABLE = 'Table';
const SCHEMA_VERSION = 'SchemaVersionKey';

/** All meta data: what a schema feed subscribes to. */
export const META_RANGE: KeyRange = { start: utf8('m'), end: utf8('n') };

/** Counts the schema changes of the cluster. */
export const SCHEMA_VERSION_KEY: Uint8Array = stringKey(SCHEMA_VERSION);

/** The greatest id that a database, table or index partition has been given. */
export const GLOBAL_ID_KEY: Uint8Array = stringKey('NextGlobalID');

/** What a version of the schema changed. */
export function schemaDiffKey(version: bigint): Uint8Array {
  return stringKey(`Diff:${version.toString()}`);
}

/** The greatest AUTO_INCREMENT value or hidden row id that a table's servers may have given out. */
export function rowIdMetaKey(databaseId: number, tableId: TableId): Uint8Array {
  return hashKey(`${DATABASE}:${databaseId}`, `TID:${tableId}`);
}

function writePrefix(out: ByteWriter, name: string, kind: bigint): void {
  writeComparableBytes(out.u8(M), utf8(name));
  out.u64be(kind);
}

function stringKey(name: string): Uint8Array {
  const out = new ByteWriter(64);
  writePrefix(out, name, STRING_DATA);
  return out.take();
}

function hashKey(name: string, field: string): Uint8Array {
  const out = new ByteWriter(64);
  writePrefix(out, name, HASH_DATA);
  writeComparableBytes(out, utf8(field));
  return out.take();
}

function hashRange(name: string): KeyRange {
  const out = new ByteWriter(64);
  writePrefix(out, name, HASH_DATA);
  const start = out.take();
  return { start, end: prefixEnd(start) };
}

/** Where a database's DBInfo is. */
export function databaseMetaKey(databaseId: number): Uint8Array {
  return hashKey(DATABASES, `${DATABASE}:${databaseId}`);
}

/** Where a table's TableInfo is. Locking this key guards a transaction against a change of the table's schema. */
export function tableMetaKey(databaseId: number, tableId: TableId): Uint8Array {
  return hashKey(`${DATABASE}:${databaseId}`, `${TABLE}:${tableId}`);
}

/** All databases. */
export function databasesRange(): KeyRange {
  return hashRange(DATABASES);
}

/** All tables of a database, and its counters. */
export function databaseContentRange(databaseId: number): KeyRange {
  return hashRange(`${DATABASE}:${databaseId}`);
}

/** What a meta key is of. `other`: counters, jobs, policies, diffs and whatever newer versions add. */
export type MetaKey =
  | { readonly kind: 'database'; readonly databaseId: number }
  | { readonly kind: 'table'; readonly databaseId: number; readonly tableId: TableId }
  | { readonly kind: 'schemaVersion' }
  | { readonly kind: 'other' };

/**
 * Tells what a key of the meta range is of.
 *
 * @throws CodecError — when it does not begin like a meta key.
 */
export function decodeMetaKey(key: Uint8Array): MetaKey {
  const from = new ByteReader(key);
  if (from.u8() !== M) malformed('a meta key wanted');
  const name = fromUtf8(readComparableBytes(from));
  const kind = from.u64be();
  if (kind === STRING_DATA && name === SCHEMA_VERSION) return { kind: 'schemaVersion' };
  if (kind !== HASH_DATA) return { kind: 'other' };
  const field = fromUtf8(readComparableBytes(from));
  from.expectEnd('a meta key');
  if (name === DATABASES) {
    const databaseId = idAfter(DATABASE, field);
    return databaseId === undefined ? { kind: 'other' } : { kind: 'database', databaseId };
  }
  const databaseId = idAfter(DATABASE, name);
  const tableId = idAfter(TABLE, field);
  if (databaseId === undefined || tableId === undefined) return { kind: 'other' };
  return { kind: 'table', databaseId, tableId };
}

/** The number in `<word>:<number>`. */
function idAfter(word: string, text: string): number | undefined {
  const id = text.startsWith(`${word}:`) ? text.slice(word.length + 1) : '';
  return /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined;
}
