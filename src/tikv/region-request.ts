/**
 * Sends one request to one region and lives with what regions do: change leaders, split, merge, are busy, die.
 *
 * What stays inside: the same request to the same region in the same shape, as long as that can work. What comes out
 * is either the reply, or that the region is no longer what the caller took it for: then he must ask again where his
 * keys are, and split his request accordingly.
 *
 * A request whose reply was lost is repeated: all of TiKV's transactional requests are idempotent. The exception is
 * the one that decides a transaction, for which a lost reply is an outcome (`repeatLost: false`).
 */
import type { Backoff } from '../base/backoff.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Transport } from '../base/transport.js';
import { backoffKinds } from './backoff-kinds.js';
import type { Guard } from './guard.js';
import type { Body, KvMethod } from './kv-methods.js';
import {
  type Context,
  type MessageInput,
  RequestOrigin,
  type WithContext,
  type WithRegionError,
} from './proto-types.js';
import type { Region } from './region.js';
import type { RegionCache } from './region-cache.js';
import { type Attempts, RegionReactions, type Verdict } from './region-reactions.js';
import { RpcError } from './rpc-error.js';
import { StoreGoneError } from './store-directory.js';

/** What came of a request. */
export type RegionReply<R> =
  | { readonly kind: 'reply'; readonly response: R; readonly region: Region }
  /** The keys are elsewhere now: locate them again. */
  | { readonly kind: 'resplit' }
  /** Too large for one raft entry. */
  | { readonly kind: 'tooLarge' }
  /** Sent, no answer: done or not done. Only with `repeatLost: false`. */
  | { readonly kind: 'lost'; readonly cause: Error };

/** Parts of a request's context that its sender chooses. */
export type RequestContext = Partial<
  Pick<Context, 'priority' | 'notFillCache' | 'resolvedLocks' | 'committedLocks' | 'txnSource'>
>;

/** How a request is to be sent. */
export interface SendOptions {
  readonly context?: RequestContext;
  /** Default true. */
  readonly repeatLost?: boolean;
  /** The budget of the whole operation of which this request is a part. */
  readonly backoff: Backoff;
}

/** What requests to regions need. */
export interface RegionRequesterParts {
  readonly transport: Transport;
  readonly regions: RegionCache;
  readonly guard: Guard;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly clusterId: bigint;
}

/** Sends requests to regions. */
export class RegionRequester {
  readonly regions: RegionCache;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly #parts: RegionRequesterParts;
  readonly #reactions: RegionReactions;

  constructor(parts: RegionRequesterParts) {
    this.regions = parts.regions;
    this.runtime = parts.runtime;
    this.telemetry = parts.telemetry;
    this.#parts = parts;
    this.#reactions = new RegionReactions(parts);
  }

  /**
   * Sends a request to a region. Aborted, it may still be executed.
   *
   * @throws BudgetError — the operation's budget ran out; RegionRefusedError; RpcError — hopeless; AssertionError —
   *   the guard refused it.
   */
  async send<Q extends WithContext, R extends WithRegionError>(
    method: KvMethod<Q, R>,
    region: Region,
    body: Body<Q>,
    options: SendOptions,
    signal: AbortSignal,
  ): Promise<RegionReply<R>> {
    await this.#parts.guard.admit(method.name, method.inspect(body), signal);
    const attempts: Attempts = { backoff: options.backoff, redirects: 0, failures: 0 };
    const repeatLost = options.repeatLost ?? true;
    let target = region;
    for (let attempt = 0; ; attempt++) {
      const context = this.#context(target, options.context, attempt > 0);
      const outcome = await this.#call(
        method,
        { ...body, context } as unknown as MessageInput<Q>,
        target,
        signal,
      );
      let verdict: Verdict;
      if (outcome.kind === 'storeGone') {
        verdict = await this.#reactions.onStoreGone(outcome.cause, target, attempts, signal);
      } else if (outcome.kind === 'lost') {
        if (!repeatLost) return outcome;
        verdict = await this.#reactions.onLostCall(outcome.cause, target, attempts, signal);
      } else if (outcome.response.regionError === null) {
        return { kind: 'reply', response: outcome.response, region: target };
      } else {
        verdict = await this.#reactions.onRegionError(outcome.response.regionError, target, attempts, signal);
      }
      if (verdict === 'undetermined') {
        const cause = new Error('the store does not know the result');
        if (!repeatLost) return { kind: 'lost', cause };
        await options.backoff.pause(backoffKinds.rpc, cause, signal);
      }
      if (verdict === 'resplit' || verdict === 'tooLarge') return { kind: verdict };
      const current = this.regions.current(target);
      if (current === undefined) return { kind: 'resplit' };
      target = current;
    }
  }

  async #call<Q extends WithContext, R extends WithRegionError>(
    method: KvMethod<Q, R>,
    request: MessageInput<Q>,
    region: Region,
    signal: AbortSignal,
  ): Promise<CallOutcome<R>> {
    let address: string;
    try {
      address = await this.regions.storeAddress(region.leader.storeId, signal);
    } catch (error) {
      if (error instanceof StoreGoneError) return { kind: 'storeGone', cause: error };
      throw error;
    }
    try {
      const bytes = await this.#parts.transport.unary(
        address,
        method.path,
        method.request.encode(request),
        signal,
      );
      return { kind: 'answered', response: method.response.decode(bytes) };
    } catch (error) {
      if (error instanceof RpcError && error.isRetryable) return { kind: 'lost', cause: error };
      throw error;
    }
  }

  #context(region: Region, chosen: RequestContext = {}, isRetryRequest: boolean): MessageInput<Context> {
    return {
      ...chosen,
      regionId: region.id,
      regionEpoch: region.epoch,
      peer: { id: region.leader.peerId, storeId: region.leader.storeId },
      clusterId: this.#parts.clusterId,
      requestSource: 'tiview',
      // Our timestamps come from this cluster's PD, as TiDB's do; without it TiKV asks PD about each (TRUTH §0).
      requestOrigin: RequestOrigin.tidb,
      // Beyond, nobody listens any more.
      maxExecutionDurationMs: BigInt(limits.rpcAttemptMs),
      isRetryRequest,
    };
  }
}

type CallOutcome<R> =
  | { readonly kind: 'answered'; readonly response: R }
  | { readonly kind: 'lost'; readonly cause: RpcError }
  | { readonly kind: 'storeGone'; readonly cause: StoreGoneError };
