/** A single value, for slow paths; columns (column.ts) are how many values are held. */
import type { Decimal } from './decimal.js';

/**
 * A value whose type a FieldType tells:
 * - `null`: NULL;
 * - `bigint`: whatever lies in an i64 column (see {@link storageOf}): integers, YEAR, BIT, ENUM, SET, packed times,
 *   durations in nanoseconds; unsigned where {@link isUnsigned} says so;
 * - `number`: FLOAT, DOUBLE;
 * - `Decimal`: DECIMAL;
 * - `Uint8Array`: strings, JSON, VECTOR.
 */
export type Datum = null | bigint | number | Decimal | Uint8Array;
