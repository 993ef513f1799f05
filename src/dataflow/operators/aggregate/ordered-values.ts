/**
 * The values of one operand by group, in order: for MIN, MAX and DISTINCT under deletes. The epoch's changes are
 * sorted by group and value; where a group's least value of after the epoch is, is found by walking both from the
 * end, past no more values than the epoch took away.
 */
import type { Column } from '../../../codec/column.js';
import { isNullAt } from '../../../codec/column.js';
import { type Accumulator, type TouchedRows, onlyColumn } from './accumulator.js';
import type { GroupTable } from './group-table.js';
import { OrderedCounts } from './ordered-counts.js';
import { type BigValue, type OrderedValue, type ValueReader, compareBig } from './ordered-value.js';
import { ValueChanges } from './value-changes.js';

/** A value that comes to a group, or goes. */
export type PresenceListener = (place: number, value: OrderedValue, sign: 1 | -1) => void;

/** Where values come from. */
export interface ValueOperand {
  /** The column that has them. */
  readonly columnOf: (input: readonly Column[], rows: number) => Column;
  readonly read: ValueReader;
}

/** Ordered values by group. */
export class OrderedValues implements Accumulator {
  readonly #groups: GroupTable;
  readonly #operand: ValueOperand;
  readonly #onPresence: PresenceListener | undefined;
  /** By serial number. */
  readonly #states: (OrderedCounts | undefined)[] = [];
  readonly #changes = new ValueChanges();
  readonly #value: OrderedValue = { high: 0, low: 0, big: undefined };
  readonly #other: OrderedValue = { high: 0, low: 0, big: undefined };
  #values = 0;

  /** @param onPresence - is told, when the epoch settles, which values are there now and were not, and the reverse. */
  constructor(groups: GroupTable, operand: ValueOperand, onPresence?: PresenceListener) {
    this.#groups = groups;
    this.#operand = operand;
    this.#onPresence = onPresence;
  }

  columnsOf(input: readonly Column[], rows: number): readonly Column[] {
    return [this.#operand.columnOf(input, rows)];
  }

  get rows(): number {
    return this.#values;
  }

  get size(): number {
    // What most pieces are like: measuring each would cost too much.
    return this.#values * 16 + this.#states.length * 160;
  }

  take(columns: readonly Column[], { from, to, places, weights }: TouchedRows): void {
    const column = onlyColumn(columns);
    const value = this.#value;
    const { read } = this.#operand;
    for (let row = from; row < to; row++) {
      if (isNullAt(column.nulls, row)) continue;
      read(column, row, value);
      this.#changes.add(places[row - from]!, value, weights[row]!);
    }
  }

  /** Takes a value that is no column's. */
  takeValue(place: number, value: OrderedValue, weight: number): void {
    this.#changes.add(place, value, weight);
  }

  settle(): void {
    this.#changes.settle(this.#groups.touched);
    if (this.#onPresence === undefined) return;
    const value = this.#value;
    for (let place = 0; place < this.#groups.touched; place++) {
      const state = this.#stateOf(place);
      for (let at = this.#changes.start(place); at < this.#changes.start(place + 1); at++) {
        this.#changes.read(at, value);
        const before = state?.countOf(value.high, value.low, value.big) ?? 0;
        const after = before + this.#changes.weight(at);
        if (before > 0 !== after > 0) this.#onPresence(place, value, after > 0 ? 1 : -1);
      }
    }
  }

  /** Whether the epoch leaves the least value of a group, or the greatest, as it was. */
  isSame(place: number, isGreatest: boolean): boolean {
    if (this.#changes.start(place) === this.#changes.start(place + 1)) return true;
    const [before, after] = [this.#value, this.#other];
    const wasThere = this.before(place, isGreatest, before);
    const isThere = this.after(place, isGreatest, after);
    return wasThere && isThere ? compareValues(before, after) === 0 : wasThere === isThere;
  }

  /** Writes the least value of a group of before the epoch to `out`, or the greatest; whether there is one. */
  before(place: number, isGreatest: boolean, out: OrderedValue): boolean {
    return (this.#stateOf(place)?.readEnd(isGreatest, out) ?? 0) > 0;
  }

  /** The same of after the epoch. */
  after(place: number, isGreatest: boolean, out: OrderedValue): boolean {
    const changes = this.#changes;
    const [start, end] = [changes.start(place), changes.start(place + 1)];
    const count = this.#stateOf(place)?.readEnd(isGreatest, out) ?? 0;
    if (start === end) return count > 0;
    const first = isGreatest ? end - 1 : start;
    if (count > 0) {
      // Mostly what comes or goes is on this side of the extreme, which stays.
      const order = changes.compareWith(first, out) * (isGreatest ? -1 : 1);
      if (order > 0 || (order === 0 && count + changes.weight(first) > 0)) return true;
    }
    return this.#walk(place, isGreatest, out);
  }

  /** Walks over old values and changes together, from the end, to the first value that is there. */
  #walk(place: number, isGreatest: boolean, out: OrderedValue): boolean {
    const changes = this.#changes;
    const [start, end] = [changes.start(place), changes.start(place + 1)];
    const cursor = this.#stateOf(place)?.cursor(isGreatest);
    const sign = isGreatest ? -1 : 1;
    for (let at = isGreatest ? end - 1 : start; ;) {
      const hasChange = at >= start && at < end;
      const hasOld = cursor !== undefined && !cursor.isAtEnd;
      if (!hasChange && !hasOld) return false;
      if (hasChange) changes.read(at, out);
      const order = !hasChange ? 1 : !hasOld ? -1 : compareValues(out, cursor) * sign;
      const count = (order <= 0 ? changes.weight(at) : 0) + (order >= 0 ? cursor!.count : 0);
      if (count > 0) {
        if (order > 0) readCursor(cursor!, out);
        return true;
      }
      if (order <= 0) at += sign;
      if (order >= 0) cursor!.next();
    }
  }

  absorb(): void {
    const value = this.#value;
    for (let place = 0; place < this.#groups.touched; place++) {
      const [start, end] = [this.#changes.start(place), this.#changes.start(place + 1)];
      if (start === end) continue;
      const serial = this.#groups.serialOf(place);
      const state = (this.#states[serial] ??= new OrderedCounts());
      this.#values -= state.values;
      for (let at = start; at < end; at++) {
        this.#changes.read(at, value);
        state.add(value.high, value.low, value.big, this.#changes.weight(at));
      }
      this.#values += state.values;
      if (state.values === 0) this.#states[serial] = undefined;
    }
    this.#changes.reset();
  }

  drop(serial: number): void {
    this.#states[serial] = undefined;
  }

  forget(): void {
    this.#changes.reset();
  }

  #stateOf(place: number): OrderedCounts | undefined {
    return this.#states[this.#groups.serialOf(place)];
  }
}

interface Words {
  readonly high: number;
  readonly low: number;
  readonly big: BigValue;
}

function compareValues(a: Words, b: Words): number {
  const [aHigh, bHigh] = [a.high, b.high];
  if (aHigh !== bHigh) return aHigh < bHigh ? -1 : 1;
  const [aLow, bLow] = [a.low, b.low];
  if (aLow !== bLow) return aLow < bLow ? -1 : 1;
  return compareBig(a.big, b.big);
}

function readCursor(cursor: Words, out: OrderedValue): void {
  out.high = cursor.high;
  out.low = cursor.low;
  out.big = cursor.big;
}
