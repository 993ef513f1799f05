/** Plans and expressions as text that is the same if, and only if, they are. */
import { toHex } from '../base/bytes.js';
import { Decimal } from '../codec/decimal.js';

/** A value that JSON has no words for, or would take for another one. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Decimal) return { unscaled: `${value.unscaled}`, scale: value.scale };
  return value;
}

/** The text of a plain value, such as an expression; the piece of SQL that it was read from is not in it. */
export function stableText(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => (key === 'source' ? undefined : plainValue(inner)));
}
