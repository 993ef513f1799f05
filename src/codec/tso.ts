/**
 * Timestamps of PD: 46 bits of milliseconds since 1970, 18 bits of a counter within the millisecond. They exceed
 * 2^53, so they are bigints from end to end. They come from PD, never from a clock (law 5).
 *
 * @see tikv/pd pkg/tso, tikv/client-go oracle/oracle.go
 */

/** A timestamp that PD has given, or that TiKV has given back. */
export type Ts = bigint & { readonly brand: 'Ts' };

const LOGICAL_BITS = 18n;

/** Before everything. */
export const ZERO_TS = 0n as Ts;

/** u64::MAX: "the latest version" where a protocol allows it; exempt from TiKV's max_ts check (TRUTH §0). */
export const MAX_TS = 0xffff_ffff_ffff_ffffn as Ts;

/** Brands a number that came from PD or TiKV. */
export function ts(value: bigint): Ts {
  return value as Ts;
}

/** Timestamp from its parts. */
export function composeTs(physicalMs: bigint, logical: bigint): Ts {
  return ((physicalMs << LOGICAL_BITS) | logical) as Ts;
}

/** Milliseconds since 1970 by PD's clock. */
export function physicalMs(value: Ts): bigint {
  return value >> LOGICAL_BITS;
}

/** The lesser of two. */
export function minTs(a: Ts, b: Ts): Ts {
  return a < b ? a : b;
}

/** The greater of two. */
export function maxTs(a: Ts, b: Ts): Ts {
  return a > b ? a : b;
}

/** The moment some milliseconds before, at the beginning of its millisecond; not before {@link ZERO_TS}. */
export function earlier(value: Ts, ms: bigint): Ts {
  const physical = physicalMs(value) - ms;
  return physical > 0n ? composeTs(physical, 0n) : ZERO_TS;
}
