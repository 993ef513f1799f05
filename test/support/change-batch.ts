/** Row changes as the feed delivers them, written down by tests. */
import { NO_BYTES } from '../../src/base/bytes.js';
import { type RowChangeBatch, SLICES_PER_ROW } from '../../src/tikv/feed/row-change-batch.js';

/** One committed change; without `value` a deletion, without `old` an insertion. */
export interface Change {
  readonly commitTs: bigint;
  readonly key: Uint8Array;
  readonly value?: Uint8Array | undefined;
  readonly old?: Uint8Array | undefined;
}

/** A batch of changes, in this order. */
export function changeBatch(changes: readonly Change[]): RowChangeBatch {
  const pieces = changes.flatMap(({ key, value, old }) => [key, value ?? NO_BYTES, old ?? NO_BYTES]);
  const slices = new Uint32Array(changes.length * SLICES_PER_ROW);
  let at = 0;
  pieces.forEach((piece, index) => {
    slices[2 * index] = at;
    at += piece.length;
    slices[2 * index + 1] = at;
  });
  const data = new Uint8Array(at);
  pieces.forEach((piece, index) => data.set(piece, slices[2 * index]));
  return {
    count: changes.length,
    startTs: BigUint64Array.from(changes, ({ commitTs }) => commitTs - 1n),
    commitTs: BigUint64Array.from(changes, ({ commitTs }) => commitTs),
    slices,
    txnSource: new Uint32Array(changes.length),
    data,
  };
}
