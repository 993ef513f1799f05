/**
 * Which of the strings that are equal under a collation stands for a group: the least by bytes that is there. The group
 * keeps the string of the row that made it; only strings that differ from that one are held, in order, so columns
 * whose equal strings are all alike (nearly all are) cost a comparison a row.
 */
import { assert } from '../../../base/assert.js';
import { compareBytes } from '../../../base/bytes.js';
import { type BytesColumn, type Column, isNullAt } from '../../../codec/column.js';
import { BytesBuilder } from '../../../codec/column-builder.js';
import { PAGE_SHIFT } from '../../state/word-arena.js';
import { type Accumulator, type TouchedRows, onlyColumn, operandOf } from './accumulator.js';
import type { AggregateOutput, OutputRows } from './aggregate-output.js';
import type { GroupTable } from './group-table.js';
import { type OrderedValue, readBytes } from './ordered-value.js';
import { OrderedValues } from './ordered-values.js';

/** Where a column's kept string is, and what the group table counts for it. */
export interface Keeping {
  /** Position of the column in the input. */
  readonly index: number;
  /** Words of NULL bits before the kept cells. */
  readonly nullWords: number;
  /** The column's number among those kept. */
  readonly cell: number;
  /** The double that counts rows with other strings than the kept one. */
  readonly othersAt: number;
}

/** The representatives of one group column. */
export class Representatives implements Accumulator, AggregateOutput {
  readonly #groups: GroupTable;
  readonly #keeping: Keeping;
  readonly #others: OrderedValues;
  readonly #value: OrderedValue = { high: 0, low: 0, big: undefined };

  constructor(groups: GroupTable, keeping: Keeping) {
    this.#groups = groups;
    this.#keeping = keeping;
    const operand = { columnOf: (input: readonly Column[]) => operandOf(input, keeping.index), read: unread };
    this.#others = new OrderedValues(groups, operand);
  }

  get rows(): number {
    return this.#others.rows;
  }

  get size(): number {
    return this.#others.size;
  }

  columnsOf(input: readonly Column[]): readonly Column[] {
    return [operandOf(input, this.#keeping.index)];
  }

  take(columns: readonly Column[], { from, to, places, weights }: TouchedRows): void {
    const column = onlyColumn(columns);
    assert(column.kind === 'bytes', `a representative of ${column.kind}`);
    for (let row = from; row < to; row++) {
      const place = places[row - from]!;
      if (isNullAt(column.nulls, row) || this.#isKept(column, row, place)) continue;
      const bytes = column.data.slice(column.offsets[row], column.offsets[row + 1]);
      readBytes({ key: bytes, bytes }, this.#value);
      this.#others.takeValue(place, this.#value, weights[row]!);
      this.#groups.add(place, this.#keeping.othersAt, weights[row]!);
    }
  }

  settle(): void {
    this.#others.settle();
  }

  absorb(): void {
    this.#others.absorb();
  }

  drop(serial: number): void {
    this.#others.drop(serial);
  }

  forget(): void {
    this.#others.forget();
  }

  isSame(place: number): boolean {
    const [before, after] = [this.#bytesOf(place, false), this.#bytesOf(place, true)];
    if (before === undefined || after === undefined) return before === after;
    return before.length === after.length && compareBytes(before, after) === 0;
  }

  columnOf({ count, places, isAfter }: OutputRows): Column {
    const out = new BytesBuilder();
    for (let row = 0; row < count; row++) {
      const bytes = this.#bytesOf(places[row]!, isAfter[row] === 1);
      if (bytes === undefined) out.appendNull();
      else out.append(bytes, 0, bytes.length);
    }
    return out.finish();
  }

  /** The string that stands for a group, which must be there; undefined: NULL. */
  #bytesOf(place: number, isAfter: boolean): Uint8Array | undefined {
    const kept = this.#keptBytes(place);
    if (kept === undefined) return undefined;
    const { othersAt } = this.#keeping;
    const others = isAfter ? this.#groups.after(place, othersAt) : this.#groups.before(place, othersAt);
    if (others === 0) return kept;
    const all = isAfter ? this.#groups.after(place, 0) : this.#groups.before(place, 0);
    const value = this.#value;
    const isThere = isAfter
      ? this.#others.after(place, false, value)
      : this.#others.before(place, false, value);
    assert(isThere && typeof value.big === 'object', 'a group without a string');
    return others < all && compareBytes(kept, value.big.bytes) < 0 ? kept : value.big.bytes;
  }

  #isKept({ data, offsets }: BytesColumn, row: number, place: number): boolean {
    const [page, at] = [this.#page(place), this.#groups.keptAt(place)];
    const cell = at + this.#keeping.nullWords + this.#keeping.cell * 2;
    const words = this.#groups.arena.pages[page]!;
    const start = offsets[row]!;
    const length = offsets[row + 1]! - start;
    if (words[cell + 1] !== length) return false;
    const bytes = this.#groups.arena.bytes[page]!;
    const from = (at + words[cell]!) * 4;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== data[start + i]) return false;
    return true;
  }

  #keptBytes(place: number): Uint8Array | undefined {
    const { nullWords, cell: k } = this.#keeping;
    const [page, at] = [this.#page(place), this.#groups.keptAt(place)];
    const words = this.#groups.arena.pages[page]!;
    if (((words[at + (k >>> 5)]! >>> (k & 31)) & 1) === 1) return undefined;
    const cell = at + nullWords + k * 2;
    const from = (at + words[cell]!) * 4;
    return this.#groups.arena.bytes[page]!.subarray(from, from + words[cell + 1]!);
  }

  #page(place: number): number {
    return this.#groups.records[place]! >>> PAGE_SHIFT;
  }
}

/** Values come one by one (`takeValue`), not from a column. */
function unread(): void {
  assert(false, 'a column of representatives read');
}
