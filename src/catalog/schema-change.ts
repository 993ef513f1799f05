/**
 * What a change of a meta key says about the schema. Every step of every DDL statement writes the table's whole new
 * TableInfo, in the transaction from whose commit ts on rows follow it, so no knowledge of DDL job types is needed
 * (TRUTH §9).
 */
import { decodeMetaKey } from '../codec/meta-keys.js';
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import { type DatabaseInfo, type TableInfo, parseDatabaseInfo, parseTableInfo } from './table-info.js';

/** A committed change of a key in the meta range, raw. */
export interface MetaChange {
  readonly key: Uint8Array;
  /** undefined: deleted. */
  readonly value: Uint8Array | undefined;
  readonly commitTs: Ts;
}

/** What it means. */
export type SchemaChange =
  /** A table, view or sequence was made or changed, in whatever state. */
  | {
      readonly kind: 'tablePut';
      readonly commitTs: Ts;
      readonly databaseId: number;
      readonly info: TableInfo;
    }
  /** It is no longer in that database: dropped, truncated (its new id is another table), or moved to another one. */
  | {
      readonly kind: 'tableDropped';
      readonly commitTs: Ts;
      readonly databaseId: number;
      readonly tableId: TableId;
    }
  | { readonly kind: 'databasePut'; readonly commitTs: Ts; readonly info: DatabaseInfo }
  | { readonly kind: 'databaseDropped'; readonly commitTs: Ts; readonly databaseId: number }
  /** Counters, jobs and the like. */
  | { readonly kind: 'irrelevant' };

/**
 * Tells what a change of the meta range means.
 *
 * @throws CodecError — when the key is none of the meta range.
 * @throws SchemaError — when a TableInfo or DBInfo cannot be understood.
 */
export function decodeSchemaChange(change: MetaChange): SchemaChange {
  const { value, commitTs } = change;
  const key = decodeMetaKey(change.key);
  switch (key.kind) {
    case 'table':
      return value === undefined
        ? { kind: 'tableDropped', commitTs, databaseId: key.databaseId, tableId: key.tableId }
        : { kind: 'tablePut', commitTs, databaseId: key.databaseId, info: parseTableInfo(value) };
    case 'database':
      return value === undefined
        ? { kind: 'databaseDropped', commitTs, databaseId: key.databaseId }
        : { kind: 'databasePut', commitTs, info: parseDatabaseInfo(value) };
    case 'schemaVersion':
    case 'other':
      return { kind: 'irrelevant' };
  }
}

/**
 * Leaves out what says nothing, and each drop that goes with a put of the same table in the same commit: the table was
 * moved to another database, and the put says where.
 */
export function withoutMoves(changes: readonly SchemaChange[]): SchemaChange[] {
  const isPutToo = (tableId: TableId, commitTs: Ts): boolean =>
    changes.some(
      (other) => other.kind === 'tablePut' && other.info.id === tableId && other.commitTs === commitTs,
    );
  return changes.filter((change) => {
    if (change.kind === 'irrelevant') return false;
    return change.kind !== 'tableDropped' || !isPutToo(change.tableId, change.commitTs);
  });
}
