/**
 * Builds columns (column.ts) cell by cell. A builder owns its arrays: `view` lends them as a column until the next
 * change, `finish` gives them away (copying only what is less than half full) and starts anew, `reset` forgets the
 * rows and keeps the memory. Row decoders write into these millions of times a second, so nothing here allocates but
 * growth, which doubles.
 */
import { assert, unreachable } from '../base/assert.js';
import { LimitError } from '../base/errors.js';
import { type BytesColumn, type DecColumn, type F64Column, type I64Column, WIDE_HI } from './column.js';
import { type FieldType, storageOf } from './field-type.js';
import { NullBitsBuilder } from './null-bits.js';

/** A builder of one of the four kinds. */
export type ColumnBuilder = I64Builder | F64Builder | DecBuilder | BytesBuilder;

const ROWS_AT_FIRST = 64;
const TWO_32 = 0x1_0000_0000;

/** An empty builder for values of a type. */
export function columnBuilderOf(type: FieldType): ColumnBuilder {
  const kind = storageOf(type);
  switch (kind) {
    case 'i64':
      return new I64Builder();
    case 'f64':
      return new F64Builder();
    case 'dec':
      return new DecBuilder(Math.max(type.decimal, 0));
    case 'bytes':
      return new BytesBuilder();
    default:
      return unreachable(kind);
  }
}

/** The array itself if it is at least half used, else a copy of the used part. */
function fitted<A extends Int32Array | Float64Array | Uint32Array | Uint8Array>(array: A, used: number): A {
  return used * 2 >= array.length ? array : (array.slice(0, used) as A);
}

/** Builds an {@link I64Column}. */
export class I64Builder {
  readonly kind = 'i64';
  readonly #nulls = new NullBitsBuilder();
  #lo = new Int32Array(0);
  #hi = new Int32Array(0);
  #rows = 0;

  /** Cells appended so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends a value given as two's complement halves. */
  append(lo: number, hi: number): void {
    const row = this.#rows;
    if (row === this.#lo.length) this.#grow();
    this.#lo[row] = lo;
    this.#hi[row] = hi;
    this.#rows = row + 1;
  }

  /** Appends the low 64 bits. */
  appendBigint(value: bigint): void {
    this.append(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  appendNull(): void {
    this.#nulls.set(this.#rows);
    this.append(0, 0);
  }

  /** Drops the cells from row `rows` on. */
  truncate(rows: number): void {
    this.#nulls.clear(rows, this.#rows);
    this.#rows = Math.min(rows, this.#rows);
  }

  reset(): void {
    this.#nulls.reset();
    this.#rows = 0;
  }

  view(): I64Column {
    return { kind: 'i64', lo: this.#lo, hi: this.#hi, nulls: this.#nulls.view(this.#rows) };
  }

  finish(): I64Column {
    const rows = this.#rows;
    const column: I64Column = {
      kind: 'i64',
      lo: fitted(this.#lo, rows),
      hi: fitted(this.#hi, rows),
      nulls: this.#nulls.take(rows),
    };
    this.#lo = new Int32Array(0);
    this.#hi = new Int32Array(0);
    this.#rows = 0;
    return column;
  }

  #grow(): void {
    const capacity = Math.max(ROWS_AT_FIRST, this.#lo.length * 2);
    const lo = new Int32Array(capacity);
    const hi = new Int32Array(capacity);
    lo.set(this.#lo);
    hi.set(this.#hi);
    this.#lo = lo;
    this.#hi = hi;
  }
}

/** Builds an {@link F64Column}. */
export class F64Builder {
  readonly kind = 'f64';
  readonly #nulls = new NullBitsBuilder();
  #values = new Float64Array(0);
  #rows = 0;

  /** Cells appended so far. */
  get rows(): number {
    return this.#rows;
  }

  append(value: number): void {
    const row = this.#rows;
    if (row === this.#values.length) this.#grow();
    this.#values[row] = value;
    this.#rows = row + 1;
  }

  appendNull(): void {
    this.#nulls.set(this.#rows);
    this.append(0);
  }

  /** Drops the cells from row `rows` on. */
  truncate(rows: number): void {
    this.#nulls.clear(rows, this.#rows);
    this.#rows = Math.min(rows, this.#rows);
  }

  reset(): void {
    this.#nulls.reset();
    this.#rows = 0;
  }

  view(): F64Column {
    return { kind: 'f64', values: this.#values, nulls: this.#nulls.view(this.#rows) };
  }

  finish(): F64Column {
    const rows = this.#rows;
    const column: F64Column = {
      kind: 'f64',
      values: fitted(this.#values, rows),
      nulls: this.#nulls.take(rows),
    };
    this.#values = new Float64Array(0);
    this.#rows = 0;
    return column;
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(ROWS_AT_FIRST, this.#values.length * 2));
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Builds a {@link DecColumn}. */
export class DecBuilder {
  readonly kind = 'dec';
  readonly scale: number;
  readonly #halves = new I64Builder();
  #wide: Map<number, bigint> | undefined;

  /** @param scale - of the column: digits after the point of every value. */
  constructor(scale: number) {
    assert(scale >= 0, `scale ${scale}`);
    this.scale = scale;
  }

  /** Cells appended so far. */
  get rows(): number {
    return this.#halves.rows;
  }

  /** Appends an unscaled value within ±(2^53 − 1). */
  appendSmall(unscaled: number): void {
    this.#halves.append(unscaled | 0, Math.floor(unscaled / TWO_32));
  }

  /** Appends an unscaled value of any size. */
  appendUnscaled(unscaled: bigint): void {
    const small = Number(unscaled);
    if (Number.isSafeInteger(small)) {
      this.appendSmall(small);
      return;
    }
    this.#wide ??= new Map();
    this.#wide.set(this.#halves.rows, unscaled);
    this.#halves.append(0, WIDE_HI);
  }

  appendNull(): void {
    this.#halves.appendNull();
  }

  /** Drops the cells from row `rows` on. */
  truncate(rows: number): void {
    for (let row = rows; row < this.#halves.rows; row++) this.#wide?.delete(row);
    this.#halves.truncate(rows);
  }

  reset(): void {
    this.#wide = undefined;
    this.#halves.reset();
  }

  view(): DecColumn {
    return this.#column(this.#halves.view());
  }

  finish(): DecColumn {
    const column = this.#column(this.#halves.finish());
    this.#wide = undefined;
    return column;
  }

  #column(halves: I64Column): DecColumn {
    const { lo, hi, nulls } = halves;
    return {
      kind: 'dec',
      scale: this.scale,
      lo,
      hi,
      nulls,
      wide: this.#wide?.size === 0 ? undefined : this.#wide,
    };
  }
}

/** Shorter strings are copied byte by byte, which is faster than making a view to copy from. */
const COPY_LOOP_MAX = 32;
const BYTES_MAX = 0xffff_ffff;

/** Builds a {@link BytesColumn}. */
export class BytesBuilder {
  readonly kind = 'bytes';
  readonly #nulls = new NullBitsBuilder();
  #offsets = new Uint32Array(1);
  #data = new Uint8Array(0);
  #rows = 0;
  #size = 0;

  /** Cells appended so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Appends bytes `start … end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.put(bytes, start, end);
    this.close();
  }

  /** Adds bytes to the cell that {@link BytesBuilder.close} will end. */
  put(bytes: Uint8Array, start: number, end: number): void {
    const at = this.#size;
    const length = end - start;
    if (at + length > this.#data.length) this.#growData(at + length);
    if (length <= COPY_LOOP_MAX) {
      for (let i = 0; i < length; i++) this.#data[at + i] = bytes[start + i]!;
    } else {
      this.#data.set(bytes.subarray(start, end), at);
    }
    this.#size = at + length;
  }

  /** Ends the cell begun by {@link BytesBuilder.put}. */
  close(): void {
    const row = this.#rows + 1;
    if (row === this.#offsets.length) this.#growOffsets();
    this.#offsets[row] = this.#size;
    this.#rows = row;
  }

  appendNull(): void {
    this.#nulls.set(this.#rows);
    this.close();
  }

  /** Drops the cells from row `rows` on, and one that is open. */
  truncate(rows: number): void {
    this.#nulls.clear(rows, this.#rows);
    this.#rows = Math.min(rows, this.#rows);
    this.#size = this.#offsets[this.#rows]!;
  }

  reset(): void {
    this.#nulls.reset();
    this.#rows = 0;
    this.#size = 0;
  }

  view(): BytesColumn {
    return { kind: 'bytes', offsets: this.#offsets, data: this.#data, nulls: this.#nulls.view(this.#rows) };
  }

  finish(): BytesColumn {
    const rows = this.#rows;
    const column: BytesColumn = {
      kind: 'bytes',
      offsets: fitted(this.#offsets, rows + 1),
      data: fitted(this.#data, this.#size),
      nulls: this.#nulls.take(rows),
    };
    this.#offsets = new Uint32Array(1);
    this.#data = new Uint8Array(0);
    this.#rows = 0;
    this.#size = 0;
    return column;
  }

  #growOffsets(): void {
    const grown = new Uint32Array(Math.max(ROWS_AT_FIRST, this.#offsets.length * 2));
    grown.set(this.#offsets);
    this.#offsets = grown;
  }

  #growData(needed: number): void {
    if (needed > BYTES_MAX)
      throw new LimitError(`a column of ${needed} bytes; at most ${BYTES_MAX} are possible`);
    const grown = new Uint8Array(Math.min(BYTES_MAX, Math.max(needed, this.#data.length * 2, ROWS_AT_FIRST)));
    grown.set(this.#data);
    this.#data = grown;
  }
}
