/**
 * Keeps a transaction's primary alive while its owner works: its life is counted anew every second, so that a dead
 * owner holds others up for no longer than the lock's time to live.
 */
import { Backoff } from '../../base/backoff.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Task } from '../../base/runtime.js';
import { KeyRefusedError } from '../key-errors.js';
import { kvMethods } from '../kv-methods.js';
import type { TxnHeader, TxnParts } from './txn-parts.js';

/** The transaction was rolled back under its owner's hands: its time was over, or somebody took over. */
class LockGoneError extends TiviewError {
  override readonly name = 'LockGoneError';

  constructor(startTs: bigint, detail: string) {
    super(`transaction ${String(startTs)} has lost its lock: ${detail}`, {
      kind: 'lockGone',
      side: 'tikv',
      isRetryable: false,
    });
  }
}

/** Heartbeats of one transaction. */
export class Heartbeat {
  readonly #parts: TxnParts;
  readonly #header: TxnHeader;
  readonly #gone = new AbortController();
  #task: Task | undefined;

  constructor(parts: TxnParts, header: TxnHeader) {
    this.#parts = parts;
    this.#header = header;
  }

  /** Aborted, with a {@link LockGoneError}, when the lock is found missing: the transaction cannot commit any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  start(): void {
    this.#task ??= this.#parts.requester.runtime.spawn('heartbeat', (signal) => this.#run(signal));
  }

  async stop(): Promise<void> {
    await this.#task?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { runtime, telemetry } = this.#parts.requester;
    for (;;) {
      await runtime.sleep(limits.heartbeatMs, signal);
      try {
        await this.#beat(signal);
      } catch (error) {
        if (error instanceof KeyRefusedError) {
          this.#gone.abort(new LockGoneError(this.#header.startTs, error.message));
          return;
        }
        signal.throwIfAborted();
        if (!(error instanceof TiviewError)) throw error;
        // The next beat may get through; if none does, the lock ends by itself.
        telemetry.log.warn('a heartbeat was missed', { startTs: this.#header.startTs, error: error.message });
      }
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { requester, tso } = this.#parts;
    const { primary, startTs, lockTtlMs } = this.#header;
    const backoff = new Backoff(requester.runtime, 'heartbeat', 'tikv', lockTtlMs);
    for (;;) {
      const adviseLockTtl = BigInt(Math.ceil(tso.elapsedSinceMs(startTs)) + lockTtlMs);
      const region = await requester.regions.locate(primary, signal);
      const body = { primaryLock: primary, startVersion: startTs, adviseLockTtl };
      const reply = await requester.send(kvMethods.txnHeartBeat, region, body, { backoff }, signal);
      if (reply.kind !== 'reply') continue;
      const { error } = reply.response;
      if (error === null) return;
      throw new KeyRefusedError('heartbeat', error);
    }
  }
}
