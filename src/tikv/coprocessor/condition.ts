/**
 * Conditions that TiKV can test while it scans: comparisons of a column with constants, and their logic. Three-valued
 * as in SQL: a row passes when the condition is true, not when it is NULL.
 */
import type { Decimal } from '../../codec/decimal.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';

/** Comparison operators. */
export type ComparisonOp = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** A constant, in the form in which the column's type compares. NULL is none: use `isNull`. */
export type Constant =
  | { readonly kind: 'int'; readonly value: bigint; readonly isUnsigned: boolean }
  | { readonly kind: 'real'; readonly value: number }
  | { readonly kind: 'decimal'; readonly value: Decimal }
  /** In the column's charset. */
  | { readonly kind: 'string'; readonly value: Uint8Array }
  /** TiDB's packed form; of a TIMESTAMP, in UTC. */
  | { readonly kind: 'time'; readonly packed: bigint }
  | { readonly kind: 'duration'; readonly nanoseconds: bigint };

/** A condition. Columns are given by their place in the scan's list. */
export type Condition =
  | { readonly kind: 'compare'; readonly op: ComparisonOp; readonly column: number; readonly value: Constant }
  /** `values` is not empty. */
  | { readonly kind: 'in'; readonly column: number; readonly values: readonly Constant[] }
  | { readonly kind: 'isNull'; readonly column: number }
  | { readonly kind: 'not'; readonly condition: Condition }
  /** Not empty. */
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] };

/** In which of TiKV's kinds of values a column is compared; undefined: in none that this client pushes down. */
export function comparisonKindOf(type: FieldType): Constant['kind'] | undefined {
  switch (type.tp) {
    case MysqlType.tiny:
    case MysqlType.short:
    case MysqlType.int24:
    case MysqlType.long:
    case MysqlType.longlong:
    case MysqlType.year:
      return 'int';
    case MysqlType.float:
    case MysqlType.double:
      return 'real';
    case MysqlType.newdecimal:
      return 'decimal';
    case MysqlType.varchar:
    case MysqlType.varString:
    case MysqlType.string:
    case MysqlType.tinyBlob:
    case MysqlType.blob:
    case MysqlType.mediumBlob:
    case MysqlType.longBlob:
      return 'string';
    case MysqlType.date:
    case MysqlType.newdate:
    case MysqlType.datetime:
    case MysqlType.timestamp:
      return 'time';
    case MysqlType.duration:
      return 'duration';
    case MysqlType.null:
    case MysqlType.bit:
    case MysqlType.enum:
    case MysqlType.set:
    case MysqlType.json:
    case MysqlType.geometry:
    case MysqlType.vectorFloat32:
      return undefined;
  }
}
