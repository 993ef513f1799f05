/**
 * Our own TiKV client cannot tell: writers, a change feed and readers on the embedded storage, while regions split,
 * merge and move, connections break, stores and PD's leader go away and replies get lost. What the writers know they
 * have committed, what the feed has told and what a scan sees must be the same, at every resolved ts looked at; what was
 * read at a fresh ts stays true, and no update is lost.
 */
import { expect } from 'chai';
import { keyString } from '../../../src/base/bytes.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import { LagResolver } from '../../../src/tikv/feed/lag-resolver.js';
import { Replica } from '../../e2e/feed/replica.js';
import { Random } from '../../support/random.js';
import { ruleMessage, violations } from '../../unit/embedded/storage/feed-rules.js';
import { report } from '../../support/seed.js';
import { type StorageWorld, key } from './storage-world.js';
import { KEYS, type Ledger, Writers, ledgerAt, miscounted, nameOf } from './stress-writers.js';

const RANGE = { start: key('t/'), end: key('t0') };

/** Reads at timestamps that are just taken, with locks of the living and the dead in the way. */
class FreshReader {
  readonly #world: StorageWorld;
  readonly #seen: { readonly at: Ts; readonly rows: ReadonlyMap<string, string> }[] = [];

  constructor(world: StorageWorld) {
    this.#world = world;
  }

  get count(): number {
    return this.#seen.length;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const at = await this.#world.tso();
      this.#seen.push({ at, rows: await this.#world.scan(RANGE.start, RANGE.end, at) });
      await this.#world.runtime.sleep(2, signal);
    }
  }

  /** What was read otherwise than it was written. To be asked when all writers have ended. */
  differences(ledger: Ledger): string[] {
    return this.#seen.flatMap(({ at, rows }) =>
      differences(ledgerAt(ledger, at), rows).map((one) => `ledger, fresh read at ${at}: ${one}`),
    );
  }
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
    await world.pause(40);
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
      world.spawn('restart', async (signal) => {
        await world.runtime.sleep(1200, signal);
        faults.startStore(2n);
      });
    }
    if (round % 50 === 10) {
      faults.losePdLeader(200);
      faults.jumpTso(random.below(2000));
      count('pd');
    }
  }
  return counts;
}

/**
 * Plays it for so long, and checks.
 *
 * @throws AssertionError — somebody is of another mind.
 */
export async function stress(world: StorageWorld, seed: number, seconds: number): Promise<void> {
  const feed = world.feed();
  const replica = new Replica(0n);
  feed.subscribe({ id: 't', ...RANGE, checkpoint: ts(0n) });
  const consumer = world.spawn('consumer', async (abort) => {
    for (;;) replica.take(await feed.take(abort));
  });
  const { cluster } = world;
  const lagResolver = world.ending(
    new LagResolver({
      runtime: world.runtime,
      feed,
      latestTs: (signal) => cluster.tso.next(signal),
      resolver: cluster.locks.spans,
    }).start(),
  );
  const writers = new Writers(world, new Random(seed));
  const writing = writers.run();
  const reader = new FreshReader(world);
  const reading = world.spawn('reader', (abort) => reader.run(abort));
  const disturbing = disturb(world, new Random(seed + 1), () => writers.isOver);
  const different: string[] = [];
  let checks = 0;
  const now = (): number => world.runtime.monotonicMs();
  const endMs = now() + seconds * 1000;
  // On a machine with much else to do it takes longer until there is something to compare.
  const isEnough = (): boolean => writers.committed > 20 && checks > 3;
  while (now() < endMs || (!isEnough() && now() < endMs + 40_000)) {
    await world.pause(150);
    const at = replica.resolved;
    if (at === 0n) continue;
    const scanned = await world.scan(RANGE.start, RANGE.end, ts(at));
    different.push(...differences(replica.at(at), scanned).map((one) => `feed, scan at ${at}: ${one}`));
    checks++;
  }
  writers.isOver = true;
  await writing;
  await reading.stop();
  const counts = await disturbing;
  world.faults.startStore(2n);
  const target = await world.tso();
  await world.until(() => replica.resolved >= target, 30_000);
  const at = ts(replica.resolved);
  const scanned = await world.scan(RANGE.start, RANGE.end, at);
  different.push(...differences(replica.at(at), scanned));
  different.push(...differences(ledgerAt(writers.ledger, at), scanned).map((one) => `ledger: ${one}`));
  different.push(...reader.differences(writers.ledger), ...miscounted(writers.ledger));
  await Promise.all([consumer.stop(), lagResolver.stop()]);
  await feed.close();
  const { committed, failed, undetermined } = writers;
  report(
    JSON.stringify({
      committed,
      failed,
      undetermined,
      checks,
      freshReads: reader.count,
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
}
