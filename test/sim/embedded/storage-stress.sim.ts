/**
 * Our own TiKV client cannot tell: writers, a change feed and readers on the embedded storage, while regions split,
 * merge and move, connections break, stores and PD's leader go away and replies get lost. What the writers know they
 * have committed, what the feed has told and what a scan sees must be the same, at every resolved ts looked at.
 */
import { expect } from 'chai';
import { keyString, toHex, utf8 } from '../../../src/base/bytes.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import { LagResolver } from '../../../src/tikv/feed/lag-resolver.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { Replica } from '../../e2e/feed/replica.js';
import { Random } from '../../support/random.js';
import { ruleMessage, violations } from '../../unit/embedded/storage/feed-rules.js';
import { report, seedOf } from '../../support/seed.js';
import { NEVER, StorageWorld, key, pause, until } from './storage-world.js';

const SECONDS = Number(process.env['SECONDS'] ?? '4');
const KEYS = 60;
const WRITERS = 6;
const RANGE = { start: key('t/'), end: key('t0') };

const nameOf = (n: number): string => `t/${String(n).padStart(3, '0')}`;

/** What writers know: key → commit ts → value (hex; undefined: deleted). */
type Ledger = Map<string, Map<bigint, string | undefined>>;

class Writers {
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
    while (!this.isOver) await this.#transact();
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
    await using txn = await this.#world.begin(mutations, dies ? { lockTtlMs: 50 } : {});
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

/** What the ledger says at a ts. */
function ledgerAt(ledger: Ledger, at: bigint): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [name, versions] of ledger) {
    let newest = 0n;
    for (const commitTs of versions.keys()) if (commitTs <= at && commitTs > newest) newest = commitTs;
    const value = versions.get(newest);
    if (value !== undefined) rows.set(name, value);
  }
  return rows;
}

function differences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names]
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => `${name}: ${a.get(name)?.slice(0, 30)}, ${b.get(name)?.slice(0, 30)}`);
}

async function disturb(world: StorageWorld, random: Random, isOver: () => boolean) {
  const { faults } = world;
  const counts = new Map<string, number>();
  const count = (what: string, happened = true): void => {
    if (happened) counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  for (let round = 0; !isOver(); round++) {
    await pause(40);
    const regions = faults.regions.filter(({ start }) => keyString(start) >= 't');
    const region = random.pick(regions);
    if (random.chance(0.4)) count('split', faults.split(key(nameOf(random.below(KEYS)))));
    else if (regions.length > 5) count('merge', faults.merge(region.id));
    if (random.chance(0.2)) count('move', faults.moveLeader(region.id, BigInt(random.int(1, 3))));
    if (random.chance(0.02)) {
      faults.dropConnections(BigInt(random.int(1, 3)));
      count('drop');
    }
    const method = random.pick(['KvPrewrite', 'KvCommit', 'KvScan', 'KvResolveLock', 'GetRegion']);
    if (random.chance(0.1)) faults[random.pick(['loseReplies', 'loseRequests'] as const)](method);
    if (round % 60 === 30) {
      faults.stopStore(2n);
      count('stop');
      setTimeout(() => faults.startStore(2n), 1200).unref();
    }
    if (round % 50 === 10) {
      faults.losePdLeader(200);
      faults.jumpTso(random.below(2000));
      count('pd');
    }
  }
  return counts;
}

describe('the embedded storage, seen by our own client', function () {
  this.timeout(SECONDS * 1000 + 90_000);

  it('keeps writers, feed and readers of one mind, whatever happens to it', async () => {
    const seed = seedOf('storage-stress');
    await using world = await StorageWorld.start(3);
    const feed = world.feed();
    const replica = new Replica(0n);
    feed.subscribe({ id: 't', ...RANGE, checkpoint: ts(0n) });
    const consumer = world.runtime.spawn('consumer', async (abort) => {
      for (;;) replica.take(await feed.take(abort));
    });
    const { cluster } = world;
    const lagResolver = new LagResolver({
      runtime: world.runtime,
      feed,
      latestTs: (signal) => cluster.tso.next(signal),
      resolver: cluster.locks.spans,
    }).start();
    const writers = new Writers(world, new Random(seed));
    const writing = writers.run();
    const disturbing = disturb(world, new Random(seed + 1), () => writers.isOver);
    const different: string[] = [];
    let checks = 0;
    const endMs = Date.now() + SECONDS * 1000;
    // On a machine with much else to do it takes longer until there is something to compare.
    const isEnough = (): boolean => writers.committed > 20 && checks > 3;
    while (Date.now() < endMs || (!isEnough() && Date.now() < endMs + 40_000)) {
      await pause(150);
      const at = replica.resolved;
      if (at === 0n) continue;
      const scanned = await world.scan(RANGE.start, RANGE.end, ts(at));
      different.push(...differences(replica.at(at), scanned).map((one) => `feed, scan at ${at}: ${one}`));
      checks++;
    }
    writers.isOver = true;
    await writing;
    const counts = await disturbing;
    world.faults.startStore(2n);
    const target = await world.tso();
    await until(() => replica.resolved >= target, 30_000);
    const at = ts(replica.resolved);
    const scanned = await world.scan(RANGE.start, RANGE.end, at);
    different.push(...differences(replica.at(at), scanned));
    different.push(...differences(ledgerAt(writers.ledger, at), scanned).map((one) => `ledger: ${one}`));
    await Promise.all([consumer.stop(), lagResolver.stop()]);
    await feed.close();
    const { committed, failed, undetermined } = writers;
    report(
      JSON.stringify({
        committed,
        failed,
        undetermined,
        checks,
        rows: replica.rows,
        ...Object.fromEntries(counts),
      }),
    );
    const { streams } = world.feedTransport;
    expect(streams.flat().length).to.be.greaterThan(20);
    const traffic = streams.flatMap((messages) => violations(messages.map(ruleMessage)));
    expect({ crashes: world.crashes, wrong: replica.wrong, different, traffic }).to.deep.equal({
      crashes: [],
      wrong: [],
      different: [],
      traffic: [],
    });
    expect(isEnough()).to.equal(true);
    // Each commit exactly once, with its value, and nothing else.
    expect(replica.differences(writers.ledger)).to.deep.equal([]);
  });
});
