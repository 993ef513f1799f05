/**
 * The beginning of a fenced transaction: its start ts, the fence and the TableInfos at it. It can be made ahead, while
 * there is nothing to write yet: three round trips that an epoch does not have to wait for then.
 *
 * Others may change what was read before the prewrite. That does no harm: all of it is written (the fence) or locked
 * (the keys of the TableInfos) by the same transaction, so that the prewrite meets the change as a write conflict. Only
 * a refusal writes nothing: it has to be found again at a start ts of its own time.
 */
import { withAbort } from '../base/abort.js';
import { TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import type { TikvCluster } from '../tikv/client.js';
import type { Snapshot } from '../tikv/snapshot.js';

/** What opens transactions. */
export interface OpeningParts {
  readonly cluster: Pick<TikvCluster, 'tso' | 'snapshots'>;
  readonly runtime: Runtime;
}

/** What to read. */
export interface OpeningReads {
  readonly fenceKey: Uint8Array;
  /** Of TableInfos, probably: what is missing is read when it is asked for. */
  readonly metaKeys: readonly Uint8Array[];
}

/** A transaction that has begun and of which nothing is written yet. */
export interface Opening {
  /** At the start ts. It has the TableInfos already. */
  readonly snapshot: Snapshot;
  /** undefined: there is none. */
  readonly fence: Uint8Array | undefined;
}

/** Begins a transaction. @throws BudgetError; the signal's reason. */
export async function open(
  { cluster }: OpeningParts,
  { fenceKey, metaKeys }: OpeningReads,
  signal: AbortSignal,
): Promise<Opening> {
  const snapshot = cluster.snapshots.at(await cluster.tso.next(signal));
  const [fence] = await Promise.all([snapshot.get(fenceKey, signal), snapshot.prefetch(metaKeys, signal)]);
  return { snapshot, fence };
}

/** Makes an owner's next opening ahead, one at a time. */
export class OpeningAhead {
  readonly #parts: OpeningParts;
  #making: Promise<void> = Promise.resolve();
  #made: { readonly opening: Opening; readonly atMs: number } | undefined;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  /** Begins to make one. What fails is left to whoever then opens for himself. */
  make(reads: OpeningReads, signal: AbortSignal): void {
    const { runtime } = this.#parts;
    const task = runtime.spawn('open the next epoch', async () => {
      try {
        const opening = await open(this.#parts, reads, signal);
        this.#made = { opening, atMs: runtime.monotonicMs() };
      } catch (error) {
        if (!signal.aborted && !(error instanceof TiviewError)) throw error;
      }
    });
    this.#making = task.done.catch(() => undefined);
  }

  /** The opening, waiting for one that is being made; undefined: there is none that is still fresh. */
  async take(signal: AbortSignal): Promise<Opening | undefined> {
    await withAbort(this.#making, signal);
    const made = this.#made;
    this.#made = undefined;
    const isFresh =
      made !== undefined && this.#parts.runtime.monotonicMs() - made.atMs <= limits.openingAgeMs;
    return isFresh ? made.opening : undefined;
  }
}
