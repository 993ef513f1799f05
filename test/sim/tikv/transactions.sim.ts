import { expect } from 'chai';
import { compareBytes, fromUtf8, keyString, utf8 } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import { Op } from '../../../src/tikv/proto-types.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import type { Transaction } from '../../../src/tikv/transaction.js';
import { Crash, NEVER, World, key, seeds } from './world.js';

const ACCOUNTS = 24;
const BALANCE = 100;

/** What a client believes about one of its transactions. */
interface Belief {
  readonly startTs: Ts;
  readonly keys: readonly Uint8Array[];
  outcome: 'committed' | 'rolledBack' | 'unknown';
  commitTs?: bigint;
}

/** What a client has read. */
interface Observation {
  readonly ts: bigint;
  readonly key: Uint8Array;
  readonly value: string | undefined;
}

/** Clients that move money between accounts, under faults; some die in the middle. */
class Bank {
  readonly beliefs: Belief[] = [];
  readonly observations: Observation[] = [];
  readonly totals: number[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async open(client: TikvCluster): Promise<void> {
    const mutations = Array.from({ length: ACCOUNTS }, (_, i) => ({
      kind: 'put' as const,
      key: key(i),
      value: utf8(String(BALANCE)),
      assert: 'notExist' as const,
    }));
    const startTs = await client.tso.next(NEVER);
    const txn = client.transactions.begin({ startTs, primary: key(0), mutations, txnSource: 7 });
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('committed');
    expect(await txn.commitSecondaries(NEVER)).to.equal(0);
  }

  /** Transfers until the client has had enough, or dies. */
  async teller(client: TikvCluster, transfers: number, signal: AbortSignal): Promise<void> {
    for (let i = 0; i < transfers; i++) {
      try {
        await this.#transfer(client, signal);
      } catch (error) {
        if (signal.reason instanceof Crash) return;
        throw error;
      }
    }
  }

  /** Reads everything at one timestamp, again and again. */
  async auditor(client: TikvCluster, audits: number, signal: AbortSignal): Promise<void> {
    for (let i = 0; i < audits; i++) {
      const ts = await client.tso.next(signal);
      let total = 0;
      let count = 0;
      const pages = client.snapshots
        .at(ts)
        .scan(key(0), key(ACCOUNTS), { pageRows: 1 + this.#world.random(9) }, signal);
      let last: Uint8Array | undefined;
      for await (const page of pages) {
        for (const pair of page) {
          expect(last === undefined || compareBytes(last, pair.key) < 0).to.equal(true);
          last = pair.key;
          total += Number(fromUtf8(pair.value));
          count++;
          this.observations.push({ ts, key: pair.key, value: fromUtf8(pair.value) });
        }
      }
      expect(count, `accounts at ${ts}`).to.equal(ACCOUNTS);
      this.totals.push(total);
      await this.#world.runtime.sleep(this.#world.random(30), signal);
    }
  }

  async #transfer(client: TikvCluster, signal: AbortSignal): Promise<void> {
    const world = this.#world;
    const from = world.random(ACCOUNTS);
    const to = (from + 1 + world.random(ACCOUNTS - 1)) % ACCOUNTS;
    const guard = world.random(ACCOUNTS);
    const startTs = await client.tso.next(signal);
    const snapshot = client.snapshots.at(startTs);
    const balances = await snapshot.batchGet([key(from), key(to)], signal);
    const read = (i: number): number => {
      const bytes = balances.get(keyString(key(i)));
      this.observations.push({
        ts: startTs,
        key: key(i),
        value: bytes === undefined ? undefined : fromUtf8(bytes),
      });
      return Number(fromUtf8(bytes!));
    };
    const amount = 1 + world.random(10);
    const put = (i: number, balance: number) =>
      ({ kind: 'put', key: key(i), value: utf8(String(balance)), assert: 'exist' }) as const;
    const mutations = [
      put(from, read(from) - amount),
      put(to, read(to) + amount),
      // Sometimes a guard on a third account: it conflicts with whoever changes it.
      ...(guard !== from && guard !== to && world.random(3) === 0
        ? [{ kind: 'lock' as const, key: key(guard) }]
        : []),
    ];
    const belief: Belief = { startTs, keys: [key(from), key(to)], outcome: 'unknown' };
    this.beliefs.push(belief);
    const txn = client.transactions.begin({ startTs, primary: key(from), mutations, txnSource: 7 });
    await this.#commit(txn, belief, signal);
  }

  async #commit(txn: Transaction, belief: Belief, signal: AbortSignal): Promise<void> {
    const prewritten = await txn.prewrite(this.#world.random(2) * 400, signal);
    if (prewritten.kind !== 'ok' || this.#world.random(15) === 0) {
      await txn.rollback(signal);
      belief.outcome = 'rolledBack';
      return;
    }
    let outcome = await txn.commitPrimary(signal);
    while (outcome.kind === 'undetermined') {
      const settled = await txn.settle({ force: this.#world.random(2) === 0, patienceMs: 5000 }, signal);
      if (settled.kind !== 'alive') outcome = settled;
    }
    belief.outcome = outcome.kind;
    if (outcome.kind !== 'committed') return;
    belief.commitTs = outcome.commitTs;
    // Sometimes nobody sees to the secondaries.
    if (this.#world.random(4) > 0) await txn.commitSecondaries(signal);
  }
}

async function run(
  seed: number,
  faults: { loss: number; errors: number; disturbEveryMs: number },
): Promise<World> {
  const world = new World(seed);
  const bank = new Bank(world);
  await world.drive(bank.open(await world.connect()));
  world.cluster.pd.lagMs = 20;
  world.cluster.pd.streamBreaks = faults.loss / 2;
  world.cluster.faults = { lostRequest: faults.loss, lostReply: faults.loss, regionError: faults.errors };
  const calm = new AbortController();
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => key(i));
  const disturbing = world.disturb(keys, faults.disturbEveryMs, calm.signal);
  const work: Promise<void>[] = [];
  for (let i = 0; i < 4; i++) {
    const life = new AbortController();
    const client = await world.connect(life.signal);
    // Two of four die at some moment of their work, without a word.
    if (i < 2) {
      const death = world.runtime.sleep(200 + world.random(1500), NEVER).then(() => life.abort(new Crash()));
      work.push(death);
    }
    work.push(bank.teller(client, 12, life.signal));
  }
  work.push(bank.auditor(await world.connect(), 12, NEVER));
  await world.drive(Promise.all(work).then(() => undefined));
  calm.abort();
  await world.drive(disturbing);
  await check(world, bank);
  await world.close();
  return world;
}

async function check(world: World, bank: Bank): Promise<void> {
  world.cluster.faults = { lostRequest: 0, lostReply: 0, regionError: 0 };
  world.cluster.pd.streamBreaks = 0;
  const client = await world.connect();
  // Whatever the dead have left behind is resolvable once their time is over.
  await world.runtime.advance(10_000);
  const now = await world.drive(client.tso.next(NEVER));
  const { locksLeft } = await world.drive(client.locks.resolveSpan(key(0), key(ACCOUNTS), now, NEVER));
  expect(locksLeft).to.equal(0);
  const left = [...world.cluster.mvcc.locks.values()].filter((lock) => lock.op !== Op.lock);
  expect(left).to.deep.equal([]);
  world.checkSafe();
  world.checkAtomic(new Map(bank.beliefs.map((belief) => [belief.startTs, belief.keys])));
  checkBeliefs(world, bank);
  for (const { ts, key: at, value } of bank.observations) {
    const write = world.cluster.mvcc.committedAt(at, ts);
    const stored = write?.kind === 'put' ? fromUtf8(write.value) : undefined;
    expect(value, `${fromUtf8(at)} at ${ts}`).to.equal(stored);
  }
  expect(new Set(bank.totals)).to.deep.equal(new Set([ACCOUNTS * BALANCE]));
}

/** What a client was told is what happened. */
function checkBeliefs(world: World, bank: Bank): void {
  for (const { startTs, keys, outcome, commitTs } of bank.beliefs) {
    const writes = world.cluster.mvcc.writes.get(keyString(keys[0]!)) ?? [];
    const own = writes.find((write) => write.startTs === startTs && write.kind !== 'rollback');
    if (outcome === 'committed') expect(own?.commitTs, `commit of ${startTs}`).to.equal(commitTs);
    if (outcome === 'rolledBack') expect(own, `rollback of ${startTs}`).to.equal(undefined);
  }
}

describe('tikv transactions under faults', function () {
  this.timeout(120_000);

  it('are atomic and isolated when nothing fails', async () => {
    for (const seed of seeds(3)) await run(seed, { loss: 0, errors: 0, disturbEveryMs: 1e6 });
  });

  it('are atomic and isolated when regions split, merge and move', async () => {
    for (const seed of seeds(6)) await run(seed, { loss: 0, errors: 0.05, disturbEveryMs: 20 });
  });

  it('are atomic and isolated when requests and replies are lost', async () => {
    for (const seed of seeds(10)) await run(seed, { loss: 0.04, errors: 0.05, disturbEveryMs: 30 });
  });
});
