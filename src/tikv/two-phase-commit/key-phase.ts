/**
 * The phases that are only lists of keys: committing the secondaries and rolling back. Few keys an RPC, because
 * TiKV's time grows faster than linearly with them; never none, because that aborts TiKV (TRUTH §0, §4).
 */
import { Backoff } from '../../base/backoff.js';
import { Semaphore, allOrAbort } from '../concurrency.js';
import { TiviewError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { KeyRefusedError } from '../key-errors.js';
import { groupByRegion, pieces } from '../key-groups.js';
import { kvMethods } from '../kv-methods.js';
import { CommitRole, type WithKeyError } from '../proto-types.js';
import type { Region } from '../region.js';
import type { RegionReply, SendOptions } from '../region-request.js';
import type { TxnHeader, TxnParts } from './txn-parts.js';

type SendKeys = (
  region: Region,
  keys: readonly Uint8Array[],
  options: SendOptions,
  signal: AbortSignal,
) => Promise<RegionReply<WithKeyError>>;

/**
 * Commits the other keys of a transaction whose primary is committed. What does not get through is no harm: whoever
 * meets such a lock finishes it.
 *
 * @returns how many keys were not confirmed.
 * @throws the signal's reason.
 */
export async function commitSecondaryKeys(
  parts: TxnParts,
  header: TxnHeader,
  secondaries: { readonly keys: readonly Uint8Array[]; readonly commitTs: bigint },
  signal: AbortSignal,
): Promise<number> {
  const { requester } = parts;
  let confirmed = 0;
  const send: SendKeys = async (region, keys, options, batchSignal) => {
    const body = {
      startVersion: header.startTs,
      keys,
      commitVersion: secondaries.commitTs,
      commitRole: CommitRole.secondary,
      primaryKey: header.primary,
    };
    const reply = await requester.send(kvMethods.commit, region, body, options, batchSignal);
    if (reply.kind === 'reply' && reply.response.error === null) confirmed += keys.length;
    return reply;
  };
  try {
    await new KeyPhase(parts, header, 'commit secondaries', send).run(secondaries.keys, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TiviewError)) throw error;
    requester.telemetry.log.warn('some secondaries are left to whoever meets them', { error: error.message });
  }
  return secondaries.keys.length - confirmed;
}

/**
 * Rolls a transaction back: its locks go, and a record stays that keeps late prewrites out.
 *
 * @throws KeyRefusedError — it is committed; BudgetError; the signal's reason. Some keys may have been rolled back.
 */
export async function rollBackKeys(
  parts: TxnParts,
  header: TxnHeader,
  keys: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> {
  const send: SendKeys = (region, some, options, batchSignal) => {
    const body = { startVersion: header.startTs, keys: some };
    return parts.requester.send(kvMethods.batchRollback, region, body, options, batchSignal);
  };
  await new KeyPhase(parts, header, 'roll back', send).run(keys, signal);
}

/** Sends lists of keys, by region, side by side. */
class KeyPhase {
  readonly #parts: TxnParts;
  readonly #name: string;
  readonly #send: SendKeys;
  readonly #options: SendOptions;
  readonly #semaphore = new Semaphore(limits.transactionRpcsInFlight);

  constructor(parts: TxnParts, header: TxnHeader, name: string, send: SendKeys) {
    this.#parts = parts;
    this.#name = name;
    this.#send = send;
    this.#options = {
      backoff: new Backoff(parts.requester.runtime, name, 'tikv', limits.writeBudgetMs),
      context: { txnSource: BigInt(header.txnSource) },
    };
  }

  async run(keys: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const groups = await groupByRegion(this.#parts.requester.regions, keys, (key) => key, signal);
    const works = groups.flatMap(({ region, items }) =>
      pieces(items, limits.commitKeysPerRpc).map(
        (piece) => (shared: AbortSignal) => this.#runPiece(region, piece, shared),
      ),
    );
    await allOrAbort(works, signal);
  }

  async #runPiece(region: Region, keys: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const reply = await this.#semaphore.run(() => this.#send(region, keys, this.#options, signal), signal);
    if (reply.kind !== 'reply') return this.run(keys, signal);
    if (reply.response.error !== null) throw new KeyRefusedError(this.#name, reply.response.error);
  }
}
