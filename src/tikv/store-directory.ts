/** Addresses of TiKV's stores, by id, from PD. TiFlash's stores hold copies of regions but do not serve this client. */
import { TiviewError } from '../base/errors.js';
import { SingleFlight } from '../base/single-flight.js';
import { PdReplyError } from './pd/pd-rpc.js';
import type { PdRegions } from './pd/pd-regions.js';
import { type StoreMessage, StoreState } from './proto-types.js';

/** A store has left the cluster, or is none that this client talks to. */
export class StoreGoneError extends TiviewError {
  override readonly name = 'StoreGoneError';

  constructor(storeId: bigint, detail: string, cause?: unknown) {
    super(`store ${String(storeId)}: ${detail}`, { kind: 'storeGone', side: 'pd', isRetryable: true, cause });
  }
}

/** Whether a store is TiFlash's. */
function isTiflash(store: StoreMessage): boolean {
  return store.labels.some(({ key, value }) => key === 'engine' && value.startsWith('tiflash'));
}

/** Addresses of stores. */
export class StoreDirectory {
  readonly #pd: Pick<PdRegions, 'store'>;
  readonly #addresses = new Map<bigint, string>();
  readonly #loading = new SingleFlight<bigint, string>();

  constructor(pd: Pick<PdRegions, 'store'>) {
    this.#pd = pd;
  }

  /**
   * `host:port` of a TiKV store.
   *
   * @throws StoreGoneError — it is no longer part of the cluster, or is not TiKV.
   */
  async address(storeId: bigint, signal: AbortSignal): Promise<string> {
    return (
      this.#addresses.get(storeId) ??
      (await this.#loading.run(storeId, (shared) => this.#load(storeId, shared), signal))
    );
  }

  /** The next {@link address} asks PD again. */
  forget(storeId: bigint): void {
    this.#addresses.delete(storeId);
  }

  async #load(storeId: bigint, signal: AbortSignal): Promise<string> {
    const store = await this.#ask(storeId, signal);
    if (store === null || store.state === StoreState.tombstone) {
      throw new StoreGoneError(storeId, 'no longer in the cluster');
    }
    if (isTiflash(store)) throw new StoreGoneError(storeId, 'is TiFlash');
    if (store.address === '') throw new StoreGoneError(storeId, 'has no address');
    this.#addresses.set(storeId, store.address);
    return store.address;
  }

  async #ask(storeId: bigint, signal: AbortSignal): Promise<StoreMessage | null> {
    try {
      return await this.#pd.store(storeId, signal);
    } catch (error) {
      if (error instanceof PdReplyError) throw new StoreGoneError(storeId, error.message, error);
      throw error;
    }
  }
}
