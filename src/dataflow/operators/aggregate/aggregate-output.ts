/** Aggregates' columns of the rows that go and come. */
import type { Column } from '../../../codec/column.js';
import {
  type ColumnBuilder,
  DecBuilder,
  F64Builder,
  columnBuilderOf,
} from '../../../codec/column-builder.js';
import { rescaled } from '../../../codec/decimal.js';
import { type FieldType, isUnsigned } from '../../../codec/field-type.js';
import { assert, unreachable } from '../../../base/assert.js';
import { TWO_32 } from '../../kernels/i64.js';
import { averageOf } from './average.js';
import type { ExactSum } from './exact-sum.js';
import type { GroupTable } from './group-table.js';
import { type OrderedValue, doubleOf, highHalf, lowHalf } from './ordered-value.js';
import type { OrderedValues } from './ordered-values.js';
import type { RealSum } from './real-sum.js';

/** Rows that an aggregation gives: of which place, and whether as of after the epoch or of before. */
export interface OutputRows {
  readonly count: number;
  readonly places: Int32Array;
  /** 1: after. */
  readonly isAfter: Uint8Array;
}

/** One column. */
export interface AggregateOutput {
  /** Whether the epoch leaves the value of a place as it was. */
  isSame(place: number): boolean;
  columnOf(rows: OutputRows): Column;
}

/** A count that is a double of the group. */
export function countOutput(groups: GroupTable, at: number): AggregateOutput {
  return {
    isSame: (place) => groups.changes[place * groups.width + at] === 0,
    columnOf({ count, places, isAfter }) {
      const lo = new Int32Array(count);
      const hi = new Int32Array(count);
      for (let row = 0; row < count; row++) {
        const value = isAfter[row] === 1 ? groups.after(places[row]!, at) : groups.before(places[row]!, at);
        lo[row] = value | 0;
        hi[row] = Math.floor(value / TWO_32);
      }
      return { kind: 'i64', lo, hi, nulls: undefined };
    },
  };
}

/** SUM of integers or decimals. @param from - the operand's scale. */
export function exactSumOutput(sum: ExactSum, from: number, type: FieldType): AggregateOutput {
  const scale = Math.max(type.decimal, 0);
  return {
    isSame: (place) => sum.isSame(place) && sum.countBefore(place) > 0 === sum.countAfter(place) > 0,
    columnOf({ count, places, isAfter }) {
      const out = new DecBuilder(scale);
      for (let row = 0; row < count; row++) {
        const [place, after] = [places[row]!, isAfter[row] === 1];
        if ((after ? sum.countAfter(place) : sum.countBefore(place)) === 0) out.appendNull();
        else {
          const small = from === scale ? sum.smallSum(place, after) : undefined;
          if (small !== undefined) out.appendSmall(small);
          else out.appendUnscaled(rescaled(sum.sum(place, after), from, scale));
        }
      }
      return out.finish();
    },
  };
}

/** AVG of integers or decimals. @param from - the operand's scale. */
export function exactAverageOutput(sum: ExactSum, from: number, type: FieldType): AggregateOutput {
  const scale = Math.max(type.decimal, 0);
  const value = (place: number, isAfter: boolean): bigint | undefined => {
    const values = isAfter ? sum.countAfter(place) : sum.countBefore(place);
    return values === 0 ? undefined : averageOf(sum.sum(place, isAfter), BigInt(values), from, scale);
  };
  return {
    isSame: (place) => value(place, false) === value(place, true),
    columnOf({ count, places, isAfter }) {
      const out = new DecBuilder(scale);
      for (let row = 0; row < count; row++) {
        const result = value(places[row]!, isAfter[row] === 1);
        if (result === undefined) out.appendNull();
        else out.appendUnscaled(result);
      }
      return out.finish();
    },
  };
}

/** SUM or AVG of doubles. */
export function realOutput(sum: RealSum, isAverage: boolean): AggregateOutput {
  const value = (place: number, isAfter: boolean): number | undefined => {
    const values = isAfter ? sum.countAfter(place) : sum.countBefore(place);
    if (values === 0) return undefined;
    return isAverage ? sum.sum(place, isAfter) / values : sum.sum(place, isAfter);
  };
  return {
    isSame: (place) => value(place, false) === value(place, true),
    columnOf({ count, places, isAfter }) {
      const out = new F64Builder();
      for (let row = 0; row < count; row++) {
        const result = value(places[row]!, isAfter[row] === 1);
        if (result === undefined) out.appendNull();
        else out.append(result);
      }
      return out.finish();
    },
  };
}

/** MIN or MAX. */
export function extremeOutput(values: OrderedValues, isGreatest: boolean, type: FieldType): AggregateOutput {
  const value: OrderedValue = { high: 0, low: 0, big: undefined };
  return {
    isSame: (place) => values.isSame(place, isGreatest),
    columnOf({ count, places, isAfter }) {
      const out = columnBuilderOf(type);
      for (let row = 0; row < count; row++) {
        const place = places[row]!;
        const isThere =
          isAfter[row] === 1
            ? values.after(place, isGreatest, value)
            : values.before(place, isGreatest, value);
        if (isThere) appendValue(out, value, isUnsigned(type));
        else out.appendNull();
      }
      return out.finish();
    },
  };
}

function appendValue(out: ColumnBuilder, { high, low, big }: OrderedValue, hasNoSign: boolean): void {
  switch (out.kind) {
    case 'i64':
      out.append(lowHalf(low), highHalf(high, hasNoSign));
      return;
    case 'f64':
      out.append(doubleOf(high, low));
      return;
    case 'dec':
      if (typeof big === 'bigint') out.appendUnscaled(big);
      else out.appendSmall(high * TWO_32 + (lowHalf(low) >>> 0));
      return;
    case 'bytes':
      assert(typeof big === 'object', 'a string without its bytes');
      out.append(big.bytes, 0, big.bytes.length);
      return;
    default:
      unreachable(out);
  }
}
