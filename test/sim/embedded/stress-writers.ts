/** The writers of the stress, and what they know they have done. */
import { toHex, utf8 } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import type { Random } from '../../support/random.js';
import { NEVER, type StorageWorld, key, put } from './storage-world.js';

/** Keys that are overwritten at random. */
export const KEYS = 60;
const WRITERS = 6;
const COUNTERS = 3;

export const nameOf = (n: number): string => `t/${String(n).padStart(3, '0')}`;
const counterOf = (n: number): string => `t/counter${n}`;

/** What writers know: key → commit ts → value (hex; undefined: deleted). */
export type Ledger = Map<string, Map<bigint, string | undefined>>;

/** Transactions of all kinds, side by side. */
export class Writers {
  readonly ledger: Ledger = new Map();
  isOver = false;
  committed = 0;
  failed = 0;
  undetermined = 0;
  readonly #world: StorageWorld;
  readonly #random: Random;

  constructor(world: StorageWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
  }

  async #write(): Promise<void> {
    while (!this.isOver) await (this.#random.chance(0.3) ? this.#count() : this.#transact());
  }

  async #transact(): Promise<void> {
    const random = this.#random;
    const names = random.sample(
      Array.from({ length: KEYS }, (_, n) => nameOf(n)),
      random.int(1, 6),
    );
    const mutations = names.map((name): Mutation => {
      if (random.chance(0.2)) return { kind: 'delete', key: key(name) };
      if (random.chance(0.1)) return { kind: 'lock', key: key(name) };
      const value = utf8(`${random.int(0, 1_000_000)}`.padEnd(random.chance(0.2) ? 600 : 1, '.'));
      return { kind: 'put', key: key(name), value };
    });
    // Some owners die in the middle: others have to clean up after them.
    const dies = random.chance(0.05);
    await this.#run(mutations, dies ? { lockTtlMs: 50 } : {}, dies);
  }

  /** Reads a counter and writes it one higher: none is ever lost. */
  async #count(): Promise<void> {
    const name = counterOf(this.#random.below(COUNTERS));
    const startTs = await this.#world.tso();
    const before = Number((await this.#world.get(name, startTs)) ?? 0);
    await this.#run([put(name, `${before + 1}`)], { startTs }, false);
  }

  async #run(
    mutations: readonly Mutation[],
    options: { readonly lockTtlMs?: number; readonly startTs?: Ts },
    dies: boolean,
  ): Promise<void> {
    const random = this.#random;
    await using txn = await this.#world.begin(mutations, options);
    const prewritten = await txn.prewrite(200, NEVER);
    if (dies) return;
    if (prewritten.kind !== 'ok' || random.chance(0.1)) {
      this.failed++;
      await txn.rollback(NEVER);
      return;
    }
    const outcome = await txn.commitPrimary(NEVER);
    const settled =
      outcome.kind === 'undetermined'
        ? await txn.settle({ force: true, patienceMs: 20_000 }, NEVER)
        : outcome;
    if (outcome.kind === 'undetermined') this.undetermined++;
    if (settled.kind !== 'committed') {
      this.failed++;
      return;
    }
    this.#note(mutations, settled.commitTs);
    if (random.chance(0.9)) await txn.commitSecondaries(NEVER);
  }

  #note(mutations: readonly Mutation[], commitTs: Ts): void {
    this.committed++;
    for (const mutation of mutations) {
      if (mutation.kind === 'lock') continue;
      const name = toHex(mutation.key);
      const versions = this.ledger.get(name) ?? new Map<bigint, string | undefined>();
      this.ledger.set(name, versions);
      versions.set(commitTs, mutation.kind === 'put' ? toHex(mutation.value) : undefined);
    }
  }
}

/** Counters whose versions do not count up one by one. */
export function miscounted(ledger: Ledger): string[] {
  return Array.from({ length: COUNTERS }, (_, n) => counterOf(n)).filter((name) => {
    const versions = [...(ledger.get(toHex(key(name))) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return versions.some(([, value], i) => value !== toHex(utf8(`${i + 1}`)));
  });
}

/** What the ledger says at a ts. */
export function ledgerAt(ledger: Ledger, at: bigint): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [name, versions] of ledger) {
    let newest = 0n;
    for (const commitTs of versions.keys()) if (commitTs <= at && commitTs > newest) newest = commitTs;
    const value = versions.get(newest);
    if (value !== undefined) rows.set(name, value);
  }
  return rows;
}
