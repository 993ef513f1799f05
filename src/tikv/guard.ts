/**
 * The one place before the wire (law 5). Some requests abort a TiKV process for everybody (TRUTH §0): those with an
 * empty list of keys, and those with a timestamp that PD has not given yet. None of them can leave this process:
 * every request to a region passes here first, and one that fails is a bug of ours, so it is an assertion.
 *
 * A timestamp counts as given when this process has seen a greater one from PD. One that came by way of TiKV (a
 * resolved ts, say) may be ahead of that: then PD is asked for a newer one, which must be greater.
 */
import { assert } from '../base/assert.js';
import { toHex } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import { MAX_TS, type Ts } from '../codec/tso.js';

/** What there is to check about a request. */
export interface Inspection {
  /** A list of keys that TiKV takes to be non-empty. */
  readonly keys?: readonly Uint8Array[];
  /** Bounds of ranges: they may be empty, but not too long. */
  readonly bounds?: readonly Uint8Array[];
  readonly values?: readonly Uint8Array[];
  /** Timestamps that must come from PD. */
  readonly timestamps?: readonly bigint[];
  /** The same, where u64::MAX ("latest", "regardless") is allowed too. */
  readonly timestampsOrMax?: readonly bigint[];
  /** Pairs of which the first must be less than the second. */
  readonly ordered?: readonly (readonly [bigint, bigint])[];
}

/** Where timestamps come from. */
export interface TimestampSource {
  /** The greatest one seen. */
  readonly highest: Ts;
  next(signal: AbortSignal): Promise<Ts>;
}

/** Checks requests. */
export class Guard {
  readonly #tso: TimestampSource;

  constructor(tso: TimestampSource) {
    this.#tso = tso;
  }

  /**
   * Lets a request pass.
   *
   * @throws AssertionError — it would hurt TiKV; what {@link TimestampSource.next} throws, if PD must be asked.
   */
  async admit(method: string, inspection: Inspection, signal: AbortSignal): Promise<void> {
    const { keys, bounds = [], values = [], ordered = [] } = inspection;
    if (keys !== undefined) checkKeys(method, keys);
    for (const bound of bounds) checkLength(method, bound);
    for (const value of values) {
      assert(value.length <= limits.valueBytes, `${method}: a value of ${value.length} bytes`);
    }
    for (const [less, more] of ordered) assert(less < more, `${method}: ${String(less)} ≥ ${String(more)}`);
    const greatest = greatestTs(method, inspection);
    if (greatest <= this.#tso.highest) return;
    const newest = await this.#tso.next(signal);
    assert(greatest <= newest, `${method}: timestamp ${String(greatest)} is ahead of PD's ${String(newest)}`);
  }
}

function greatestTs(method: string, { timestamps = [], timestampsOrMax = [] }: Inspection): bigint {
  let greatest = 0n;
  for (const ts of [...timestamps, ...timestampsOrMax.filter((t) => t !== MAX_TS)]) {
    assert(ts > 0n, `${method}: timestamp 0`);
    if (ts > greatest) greatest = ts;
  }
  return greatest;
}

function checkKeys(method: string, keys: readonly Uint8Array[]): void {
  assert(keys.length > 0, `${method}: no keys`);
  for (const key of keys) {
    assert(key.length > 0, `${method}: an empty key`);
    checkLength(method, key);
  }
}

function checkLength(method: string, key: Uint8Array): void {
  assert(
    key.length <= limits.keyBytes,
    `${method}: key of ${key.length} bytes: ${toHex(key.subarray(0, 40))}…`,
  );
}
