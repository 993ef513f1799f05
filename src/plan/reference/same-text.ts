/** Values as text that is the same if, and only if, they are the same in a domain; and their order in it. */
import { assert, unreachable } from '../../base/assert.js';
import { compareBytes, toHex } from '../../base/bytes.js';
import { collationOf } from '../../codec/collation.js';
import type { Datum } from '../../codec/datum.js';
import { Decimal } from '../../codec/decimal.js';
import type { ComparisonDomain } from '../../dataflow/expression.js';

/** A value as text; NULL is the same as NULL. */
export function sameText(domain: ComparisonDomain, value: Datum): string {
  if (value === null) return 'null';
  switch (domain.kind) {
    case 'integer':
    case 'decimal':
      return exactText(value);
    case 'time':
    case 'duration':
      assert(typeof value === 'bigint', 'times are integers');
      return `${value}`;
    case 'real':
      // Zero has two signs and one value.
      return `${real(value) + 0}`;
    case 'string': {
      assert(value instanceof Uint8Array, 'strings are bytes');
      return toHex(collationOf(domain.collation, domain.isNewCollation).sortKey(value));
    }
    default:
      return unreachable(domain);
  }
}

/** Negative, zero or positive: the order of two values in a domain. */
export function orderIn(domain: ComparisonDomain, a: NonNullable<Datum>, b: NonNullable<Datum>): number {
  switch (domain.kind) {
    case 'integer':
    case 'decimal':
      return exact(a).compare(exact(b));
    case 'time':
    case 'duration':
      assert(typeof a === 'bigint' && typeof b === 'bigint', 'times are integers');
      return a < b ? -1 : a > b ? 1 : 0;
    case 'real':
      return real(a) - real(b);
    case 'string': {
      assert(a instanceof Uint8Array && b instanceof Uint8Array, 'strings are bytes');
      const collation = collationOf(domain.collation, domain.isNewCollation);
      return compareBytes(collation.sortKey(a), collation.sortKey(b));
    }
    default:
      return unreachable(domain);
  }
}

/** Which of values that are the same in a domain stands for them: of strings the least by bytes, of others the first. */
export function leastOf(domain: ComparisonDomain, values: readonly Datum[]): Datum {
  const [first = null, ...rest] = values;
  if (domain.kind !== 'string') return first;
  return rest.reduce(
    (least, value) =>
      least instanceof Uint8Array && value instanceof Uint8Array && compareBytes(value, least) < 0
        ? value
        : least,
    first,
  );
}

/** An exact number without the zeros at its end. */
function exactText(value: NonNullable<Datum>): string {
  let { unscaled, scale } = exact(value);
  for (; scale > 0 && unscaled % 10n === 0n; scale--) unscaled /= 10n;
  return `${unscaled}e-${scale}`;
}

/** The value as an exact number. */
export function exact(value: NonNullable<Datum>): Decimal {
  if (typeof value === 'bigint') return new Decimal(value, 0);
  assert(value instanceof Decimal, 'an exact number');
  return value;
}

/** The value as a double, rounded once. */
export function real(value: NonNullable<Datum>): number {
  if (typeof value === 'number') return value;
  assert(!(value instanceof Uint8Array), 'a number');
  return typeof value === 'bigint' ? Number(value) : Number(value.toString());
}
