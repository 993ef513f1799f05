/**
 * Timestamps from PD, over one stream.
 *
 * All who ask within one tick share a request for as many timestamps; requests are pipelined, replies come in order.
 * When the stream breaks, what was not answered is asked again on the next one: the timestamps lost on the way
 * belong to nobody. Invariant: every timestamp given is greater than all given before, across streams and leaders.
 *
 * A reply carries the last timestamp of its batch: the first is `logical − count + 1`.
 *
 * @see tikv/pd pkg/tso/tso.go, client/clients/tso/client.go
 */
import { assert } from '../../base/assert.js';
import { Backoff } from '../../base/backoff.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Runtime, Task } from '../../base/runtime.js';
import { StoppedError } from '../../base/runtime.js';
import type { DuplexStream, Transport } from '../../base/transport.js';
import { type Ts, ZERO_TS, composeTs, physicalMs, ts } from '../../codec/tso.js';
import { backoffKinds } from '../backoff-kinds.js';
import { messageCodec } from '../proto.js';
import { RpcCode, RpcError } from '../rpc-error.js';
import type { PdMembers } from './pd-members.js';
import { PdReplyError, isWorthRetrying, refreshQuietly } from './pd-rpc.js';
import type { TsoRequest, TsoResponse } from './pd-types.js';

const METHOD = '/pdpb.PD/Tso';
const request = messageCodec<TsoRequest>('pdpb.TsoRequest');
const response = messageCodec<TsoResponse>('pdpb.TsoResponse');

interface Waiter {
  readonly give: (value: Ts) => void;
  readonly fail: (error: Error) => void;
}

interface Batch {
  readonly waiters: readonly Waiter[];
  readonly sentMs: number;
}

/** What the client is built from. */
export interface TsoParts {
  readonly transport: Transport;
  readonly members: PdMembers;
  readonly runtime: Runtime;
}

/** Gives timestamps; closed by `close`. */
export class TsoClient {
  readonly #parts: TsoParts;
  readonly #task: Task;
  readonly #inFlight: Batch[] = [];
  #waiting: Waiter[] = [];
  #stream: { readonly duplex: DuplexStream; readonly giveUp: (reason: Error) => void } | undefined;
  #wake: (() => void) | undefined;
  #isFlushDue = false;
  #isClosed = false;
  #highest = ZERO_TS;
  #highestSeenAtMs = 0;

  constructor(parts: TsoParts) {
    this.#parts = parts;
    this.#task = parts.runtime.spawn('tso', (signal) => this.#run(signal));
  }

  /** The greatest timestamp given so far; zero before the first. */
  get highest(): Ts {
    return this.#highest;
  }

  /**
   * Milliseconds of PD's clock from `start` to now, from the last timestamp seen and the time since. For how long a
   * lock should live, never for a timestamp: those come from PD (law 5).
   */
  elapsedSinceMs(start: Ts): number {
    const sinceSeen = this.#parts.runtime.monotonicMs() - this.#highestSeenAtMs;
    return Math.max(0, Number(physicalMs(this.#highest) - physicalMs(start)) + sinceSeen);
  }

  /**
   * A new timestamp, greater than every one given before this call.
   *
   * @throws BudgetError — PD had no leader for `limits.rpcBudgetMs`; the signal's reason.
   */
  next(signal: AbortSignal): Promise<Ts> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#isClosed) {
        reject(signal.aborted ? (signal.reason as Error) : closed());
        return;
      }
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        give: (value) => {
          signal.removeEventListener('abort', onAbort);
          resolve(value);
        },
        fail: (error) => {
          signal.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#flushSoon();
    });
  }

  /** Ends the stream; whoever waits gets an error. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#task.stop();
    this.#failAll(closed());
  }

  #flushSoon(): void {
    this.#wake?.();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    while (this.#waiting.length > 0 && this.#inFlight.length < limits.tsoMessagesInFlight) {
      const waiters = this.#waiting.splice(0, limits.tsoBatch);
      this.#inFlight.push({ waiters, sentMs: this.#parts.runtime.monotonicMs() });
      const header = { clusterId: this.#parts.members.clusterId, callerId: 'tiview' };
      stream.duplex.write(request.encode({ header, count: waiters.length })).catch(stream.giveUp);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    let backoff = this.#newBackoff();
    for (;;) {
      await this.#somebodyWaits(signal);
      const before = this.#highest;
      try {
        await this.#session(signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#askAgain();
        if (this.#highest > before) backoff = this.#newBackoff();
        backoff = await this.#recover(error, backoff, signal);
      }
    }
  }

  #newBackoff(): Backoff {
    return new Backoff(this.#parts.runtime, 'TSO', 'pd', limits.rpcBudgetMs);
  }

  /** Waits before the next stream, or gives up on those who wait. */
  async #recover(error: unknown, backoff: Backoff, signal: AbortSignal): Promise<Backoff> {
    try {
      if (!isWorthRetrying(error)) throw error;
      await backoff.pause(backoffKinds.pd, error, signal);
      await refreshQuietly(this.#parts.members, signal);
      return backoff;
    } catch (final) {
      signal.throwIfAborted();
      this.#failAll(final as Error);
      if (!(final instanceof TiviewError)) throw final;
      return this.#newBackoff();
    }
  }

  /** Serves waiters over one stream until it breaks. */
  async #session(signal: AbortSignal): Promise<void> {
    const { transport, members, runtime } = this.#parts;
    const over = new AbortController();
    const sessionSignal = AbortSignal.any([signal, over.signal]);
    const giveUp = (reason: Error): void => over.abort(reason);
    const address = members.leader;
    const duplex = transport.duplex(address, METHOD, {}, sessionSignal);
    const watch = runtime.spawn('tso-watch', (s) => this.#watch(address, giveUp, s));
    this.#stream = { duplex, giveUp };
    try {
      this.#flush();
      for await (const bytes of duplex) {
        this.#receive(response.decode(bytes));
        this.#flush();
      }
    } finally {
      this.#stream = undefined;
      over.abort(new StoppedError('tso session'));
      await watch.stop();
    }
    throw new RpcError(RpcCode.unavailable, 'the stream ended', { address, method: METHOD });
  }

  /** Ends a session whose oldest request is not answered: a stopped process keeps its connections. */
  async #watch(address: string, giveUp: (reason: Error) => void, signal: AbortSignal): Promise<void> {
    const { runtime } = this.#parts;
    for (;;) {
      await runtime.sleep(limits.tsoAttemptMs / 4, signal);
      const oldest = this.#inFlight[0];
      if (oldest === undefined || runtime.monotonicMs() - oldest.sentMs < limits.tsoAttemptMs) continue;
      giveUp(new RpcError(RpcCode.deadlineExceeded, 'no timestamp came', { address, method: METHOD }));
      return;
    }
  }

  #receive(reply: TsoResponse): void {
    const error = reply.header?.error ?? null;
    if (error !== null && error.type !== 0) throw new PdReplyError('Tso', error.type, error.message);
    const batch = this.#inFlight.shift();
    assert(batch !== undefined, 'PD sent a timestamp that nobody asked for');
    const { waiters } = batch;
    assert(reply.count === waiters.length, `asked for ${waiters.length} timestamps, got ${reply.count}`);
    const { physical, logical, suffixBits } = reply.timestamp ?? { physical: 0n, logical: 0n, suffixBits: 0 };
    if (suffixBits !== 0) throw localTso();
    const last = composeTs(physical, logical);
    const first = last - BigInt(waiters.length) + 1n;
    assert(first > this.#highest, `PD gave timestamp ${String(first)} after ${String(this.#highest)}`);
    this.#highest = last;
    this.#highestSeenAtMs = this.#parts.runtime.monotonicMs();
    waiters.forEach((waiter, i) => waiter.give(ts(first + BigInt(i))));
  }

  /** What was sent and not answered goes to the front of the queue again. */
  #askAgain(): void {
    const unanswered = this.#inFlight.splice(0).flatMap((batch) => batch.waiters);
    this.#waiting = [...unanswered, ...this.#waiting];
  }

  #failAll(error: Error): void {
    this.#askAgain();
    for (const waiter of this.#waiting.splice(0)) waiter.fail(error);
  }

  #somebodyWaits(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length > 0) {
        resolve();
        return;
      }
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        this.#wake = undefined;
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
    });
  }
}

function closed(): StoppedError {
  return new StoppedError('the TSO client is closed');
}

function localTso(): TiviewError {
  return new TiviewError('PD uses local TSO (suffix bits), which this client does not know', {
    kind: 'localTso',
    side: 'pd',
    isRetryable: false,
  });
}
