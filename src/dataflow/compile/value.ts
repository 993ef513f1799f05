/**
 * Values of expressions in compiled code, as names of the variables (or texts without side effects) that hold them.
 * No value is an object: exact numbers are doubles while they fit in 53 bits and escape to a bigint beyond, strings are
 * places in memory.
 */

/** What every value has. */
interface Nullable {
  /** Text that says whether it is NULL; undefined: it never is. What else it holds then means nothing. */
  readonly isNull: string | undefined;
}

/** An integer, or a decimal as its unscaled value. */
export interface ExactValue extends Nullable {
  readonly kind: 'exact';
  /** A double that is an integer within ±2^53; holds where `wide` is undefined. */
  readonly small: string;
  /** A bigint, or undefined; no text: never wide. */
  readonly wide: string | undefined;
  readonly scale: number;
}

/** A double. */
export interface RealValue extends Nullable {
  readonly kind: 'real';
  readonly number: string;
}

/** 64 bits that mean something else than a number: a moment or a duration. */
export interface BitsValue extends Nullable {
  readonly kind: 'bits';
  /** The halves; no sign is meant. */
  readonly lo: string;
  readonly hi: string;
}

/** Bytes `start … end` of some memory. */
export interface BytesValue extends Nullable {
  readonly kind: 'bytes';
  readonly data: string;
  readonly start: string;
  readonly end: string;
}

/** Any value. */
export type Value = ExactValue | RealValue | BitsValue | BytesValue;

/** Where one of the values is NULL; undefined: nowhere. */
export function anyNull(values: readonly Value[]): string | undefined {
  const tests = values.map(({ isNull }) => isNull).filter((it) => it !== undefined);
  return tests.length === 0 ? undefined : `(${[...new Set(tests)].join(' || ')})`;
}
