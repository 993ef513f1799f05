/** Batches of the feed as plain objects, for tests. */
import { toHex } from '../../../../src/base/bytes.js';
import {
  keyOf,
  oldValueOf,
  type RowChangeBatch,
  valueOf,
} from '../../../../src/tikv/feed/row-change-batch.js';

/** A row change; bytes as hex, absent parts undefined. */
export interface RowChange {
  readonly startTs: bigint;
  readonly commitTs: bigint;
  readonly key: string;
  readonly value: string | undefined;
  readonly old: string | undefined;
  readonly txnSource: number;
}

/** The rows of a batch. */
export function rowsOf(batch: RowChangeBatch | undefined): RowChange[] {
  if (batch === undefined) return [];
  const hex = (bytes: Uint8Array | undefined): string | undefined =>
    bytes === undefined ? undefined : toHex(bytes);
  return Array.from({ length: batch.count }, (_, row) => ({
    startTs: batch.startTs[row]!,
    commitTs: batch.commitTs[row]!,
    key: toHex(keyOf(batch, row)),
    value: hex(valueOf(batch, row)),
    old: hex(oldValueOf(batch, row)),
    txnSource: batch.txnSource[row]!,
  }));
}
