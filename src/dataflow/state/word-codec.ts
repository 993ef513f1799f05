/**
 * Rows as 32-bit words: what arrangements and dictionaries hold. Two rows of the same columns are the same
 * (row-identity.ts) if and only if their words are, and of two different rows neither is a beginning of the other, so
 * equality is a comparison of words without lengths. The length is even.
 *
 *     NULL bits, a word for 32 columns (none if the codec is for rows without NULLs)
 *     for each column two words: the halves of an i64, f64 or decimal; of bytes where they begin and how many they are
 *     bytes, padded with zeros; wide decimals as a count of words and the words, lowest first
 *
 * What lies beneath a NULL is zero. Packing and unpacking go column by column: loops over one kind of array.
 */
import { unreachable } from '../../base/assert.js';
import {
  type BytesColumn,
  type Column,
  type DecColumn,
  type F64Column,
  type I64Column,
  WIDE_HI,
  isNullAt,
} from '../../codec/column.js';
import { type FieldType, storageOf } from '../../codec/field-type.js';

/** Words that a batch keeps from one epoch to the next, at most: a load should not hold its memory for ever. */
const WORDS_KEPT = 1 << 18;

/** Rows packed one after another. Reused: `pack` writes over it. */
export class WordBatch {
  words = new Int32Array(0);
  bytes = new Uint8Array(0);
  /** Where each row begins, and where the last ends. */
  offsets = new Int32Array(1);
  /** While packing: where each row's next bytes go. */
  tails = new Int32Array(0);

  /** Makes room for rows; what was there is lost. */
  reserveRows(rows: number): void {
    if (this.offsets.length > rows) return;
    const capacity = Math.max(64, rows + 1, this.offsets.length * 2);
    this.offsets = new Int32Array(capacity);
    this.tails = new Int32Array(capacity);
  }

  /** Gives back memory that only a large epoch needs; what was packed is lost. */
  trim(): void {
    if (this.words.length > WORDS_KEPT) {
      this.words = new Int32Array(0);
      this.bytes = new Uint8Array(0);
    }
    if (this.offsets.length > WORDS_KEPT) {
      this.offsets = new Int32Array(1);
      this.tails = new Int32Array(0);
    }
  }

  /** Makes room for words, all zero. */
  reserveWords(words: number): void {
    if (this.words.length >= words) {
      this.words.fill(0, 0, words);
      return;
    }
    this.words = new Int32Array(Math.max(256, words, this.words.length * 2));
    this.bytes = new Uint8Array(this.words.buffer);
  }
}

/** How a column lies in rows and batches. */
export type ColumnShape =
  { readonly kind: 'i64' | 'f64' | 'bytes' } | { readonly kind: 'dec'; readonly scale: number };

/** The shape of a type's columns. */
export function shapeOf(type: FieldType): ColumnShape {
  const kind = storageOf(type);
  return kind === 'dec' ? { kind, scale: Math.max(type.decimal, 0) } : { kind };
}

/** Packs rows of certain columns. */
export class WordCodec {
  readonly shapes: readonly ColumnShape[];
  /** Words of NULL bits. */
  readonly nullWords: number;
  /** Words of a row without bytes. */
  readonly fixedWords: number;

  /** @param hasNulls - whether cells may be NULL. */
  constructor(shapes: readonly ColumnShape[], hasNulls: boolean) {
    this.shapes = shapes;
    this.nullWords = hasNulls ? (shapes.length + 31) >>> 5 : 0;
    this.fixedWords = this.nullWords + shapes.length * 2;
  }

  /** Packs rows from … to; row `from` becomes the batch's first. */
  pack(columns: readonly Column[], from: number, to: number, batch: WordBatch): void {
    const rows = to - from;
    batch.reserveRows(rows);
    this.#layOut(columns, from, rows, batch);
    batch.reserveWords(batch.offsets[rows]!);
    columns.forEach((column, k) => {
      if (this.nullWords > 0 && column.nulls !== undefined)
        packNulls(column, k, { from, rows, cell: k >>> 5 }, batch);
      const place = { from, rows, cell: this.nullWords + k * 2 };
      switch (column.kind) {
        case 'i64':
          packHalves(column, place, batch);
          return;
        case 'dec':
          if (column.wide === undefined) packHalves(column, place, batch);
          else packDecimals(column, place, batch);
          return;
        case 'f64':
          packDoubles(column, place, batch);
          return;
        case 'bytes':
          packBytes(column, place, batch);
          return;
        default:
          unreachable(column);
      }
    });
  }

  /** Finds where each row begins. */
  #layOut(columns: readonly Column[], from: number, rows: number, batch: WordBatch): void {
    const { offsets, tails } = batch;
    const { fixedWords } = this;
    tails.fill(fixedWords, 0, rows);
    for (const column of columns) {
      if (column.kind === 'bytes') {
        const { offsets: ends, nulls } = column;
        for (let i = 0; i < rows; i++) {
          if (nulls === undefined || !isNullAt(nulls, from + i))
            tails[i]! += (ends[from + i + 1]! - ends[from + i]! + 3) >>> 2;
        }
      } else if (column.kind === 'dec' && column.wide !== undefined) {
        for (let i = 0; i < rows; i++) {
          if (isWide(column, from + i)) tails[i]! += 1 + wideWords(column.wide.get(from + i) ?? 0n).length;
        }
      }
    }
    let at = 0;
    for (let i = 0; i < rows; i++) {
      offsets[i] = at;
      const end = at + tails[i]! + (tails[i]! & 1);
      tails[i] = at + fixedWords;
      at = end;
    }
    offsets[rows] = at;
  }
}

/** Rows of a column, and where their cells are in a packed row. */
interface Place {
  readonly from: number;
  readonly rows: number;
  readonly cell: number;
}

function isWide(column: DecColumn, row: number): boolean {
  return column.hi[row] === WIDE_HI && !isNullAt(column.nulls, row);
}

/** An integer's words, lowest first, the last with its sign. */
function wideWords(value: bigint): readonly number[] {
  const words: number[] = [];
  for (let left = value; ; left >>= 32n) {
    const word = Number(BigInt.asIntN(32, left));
    words.push(word);
    if ((left >> 31n === 0n && word >= 0) || (left >> 31n === -1n && word < 0)) return words;
  }
}

function packNulls(column: Column, k: number, { from, rows, cell }: Place, batch: WordBatch): void {
  const { words, offsets } = batch;
  const bit = 1 << (k & 31);
  for (let i = 0; i < rows; i++) {
    if (isNullAt(column.nulls, from + i)) words[offsets[i]! + cell]! |= bit;
  }
}

function packHalves(column: I64Column | DecColumn, { from, rows, cell }: Place, batch: WordBatch): void {
  const { words, offsets } = batch;
  const { lo, hi, nulls } = column;
  for (let i = 0; i < rows; i++) {
    if (nulls !== undefined && isNullAt(nulls, from + i)) continue;
    const at = offsets[i]! + cell;
    words[at] = lo[from + i]!;
    words[at + 1] = hi[from + i]!;
  }
}

function packDecimals(column: DecColumn, { from, rows, cell }: Place, batch: WordBatch): void {
  const { words, offsets, tails } = batch;
  for (let i = 0; i < rows; i++) {
    const row = from + i;
    if (isNullAt(column.nulls, row)) continue;
    const at = offsets[i]! + cell;
    words[at + 1] = column.hi[row]!;
    if (column.hi[row] !== WIDE_HI) {
      words[at] = column.lo[row]!;
      continue;
    }
    const value = wideWords(column.wide?.get(row) ?? 0n);
    const tail = tails[i]!;
    words[at] = tail - offsets[i]!;
    words[tail] = value.length;
    words.set(value, tail + 1);
    tails[i] = tail + 1 + value.length;
  }
}

function packDoubles(column: F64Column, { from, rows, cell }: Place, batch: WordBatch): void {
  const { words, offsets } = batch;
  const { values, nulls } = column;
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  for (let i = 0; i < rows; i++) {
    if (nulls !== undefined && isNullAt(nulls, from + i)) continue;
    const at = offsets[i]! + cell;
    words[at] = halves[(from + i) * 2]!;
    words[at + 1] = halves[(from + i) * 2 + 1]!;
  }
}

/** Shorter cells are copied byte by byte, which is faster than making a view to copy from. */
const COPY_LOOP_MAX = 48;

function packBytes(column: BytesColumn, { from, rows, cell }: Place, batch: WordBatch): void {
  const { words, bytes, offsets, tails } = batch;
  const { data, offsets: ends, nulls } = column;
  for (let i = 0; i < rows; i++) {
    if (nulls !== undefined && isNullAt(nulls, from + i)) continue;
    const start = ends[from + i]!;
    const length = ends[from + i + 1]! - start;
    const at = offsets[i]! + cell;
    const tail = tails[i]!;
    words[at] = tail - offsets[i]!;
    words[at + 1] = length;
    const target = tail * 4;
    if (length > COPY_LOOP_MAX) bytes.set(data.subarray(start, start + length), target);
    else for (let j = 0; j < length; j++) bytes[target + j] = data[start + j]!;
    tails[i] = tail + ((length + 3) >>> 2);
  }
}
