/** Arbitrary types and values for properties. */
import fc from 'fast-check';
import { utf8 } from '../../../../src/base/bytes.js';
import type { Datum } from '../../../../src/codec/datum.js';
import { Decimal } from '../../../../src/codec/decimal.js';
import type { FieldType } from '../../../../src/codec/field-type.js';
import { packTime } from '../../../../src/codec/packed-time.js';
import { fieldType } from '../../../unit/codec/support/field-types.js';

/** A type and a way to make its values, never NULL. */
export interface TypedValues {
  readonly type: FieldType;
  readonly values: fc.Arbitrary<Exclude<Datum, null>>;
  /** Whether it can be in a key. */
  readonly isKey: boolean;
}

function integers(sql: string, bits: number): TypedValues {
  const isUnsigned = sql.includes('unsigned') || sql.startsWith('bit');
  const min = isUnsigned ? 0n : -(1n << BigInt(bits - 1));
  const max = isUnsigned ? (1n << BigInt(bits)) - 1n : (1n << BigInt(bits - 1)) - 1n;
  return { type: fieldType(sql), values: fc.bigInt({ min, max }), isKey: true };
}

function decimals(precision: number, scale: number): TypedValues {
  const limit = 10n ** BigInt(precision) - 1n;
  const small = fc.bigInt({ min: -9999n, max: 9999n }).filter((value) => value <= limit && value >= -limit);
  const values = fc
    .oneof(small, fc.bigInt({ min: -limit, max: limit }))
    .map((unscaled) => new Decimal(unscaled, scale));
  return { type: fieldType(`decimal(${precision},${scale})`), values, isKey: true };
}

const TIMES = fc
  .record({
    year: fc.integer({ min: 0, max: 9999 }),
    month: fc.integer({ min: 0, max: 12 }),
    day: fc.integer({ min: 0, max: 31 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 59 }),
    microsecond: fc.integer({ min: 0, max: 999_999 }),
  })
  .map(packTime);

/** Zero is positive: a stored −0 becomes 0. */
const DOUBLES = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

/** Strings that are interesting to collations: case, accents, trailing spaces, beyond the basic plane. */
export const TEXTS = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'A', 'ä', 'Ä', 'ß', 's', ' ', 'z', '中', '😀', '\u0000'),
    maxLength: 24,
  }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

function texts(sql: string): TypedValues {
  return { type: fieldType(sql), values: TEXTS.map(utf8), isKey: true };
}

/** Types of every form, with their values. */
export const TYPES: readonly TypedValues[] = [
  integers('tinyint', 8),
  integers('int unsigned', 32),
  integers('bigint', 64),
  integers('bigint unsigned', 64),
  integers('bit(64)', 64),
  { type: fieldType('year'), values: fc.bigInt({ min: 0n, max: 2155n }), isKey: true },
  { type: fieldType("enum('a','b','c')"), values: fc.bigInt({ min: 0n, max: 3n }), isKey: true },
  { type: fieldType("set('a','b','c')"), values: fc.bigInt({ min: 0n, max: 7n }), isKey: true },
  { type: fieldType('datetime(6)'), values: TIMES, isKey: true },
  {
    type: fieldType('time(6)'),
    values: fc.bigInt({ min: -3_020_399_000_000_000n, max: 3_020_399_000_000_000n }),
    isKey: true,
  },
  { type: fieldType('double'), values: DOUBLES, isKey: true },
  {
    type: fieldType('float'),
    values: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    isKey: true,
  },
  decimals(10, 2),
  decimals(15, 0),
  decimals(16, 5),
  decimals(5, 5),
  decimals(65, 30),
  texts('varchar(60)'),
  texts('varchar(60) collate utf8mb4_general_ci'),
  texts('varchar(60) collate utf8mb4_0900_bin'),
  { type: fieldType('char(60)'), values: TEXTS.map((text) => utf8(text.replace(/ +$/, ''))), isKey: true },
  { type: fieldType('varbinary(60)'), values: fc.uint8Array({ maxLength: 60 }), isKey: true },
  { type: fieldType('text'), values: TEXTS.map(utf8), isKey: false },
  {
    type: fieldType('json'),
    values: fc.constantFrom(Uint8Array.of(4, 0), Uint8Array.of(9, 1, 0, 0, 0, 0, 0, 0, 0)),
    isKey: false,
  },
  {
    type: fieldType('vector'),
    values: fc.constantFrom(Uint8Array.of(0, 0, 0, 0), Uint8Array.of(1, 0, 0, 0, 0, 0, 0x80, 0x3f)),
    isKey: false,
  },
];

/** Negative, zero or positive; values are of the same type. Strings are compared by whoever asks. */
export function compareDatums(a: Datum, b: Datum): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (a instanceof Decimal && b instanceof Decimal) return a.compare(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
