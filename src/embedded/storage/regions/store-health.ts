/** Which stores run. A store that is stopped loses its regions to the others after an election. */

/** Time until somebody else leads a stopped store's regions. */
const ELECTION_MS = 1000;

/** Stores and their state. */
export class StoreHealth {
  readonly #running: Set<bigint>;
  /** When the regions of a stopped store get other leaders. */
  readonly #electionsMs = new Map<bigint, number>();

  constructor(storeIds: readonly bigint[]) {
    this.#running = new Set(storeIds);
  }

  isRunning(storeId: bigint): boolean {
    return this.#running.has(storeId);
  }

  stop(storeId: bigint, nowMs: number): void {
    if (this.#running.delete(storeId)) this.#electionsMs.set(storeId, nowMs + ELECTION_MS);
  }

  start(storeId: bigint): void {
    this.#running.add(storeId);
    this.#electionsMs.delete(storeId);
  }

  /** Infinity: none is due. */
  get nextElectionMs(): number {
    return Math.min(Infinity, ...this.#electionsMs.values());
  }

  /** Stopped stores whose regions want other leaders now; each is named once. */
  overdue(nowMs: number): readonly bigint[] {
    const due = [...this.#electionsMs].filter(([, atMs]) => atMs <= nowMs).map(([storeId]) => storeId);
    for (const storeId of due) this.#electionsMs.delete(storeId);
    return due;
  }
}
