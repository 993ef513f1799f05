/** ORDER BY: rows in the order of values, NULLs first, strings under their collations; equal rows stay as they are. */
import { compareBytes } from '../../base/bytes.js';
import { collationOf } from '../../codec/collation.js';
import type { Datum } from '../../codec/datum.js';
import { Decimal } from '../../codec/decimal.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';
import { jsonText } from '../../codec/json-binary.js';
import { isString } from '../../codec/string-type.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';

/** A column to order by. */
interface SortKey {
  readonly place: number;
  readonly type: FieldType;
  readonly isDescending: boolean;
}

/** The rows in order. @throws NotSupportedError — JSON; SqlError 1235 — a collation that is not known. */
export function sortRows(rows: readonly Row[], keys: readonly SortKey[]): readonly Row[] {
  const decorated = rows.map((row) => ({
    row,
    values: keys.map(({ place, type }) => comparable(row[place] ?? null, type)),
  }));
  decorated.sort((a, b) => {
    for (const [i, { isDescending }] of keys.entries()) {
      const order = compare(a.values[i] ?? null, b.values[i] ?? null);
      if (order !== 0) return isDescending ? -order : order;
    }
    return 0;
  });
  return decorated.map(({ row }) => row);
}

function comparable(value: Datum, type: FieldType): Datum {
  if (!(value instanceof Uint8Array)) return value;
  if (type.tp === MysqlType.json) throw new NotSupportedError(jsonText(value), 'JSON is not ordered yet');
  return isString(type) ? collationOf(type.collate, true).sortKey(value) : value;
}

function compare(a: Datum, b: Datum): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof Decimal && b instanceof Decimal) {
    const scale = Math.max(a.scale, b.scale);
    return compare(a.rescale(scale).unscaled, b.rescale(scale).unscaled);
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
