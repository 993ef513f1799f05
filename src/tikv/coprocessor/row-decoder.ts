/**
 * Rows in the coprocessor's default encoding: datums one after another, each with a flag that says its form. The
 * flags decide, not the column's type: TiKV and the rig use different forms for the same value (TRUTH §10), and rows
 * of the old format come as they are stored.
 *
 * This is the hot loop of every scan: integers go as two halves from the wire to the sink, nothing is allocated.
 *
 * @see pingcap/tidb pkg/util/codec/codec.go (EncodeValue)
 */
import { BadReplyError } from './bad-reply.js';
import type { ColumnSink } from './column-sink.js';
import { decodeDecimal } from './decimal-datum.js';
import { jsonSize } from './json-size.js';

const Flag = {
  nil: 0,
  bytes: 1,
  compactBytes: 2,
  int: 3,
  uint: 4,
  float: 5,
  decimal: 6,
  duration: 7,
  varint: 8,
  uvarint: 9,
  json: 10,
  vector: 20,
} as const;

const SIGN = 0x8000_0000 | 0;

/**
 * Decodes all rows of a chunk.
 *
 * @param sinks - one a column, in the order of the request.
 * @returns the number of rows.
 * @throws BadReplyError | RangeError — when the bytes are no such rows; the sinks are then of no use.
 */
export function decodeRows(data: Uint8Array, sinks: readonly ColumnSink[]): number {
  if (sinks.length === 0) throw new BadReplyError('rows without columns');
  const cursor = new DatumCursor(data);
  let rows = 0;
  while (cursor.pos < data.length) {
    for (const sink of sinks) cursor.decodeInto(sink);
    rows++;
  }
  return rows;
}

/** Reads datums one after another. */
class DatumCursor {
  pos = 0;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  /** Halves of the number last read. */
  #lo = 0;
  #hi = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  decodeInto(sink: ColumnSink): void {
    const flag = this.#view.getUint8(this.pos++);
    switch (flag) {
      case Flag.nil:
        sink.appendNull();
        return;
      case Flag.int:
      case Flag.duration:
        sink.appendInt(this.#int32(4), this.#int32(0) ^ SIGN);
        this.pos += 8;
        return;
      case Flag.uint:
        sink.appendInt(this.#int32(4), this.#int32(0));
        this.pos += 8;
        return;
      case Flag.varint:
        this.#varint();
        this.#unzigzag();
        sink.appendInt(this.#lo, this.#hi);
        return;
      case Flag.uvarint:
        this.#varint();
        sink.appendInt(this.#lo, this.#hi);
        return;
      case Flag.float:
        sink.appendDouble(this.#double());
        return;
      case Flag.decimal:
        this.pos = decodeDecimal(this.#data, this.pos, sink);
        return;
      case Flag.compactBytes:
        this.#varint();
        this.#unzigzag();
        this.#bytes(sink, this.#lo);
        return;
      case Flag.json:
        this.#bytes(sink, jsonSize(this.#view, this.pos));
        return;
      case Flag.vector:
        this.#bytes(sink, 4 + 4 * this.#view.getUint32(this.pos, true));
        return;
      default:
        throw new BadReplyError(`datum flag ${flag} at ${this.pos - 1}`);
    }
  }

  #int32(offset: number): number {
    return this.#view.getInt32(this.pos + offset, false);
  }

  #bytes(sink: ColumnSink, length: number): void {
    const end = this.pos + length;
    if (length < 0 || end > this.#data.length) throw new BadReplyError(`${length} bytes at ${this.pos}`);
    sink.appendBytes(this.#data, this.pos, end);
    this.pos = end;
  }

  /** Floats are stored so that their bytes compare: sign bit turned over, negative ones turned over whole. */
  #double(): number {
    const hi = this.#int32(0);
    const isPositive = hi < 0;
    const bits = scratch;
    bits.setInt32(0, isPositive ? hi ^ SIGN : ~hi, false);
    bits.setInt32(4, isPositive ? this.#int32(4) : ~this.#int32(4), false);
    this.pos += 8;
    return bits.getFloat64(0, false);
  }

  #varint(): void {
    let lo = 0;
    let hi = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) throw new BadReplyError(`a number without an end at ${this.pos}`);
      const byte = this.#view.getUint8(this.pos++);
      const bits = byte & 127;
      if (shift < 28) {
        lo |= bits << shift;
      } else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else {
        hi |= bits << (shift - 32);
      }
      if (byte < 128) break;
    }
    this.#lo = lo | 0;
    this.#hi = hi | 0;
  }

  #unzigzag(): void {
    const sign = -(this.#lo & 1);
    const lo = (this.#lo >>> 1) | (this.#hi << 31);
    this.#hi = (this.#hi >>> 1) ^ sign;
    this.#lo = lo ^ sign;
  }
}

const scratch = new DataView(new ArrayBuffer(8));
