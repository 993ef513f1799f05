/** Aggregates over the rows of one group, from scratch. */
import { assert, unreachable } from '../../base/assert.js';
import type { Datum } from '../../codec/datum.js';
import { Decimal, powerOfTen } from '../../codec/decimal.js';
import { MysqlType } from '../../codec/field-type.js';
import type { ComparisonDomain } from '../../dataflow/expression.js';
import type { AggregateSpec } from '../../dataflow/view-spec.js';
import { exact, leastOf, orderIn, real, sameText } from './same-text.js';

type Value = NonNullable<Datum>;

/** The value of an aggregate over rows. */
export function evaluateAggregate(spec: AggregateSpec, rows: readonly (readonly Datum[])[]): Datum {
  const { operands, domains, type } = spec;
  const tuples = rows.map((row) => operands.map((operand) => row[operand] ?? null));
  const whole = tuples.filter((tuple): tuple is Value[] => !tuple.includes(null));
  const counted = spec.isDistinct ? distinct(whole, domains) : whole;
  if (spec.function === 'count') return BigInt(counted.length);
  const [domain] = domains;
  const values = counted.flatMap(([value]) => value ?? []);
  assert(domain !== undefined, `${spec.function} of nothing`);
  if (values.length === 0) return null;
  switch (spec.function) {
    case 'sum':
      return type.tp === MysqlType.double ? realSum(values) : exactSum(values).rescale(type.decimal);
    case 'avg':
      return type.tp === MysqlType.double
        ? realSum(values) / values.length
        : average(exactSum(values), values.length, type.decimal);
    case 'min':
    case 'max': {
      const sign = spec.function === 'min' ? 1 : -1;
      const best = values.reduce((a, b) => (orderIn(domain, b, a) * sign < 0 ? b : a));
      return leastOf(
        domain,
        values.filter((value) => orderIn(domain, value, best) === 0),
      );
    }
    default:
      return unreachable(spec.function);
  }
}

function distinct(
  tuples: readonly (readonly Value[])[],
  domains: readonly ComparisonDomain[],
): readonly (readonly Value[])[] {
  const byText = new Map<string, readonly Value[]>();
  for (const tuple of tuples) {
    const text = tuple.map((value, i) => sameText(domains[i] ?? { kind: 'integer' }, value)).join('|');
    if (!byText.has(text)) byText.set(text, tuple);
  }
  return [...byText.values()];
}

function exactSum(values: readonly Value[]): Decimal {
  const all = values.map(exact);
  const scale = Math.max(...all.map((value) => value.scale));
  return new Decimal(
    all.reduce((sum, value) => sum + value.rescale(scale).unscaled, 0n),
    scale,
  );
}

function realSum(values: readonly Value[]): number {
  return values.reduce((sum: number, value) => sum + real(value), 0);
}

/** Digits that TiDB keeps in one word of a decimal. */
const WORD_DIGITS = 9;

/**
 * A sum divided by a count as TiDB does it: the quotient is cut off at the end of a word of nine digits, then rounded.
 *
 * @see pingcap/tidb pkg/types/mydecimal.go (doDivMod), pkg/executor/aggfuncs/func_avg.go
 */
function average(sum: Decimal, count: number, scale: number): Decimal {
  const words = Math.ceil(sum.scale / WORD_DIGITS);
  const increment = Math.max(0, DIV_FRACTION - (words * WORD_DIGITS - sum.scale));
  const cutAt = Math.ceil((words * WORD_DIGITS + increment) / WORD_DIGITS) * WORD_DIGITS;
  const quotient = (sum.unscaled * powerOfTen(cutAt - sum.scale)) / BigInt(count);
  return new Decimal(quotient, cutAt).rescale(scale);
}

/** TiDB's own constant here, whatever `div_precision_increment` is. */
const DIV_FRACTION = 4;
