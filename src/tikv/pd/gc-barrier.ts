/**
 * Keeps TiKV's garbage collection from history that is still needed: scans and feeds below the safe point lose
 * versions without a word (TRUTH §1), so everything that reads at a ts holds a barrier at it first.
 *
 * New PD has barriers (`SetGCBarrier`, kvproto ≥ 2025); older ones have service safe points, where success must be
 * read off the reply: a request that came too late is ignored, not refused (TRUTH §7).
 *
 * @see tikv/pd pkg/gc/gc_state_manager.go
 */
import { assert } from '../../base/assert.js';
import { utf8 } from '../../base/bytes.js';
import { TiviewError } from '../../base/errors.js';
import type { Ts } from '../../codec/tso.js';
import { RpcError } from '../rpc-error.js';
import { PdReplyError, type PdRpc, pdMethod } from './pd-rpc.js';
import type {
  DeleteGcBarrierRequest,
  PdReply,
  SetGcBarrierRequest,
  UpdateServiceGcSafePointRequest,
  UpdateServiceGcSafePointResponse,
} from './pd-types.js';

const setGcBarrier = pdMethod<SetGcBarrierRequest, PdReply>('SetGCBarrier');
const deleteGcBarrier = pdMethod<DeleteGcBarrierRequest, PdReply>('DeleteGCBarrier');
const updateServiceGcSafePoint = pdMethod<UpdateServiceGcSafePointRequest, UpdateServiceGcSafePointResponse>(
  'UpdateServiceGCSafePoint',
);

/** History at a ts is no longer whole: some of its versions may have been collected. */
export class HistoryGoneError extends TiviewError {
  override readonly name = 'HistoryGoneError';
  /** What was asked for. */
  readonly ts: Ts;

  constructor(ts: Ts, detail: string, cause?: unknown) {
    super(`history at ${String(ts)} may have been collected: ${detail}`, {
      kind: 'historyGone',
      side: 'pd',
      isRetryable: false,
      cause,
    });
    this.ts = ts;
  }
}

/** One barrier, by its name. Held again before its time to live ends, it lasts; if the holder dies, it expires. */
export class GcBarrier {
  readonly #rpc: PdRpc;
  readonly #name: string;
  #held: { readonly ts: Ts; readonly ttlSeconds: number } | undefined;
  /** undefined until PD has been asked once. */
  #hasBarriers: boolean | undefined;

  /** @param name - unique in the cluster, `tiview/<who>`. */
  constructor(rpc: PdRpc, name: string) {
    assert(name !== '' && name !== 'gc_worker', `barrier name '${name}' is reserved`);
    this.#rpc = rpc;
    this.#name = name;
  }

  /** Where the barrier stands, as far as this process knows. */
  get heldTs(): Ts | undefined {
    return this.#held?.ts;
  }

  /**
   * Sets the barrier, or moves it. When this returns, every version visible at `ts` or later is still there, and
   * stays for `ttlSeconds`.
   *
   * @param ttlSeconds - > 0.
   * @throws HistoryGoneError — it is too late; an earlier barrier of this name stands as it was.
   */
  async hold(ts: Ts, ttlSeconds: number, signal: AbortSignal): Promise<void> {
    assert(ttlSeconds > 0, `barrier ttl ${ttlSeconds} s must be positive`);
    assert(ts > 0n, 'a barrier needs a timestamp');
    const isSet = this.#hasBarriers !== false && (await this.#setBarrier(ts, ttlSeconds, signal));
    if (!isSet) await this.#setServiceSafePoint(ts, ttlSeconds, signal);
    this.#held = { ts, ttlSeconds };
  }

  /**
   * Holds the same again, for as long again.
   *
   * @throws HistoryGoneError — it had expired, and collection has gone on.
   */
  async refresh(signal: AbortSignal): Promise<void> {
    assert(this.#held !== undefined, `barrier ${this.#name} is refreshed but not held`);
    await this.hold(this.#held.ts, this.#held.ttlSeconds, signal);
  }

  /** Takes the barrier away, held or not. */
  async release(signal: AbortSignal): Promise<void> {
    this.#held = undefined;
    if (this.#hasBarriers !== false && (await this.#deleteBarrier(signal))) return;
    await this.#rpc.call(
      updateServiceGcSafePoint,
      { serviceId: utf8(this.#name), TTL: 0n, safePoint: 0n },
      signal,
    );
  }

  /** @returns false when this PD has no barriers. */
  async #setBarrier(ts: Ts, ttlSeconds: number, signal: AbortSignal): Promise<boolean> {
    const request = { barrierId: this.#name, barrierTs: ts, ttlSeconds: BigInt(Math.ceil(ttlSeconds)) };
    try {
      await this.#rpc.call(setGcBarrier, request, signal);
    } catch (error) {
      if (this.#isMissing(error)) return false;
      if (error instanceof PdReplyError && /BehindTxnSafePoint/.test(error.message)) {
        throw new HistoryGoneError(ts, error.message, error);
      }
      throw error;
    }
    this.#hasBarriers = true;
    return true;
  }

  async #deleteBarrier(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#rpc.call(deleteGcBarrier, { barrierId: this.#name }, signal);
    } catch (error) {
      if (this.#isMissing(error)) return false;
      throw error;
    }
    return true;
  }

  #isMissing(error: unknown): boolean {
    if (!(error instanceof RpcError) || !error.isUnimplemented) return false;
    this.#hasBarriers = false;
    return true;
  }

  async #setServiceSafePoint(ts: Ts, ttlSeconds: number, signal: AbortSignal): Promise<void> {
    const request = { serviceId: utf8(this.#name), TTL: BigInt(Math.ceil(ttlSeconds)), safePoint: ts };
    const { minSafePoint } = await this.#rpc.call(updateServiceGcSafePoint, request, signal);
    if (minSafePoint > ts) throw new HistoryGoneError(ts, `PD's safe point is ${String(minSafePoint)}`);
  }
}
