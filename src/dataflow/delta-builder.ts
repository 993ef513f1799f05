/** Builds a delta out of pieces: selected rows of other deltas. */
import { assert } from '../base/assert.js';
import type { Column } from '../codec/column.js';
import type { Delta } from './delta.js';
import { gatherColumn, joinColumns, pickInt32 } from './gather.js';

interface Piece {
  readonly rows: number;
  readonly weights: Int32Array;
  readonly columns: readonly Column[];
}

/** Collects rows. */
export class DeltaBuilder {
  #pieces: Piece[] = [];
  #rows = 0;

  /** Rows collected so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Adds all rows of a piece; its arrays become part of the delta, so the caller must not write to them again. */
  add(rows: number, weights: Int32Array, columns: readonly Column[]): void {
    if (rows === 0) return;
    this.#pieces.push({ rows, weights, columns });
    this.#rows += rows;
  }

  /** Adds rows selected[0 … count) of a piece. */
  addSelected(selected: Int32Array, count: number, weights: Int32Array, columns: readonly Column[]): void {
    if (count === 0) return;
    const gathered = columns.map((column) => gatherColumn(column, selected, count));
    this.add(count, pickInt32(weights, selected, count), gathered);
  }

  /**
   * The rows collected, and starts anew.
   *
   * @param empty - columns of a delta without rows.
   */
  finish(empty: readonly Column[]): Delta {
    const pieces = this.#pieces;
    const rows = this.#rows;
    this.#pieces = [];
    this.#rows = 0;
    const [first] = pieces;
    if (first === undefined)
      return { rows: 0, weights: new Int32Array(0), columns: empty, isConsolidated: true };
    if (pieces.length === 1) return { ...first, isConsolidated: false };
    const counts = pieces.map((piece) => piece.rows);
    const columns = first.columns.map((_, k) =>
      joinColumns(
        pieces.map((piece) => pieceColumn(piece, k)),
        counts,
      ),
    );
    const weights = new Int32Array(rows);
    let at = 0;
    for (const piece of pieces) {
      weights.set(piece.weights.subarray(0, piece.rows), at);
      at += piece.rows;
    }
    return { rows, weights, columns, isConsolidated: false };
  }
}

function pieceColumn({ columns }: Piece, k: number): Column {
  const column = columns[k];
  assert(column !== undefined, `no column ${k} among ${columns.length}`);
  return column;
}
