/** Which epochs `<schema>.epochs` still lists, so that old ones can be forgotten along with new commits. */
import { DEFAULT_GROUP } from '../commit/registry-schema.js';
import { type SystemTable, numberIn } from '../commit/system-table.js';
import { type Ts, physicalMs, ts } from '../codec/tso.js';
import type { Snapshot } from '../tikv/snapshot.js';

/** Epochs forgotten by one commit, at most. */
const FORGET_AT_ONCE = 64;

/** The epochs on record, oldest first. */
export class EpochHistory {
  readonly #keptMs: bigint;
  readonly #epochs: { readonly epoch: bigint; readonly commitTs: Ts }[] = [];

  /** @param keptMs - for how long TiDB keeps old versions: nobody can read as of an earlier time. */
  constructor(keptMs: number) {
    this.#keptMs = BigInt(keptMs);
  }

  /** Reads what is on record. */
  async load(table: SystemTable, snapshot: Snapshot, signal: AbortSignal): Promise<void> {
    const { start, end } = table.range;
    for await (const page of snapshot.scan(start, end, {}, signal)) {
      for (const { key, value } of page) {
        const record = table.decode(key, value);
        if (numberIn(record, 'group_id') !== DEFAULT_GROUP) continue;
        this.add(numberIn(record, 'epoch'), ts(numberIn(record, 'commit_ts')));
      }
    }
  }

  add(epoch: bigint, commitTs: Ts): void {
    this.#epochs.push({ epoch, commitTs });
  }

  /** Epochs that nobody can ask for any more at `now`; they leave this list. */
  takeForgettable(now: Ts): readonly bigint[] {
    const taken: bigint[] = [];
    while (taken.length < FORGET_AT_ONCE) {
      const [oldest] = this.#epochs;
      if (oldest === undefined || physicalMs(now) - physicalMs(oldest.commitTs) < this.#keptMs) break;
      this.#epochs.shift();
      taken.push(oldest.epoch);
    }
    return taken;
  }
}
