/**
 * Puts a row together in format v2 (row-header.ts), byte for byte as TiDB does: values in the order of their column
 * ids, ids and ends as narrow as they can be.
 *
 * @see pingcap/tidb pkg/util/rowcodec/encoder.go
 */
import { assert } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { appendBytes } from './append-bytes.js';
import { ROW_V2, RowFlag } from './row-header.js';

const SMALL_ID_MAX = 0xff;
const SMALL_DATA_MAX = 0xffff;
const COLUMNS_AT_FIRST = 32;

/** Assembles one row after the other: `begin`, then columns in ascending order of id, then `finish`. */
export class RowV2Builder {
  /** Where the bytes of the next value go; {@link RowV2Builder.endValue} says whose they were. */
  readonly data = new ByteWriter(1024);
  // Typed arrays and counts: this runs for every row that is written.
  #valueIds = new Uint32Array(COLUMNS_AT_FIRST);
  #valueEnds = new Uint32Array(COLUMNS_AT_FIRST);
  #nullIds = new Uint32Array(COLUMNS_AT_FIRST);
  #values = 0;
  #nulls = 0;
  /** Greatest ids so far, of values and of NULLs. */
  #valueIdMax = 0;
  #nullIdMax = 0;

  begin(): void {
    this.data.reset();
    this.#values = 0;
    this.#nulls = 0;
    this.#valueIdMax = 0;
    this.#nullIdMax = 0;
  }

  /** Ends the value of a column: the bytes written to `data` since the last one. */
  endValue(columnId: number): void {
    assert(columnId > this.#valueIdMax, 'columns of a row out of order');
    if (this.#values === this.#valueIds.length) {
      this.#valueIds = doubled(this.#valueIds);
      this.#valueEnds = doubled(this.#valueEnds);
    }
    this.#valueIds[this.#values] = columnId;
    this.#valueEnds[this.#values] = this.data.length;
    this.#values++;
    this.#valueIdMax = columnId;
  }

  /** Adds a column that is NULL. */
  addNull(columnId: number): void {
    assert(columnId > this.#nullIdMax, 'columns of a row out of order');
    if (this.#nulls === this.#nullIds.length) this.#nullIds = doubled(this.#nullIds);
    this.#nullIds[this.#nulls] = columnId;
    this.#nulls++;
    this.#nullIdMax = columnId;
  }

  /** Appends the row. */
  finish(out: ByteWriter): void {
    const idMax = Math.max(this.#valueIdMax, this.#nullIdMax);
    const isLarge = idMax > SMALL_ID_MAX || this.data.length > SMALL_DATA_MAX;
    out.u8(ROW_V2).u8(isLarge ? RowFlag.large : 0);
    out.u16le(this.#values).u16le(this.#nulls);
    if (isLarge) {
      for (let i = 0; i < this.#values; i++) out.u32le(this.#valueIds[i]!);
      for (let i = 0; i < this.#nulls; i++) out.u32le(this.#nullIds[i]!);
      for (let i = 0; i < this.#values; i++) out.u32le(this.#valueEnds[i]!);
    } else {
      for (let i = 0; i < this.#values; i++) out.u8(this.#valueIds[i]!);
      for (let i = 0; i < this.#nulls; i++) out.u8(this.#nullIds[i]!);
      for (let i = 0; i < this.#values; i++) out.u16le(this.#valueEnds[i]!);
    }
    appendBytes(out, this.data.view());
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
