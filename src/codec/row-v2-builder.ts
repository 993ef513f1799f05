/**
 * Puts a row together in format v2 (row-header.ts), byte for byte as TiDB does: values in the order of their column
 * ids, ids and ends as narrow as they can be.
 *
 * @see pingcap/tidb pkg/util/rowcodec/encoder.go
 */
import { assert } from '../base/assert.js';
import { ByteWriter } from '../base/byte-writer.js';
import { ROW_V2, RowFlag } from './row-header.js';

const SMALL_ID_MAX = 0xff;
const SMALL_DATA_MAX = 0xffff;

/** Assembles one row after the other: `begin`, then columns in ascending order of id, then `finish`. */
export class RowV2Builder {
  /** Where the bytes of the next value go; {@link RowV2Builder.endValue} says whose they were. */
  readonly data = new ByteWriter(1024);
  readonly #valueIds: number[] = [];
  readonly #valueEnds: number[] = [];
  readonly #nullIds: number[] = [];
  #idMax = 0;

  begin(): void {
    this.data.reset();
    this.#valueIds.length = 0;
    this.#valueEnds.length = 0;
    this.#nullIds.length = 0;
    this.#idMax = 0;
  }

  /** Ends the value of a column: the bytes written to `data` since the last one. */
  endValue(columnId: number): void {
    assert(columnId > (this.#valueIds.at(-1) ?? 0), `column ${columnId} out of order`);
    this.#valueIds.push(columnId);
    this.#valueEnds.push(this.data.length);
    if (columnId > this.#idMax) this.#idMax = columnId;
  }

  /** Adds a column that is NULL. */
  addNull(columnId: number): void {
    assert(columnId > (this.#nullIds.at(-1) ?? 0), `column ${columnId} out of order`);
    this.#nullIds.push(columnId);
    if (columnId > this.#idMax) this.#idMax = columnId;
  }

  /** Appends the row. */
  finish(out: ByteWriter): void {
    const isLarge = this.#idMax > SMALL_ID_MAX || this.data.length > SMALL_DATA_MAX;
    out.u8(ROW_V2).u8(isLarge ? RowFlag.large : 0);
    out.u16le(this.#valueIds.length).u16le(this.#nullIds.length);
    if (isLarge) {
      for (const id of this.#valueIds) out.u32le(id);
      for (const id of this.#nullIds) out.u32le(id);
      for (const end of this.#valueEnds) out.u32le(end);
    } else {
      for (const id of this.#valueIds) out.u8(id);
      for (const id of this.#nullIds) out.u8(id);
      for (const end of this.#valueEnds) out.u16le(end);
    }
    out.bytes(this.data.view());
  }
}
