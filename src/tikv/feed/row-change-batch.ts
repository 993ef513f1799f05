/**
 * Committed row changes of one span as they cross threads: plain typed arrays over one arena of bytes, no object a
 * row. Every array's buffer belongs to the batch alone, so all of them can be transferred.
 */

/** A run of committed row changes. Arrays may be longer than `count` rows. */
export interface RowChangeBatch {
  readonly count: number;
  /** Of the transaction that wrote the row. */
  readonly startTs: BigUint64Array<ArrayBuffer>;
  readonly commitTs: BigUint64Array<ArrayBuffer>;
  /**
   * Six a row: key start and end, value start and end, old value start and end, as offsets into `data`. An empty
   * value is a deletion; an empty old value says that the row did not exist before (no stored row is empty).
   */
  readonly slices: Uint32Array<ArrayBuffer>;
  /** Who wrote: 0 ordinary SQL, 1–255 replications and us. */
  readonly txnSource: Uint32Array<ArrayBuffer>;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Numbers a row has in {@link RowChangeBatch.slices}. */
export const SLICES_PER_ROW = 6;

/** Raw key of a row; lent. */
export function keyOf(batch: RowChangeBatch, row: number): Uint8Array {
  return slice(batch, row, 0);
}

/** New value; undefined for a deletion; lent. */
export function valueOf(batch: RowChangeBatch, row: number): Uint8Array | undefined {
  const value = slice(batch, row, 2);
  return value.length === 0 ? undefined : value;
}

/** Previous value; undefined if the row did not exist; lent. */
export function oldValueOf(batch: RowChangeBatch, row: number): Uint8Array | undefined {
  const value = slice(batch, row, 4);
  return value.length === 0 ? undefined : value;
}

/** Memory of a batch. */
export function batchBytes(batch: RowChangeBatch): number {
  const { startTs, commitTs, slices, txnSource, data } = batch;
  return (
    startTs.byteLength + commitTs.byteLength + slices.byteLength + txnSource.byteLength + data.byteLength
  );
}

/** The buffers to hand to `postMessage`. */
export function transferList(batch: RowChangeBatch): ArrayBuffer[] {
  return [
    batch.startTs.buffer,
    batch.commitTs.buffer,
    batch.slices.buffer,
    batch.txnSource.buffer,
    batch.data.buffer,
  ];
}

function slice(batch: RowChangeBatch, row: number, part: number): Uint8Array {
  const at = row * SLICES_PER_ROW + part;
  return batch.data.subarray(batch.slices[at], batch.slices[at + 1]);
}
