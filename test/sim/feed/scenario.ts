/** One simulated run: a cluster, writers, disturbances, a feed with spans, a consumer, and the checker. */
import { NO_BYTES } from '../../../src/base/bytes.js';
import { silent, type Telemetry } from '../../../src/base/telemetry.js';
import { physicalMs, ts, type Ts } from '../../../src/codec/tso.js';
import { ChangeFeed } from '../../../src/tikv/feed/change-feed.js';
import type { FeedEvent, SpanRequest } from '../../../src/tikv/feed/feed-event.js';
import { LagResolver } from '../../../src/tikv/feed/lag-resolver.js';
import { SpanChecker } from './checker.js';
import { ModelFeed } from './model-feed.js';
import { bytes, type ModelMvcc } from './model-mvcc.js';
import { holds, ModelRegionCache, ModelRegions } from './model-regions.js';
import { MODEL_CLUSTER_ID, type ModelStore, ModelTransport } from './model-transport.js';
import { type Stage, startDisturbances, startTicks, startWriters } from './model-writers.js';
import { Random } from '../../support/random.js';
import { VirtualRuntime } from './virtual-runtime.js';

/** How long things go wrong, and how long everything may take to be delivered then; simulated milliseconds. */
const DISTURBED_MS = 4000;
const RECOVERY_MS = 120_000;

const BASE_MS = 1_795_244_000_000n;

/** What a run did, for judging whether it was worth it. */
export interface RunReport {
  readonly commits: number;
  readonly rows: number;
  readonly repeated: number;
  readonly streams: number;
}

/** Runs one seed. @throws when something is wrong. */
export async function runScenario(seed: number): Promise<RunReport> {
  const random = new Random(seed);
  const runtime = new VirtualRuntime(random.below(0x7fff_ffff));
  const fork = (): Random => new Random(random.below(0x7fff_ffff));
  let lastTs = 0n;
  const nextTs = (): bigint => {
    const nowTs = (BASE_MS + BigInt(Math.floor(runtime.monotonicMs()))) << 18n;
    return (lastTs = nowTs > lastTs ? nowTs : lastTs + 1n);
  };
  const stores = new Map<number, ModelStore>(
    [1, 2, 3].map((id) => [id, { isUp: true, isOld: random.chance(0.15) }]),
  );
  const regions = new ModelRegions(runtime, fork(), [...stores.keys()]);
  const feed = new ModelFeed({ runtime, random: fork(), regions, nextTs, nastiness: nastiness(random) });
  const { mvcc } = feed;
  const stage: Stage = {
    runtime,
    random: fork(),
    feed,
    mvcc,
    regions,
    stores,
    nextTs,
    keys: Array.from(
      { length: 24 },
      (_, n) => `74${(n * 10).toString(16).padStart(2, '0')}5f${n % 3 === 0 ? '' : '0102030405060708'}`,
    ),
    untilMs: runtime.monotonicMs() + DISTURBED_MS,
    areDeathsAllowed: random.chance(0.5),
  };
  startTicks(stage, random.pick([10, 50, 200]));
  startWriters(stage, 4);
  await runtime.run(() => false, random.below(800));
  startDisturbances(stage);
  const transport = new ModelTransport(feed, stores, runtime, fork());
  const queueBytes = random.pick([500, 4000, 1 << 20]);
  const counts = new Map<string, number>();
  const subject = new ChangeFeed({
    runtime,
    transport,
    telemetry: counting(counts),
    regions: new ModelRegionCache(regions, runtime, fork()),
    clusterId: MODEL_CLUSTER_ID,
    queueBytes,
    watchdog: { silentMs: 800, scanSilentMs: 2000 },
  });
  startResolver(subject, runtime, mvcc, nextTs);
  const checkers = new Map<string, SpanChecker>();
  const subscribe = (request: SpanRequest): void => {
    subject.subscribe(request);
    checkers.set(request.id, new SpanChecker(request, mvcc.log));
  };
  for (const request of spanRequests(random, stage)) subscribe(request);
  startConsumer(subject, runtime, checkers, fork());
  const late = random.chance(0.4);
  if (late) runtime.at(random.below(3000), () => churn(subject, checkers, subscribe, stage));
  const check = (): void => checkQueue(subject, queueBytes, transport);
  await runtime.run(() => (check(), runtime.monotonicMs() >= stage.untilMs), DISTURBED_MS * 2);
  // From here on the world is kind; whatever was committed has to arrive.
  feed.nastiness = { lost: 0, stalled: 0, early: 0.3, lateScan: 0.3, busy: 0, wholeRegion: 0.2 };
  let target: bigint | undefined;
  runtime.at(2000, () => (target = nextTs()));
  const isOver = (): boolean => {
    check();
    return target !== undefined && [...checkers.values()].every((checker) => checker.resolved >= target!);
  };
  if (!(await runtime.run(isOver, RECOVERY_MS))) throw new Error(`stuck at ${describeLag(subject, target)}`);
  await finish(subject, runtime);
  // TiKV keeps its protocol here, so nothing may have looked like a breach of it.
  const breaches = ['unmatchedCommit', 'lateCommit', 'duplicateRequest'].filter((cause) =>
    counts.has(`tiview_feed_resubscriptions_total ${cause}`),
  );
  if (breaches.length > 0) throw new Error(`subscriptions were taken to be at fault: ${breaches.join()}`);
  const sum = (of: (checker: SpanChecker) => number): number =>
    [...checkers.values()].reduce((total, checker) => total + of(checker), 0);
  return {
    commits: mvcc.log.length,
    rows: sum((checker) => checker.rows),
    repeated: sum((checker) => checker.repeated),
    streams: transport.opened,
  };
}

function counting(counts: Map<string, number>): Telemetry {
  const count: Telemetry['metrics']['count'] = (name, by = 1, labels = {}) => {
    const series = [name, ...Object.values(labels)].join(' ');
    counts.set(series, (counts.get(series) ?? 0) + by);
  };
  return { log: silent.log, metrics: { ...silent.metrics, count } };
}

function nastiness(random: Random): ModelFeed['nastiness'] {
  const sometimes = (probability: number): number => (random.chance(0.5) ? probability : 0);
  return {
    lost: sometimes(0.05),
    stalled: sometimes(0.1),
    early: sometimes(0.5),
    lateScan: sometimes(0.5),
    busy: sometimes(0.15),
    wholeRegion: sometimes(0.3),
  };
}

function spanRequests(random: Random, stage: Stage): SpanRequest[] {
  const checkpoint = (): Ts => ts(random.chance(0.3) ? 1n : stage.nextTs());
  return [
    { id: 'all', start: NO_BYTES, end: NO_BYTES, checkpoint: checkpoint() },
    { id: 'middle', start: bytes('7432'), end: bytes('7496'), checkpoint: checkpoint() },
    { id: 'narrow', start: bytes('7464'), end: bytes('746e5f01'), checkpoint: checkpoint() },
  ];
}

/** A span is given up and another takes its name. */
function churn(
  subject: ChangeFeed,
  checkers: Map<string, SpanChecker>,
  subscribe: (request: SpanRequest) => void,
  stage: Stage,
): void {
  const before = checkers.get('middle')!;
  subject.unsubscribe('middle');
  const checkpoint = ts(stage.random.chance(0.5) ? before.resolved : stage.nextTs());
  subscribe({ id: 'middle', start: bytes('7400'), end: bytes('7470'), checkpoint });
}

function startConsumer(
  subject: ChangeFeed,
  runtime: VirtualRuntime,
  checkers: ReadonlyMap<string, SpanChecker>,
  random: Random,
): void {
  const isLazy = random.chance(0.4);
  runtime.spawn('consumer', async (signal) => {
    for (;;) {
      const event: FeedEvent = await subject.take(signal);
      if (event.kind === 'gap') throw event.cause;
      checkers.get(event.spanId)!.take(event);
      if (isLazy && random.chance(0.3)) await runtime.sleep(random.below(40), signal);
      if (random.chance(0.002)) await runtime.sleep(random.below(2500), signal);
    }
  });
}

function startResolver(
  subject: ChangeFeed,
  runtime: VirtualRuntime,
  mvcc: ModelMvcc,
  nextTs: () => bigint,
): void {
  new LagResolver({
    runtime,
    feed: subject,
    latestTs: () => Promise.resolve(ts(nextTs())),
    resolver: {
      resolveSpan: async (start, end, maxTs, signal) => {
        await runtime.sleep(5, signal);
        if (physicalMs(maxTs) > physicalMs(ts(nextTs())))
          throw new Error('a timestamp that PD has not given');
        const range = { start: Buffer.from(start).toString('hex'), end: Buffer.from(end).toString('hex') };
        const locks = [...mvcc.locks.values()].filter(
          (lock) => holds(range, lock.key) && lock.startTs <= maxTs,
        );
        for (const lock of locks) {
          if (lock.deadCommitTs === 'rolledBack') mvcc.rollback(lock.key, lock.startTs);
          else if (lock.deadCommitTs !== undefined) mvcc.commit(lock.key, lock.startTs, lock.deadCommitTs);
        }
        return { locksLeft: locks.filter((lock) => mvcc.locks.get(lock.key) === lock).length };
      },
    },
  }).start();
}

/** The bound on what waits: the queue's, one message a stream, and what a message becomes as a batch. */
function checkQueue(subject: ChangeFeed, queueBytes: number, transport: ModelTransport): void {
  const bound = queueBytes + 16 * (transport.largest + 2048) * 3;
  if (subject.queuedBytes > bound) throw new Error(`${subject.queuedBytes} bytes wait, above ${bound}`);
}

function describeLag(subject: ChangeFeed, target: bigint | undefined): string {
  return JSON.stringify({ target, lag: subject.lag() }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

async function finish(subject: ChangeFeed, runtime: VirtualRuntime): Promise<void> {
  for (const { spanId } of subject.lag()) subject.unsubscribe(spanId);
  if (subject.uncommittedBytes !== 0) throw new Error(`${subject.uncommittedBytes} bytes are leaked`);
  if (subject.queuedBytes !== 0) {
    // Events of spans that were given up are passed over when the consumer comes to them.
    await runtime.run(() => subject.queuedBytes === 0, 5000);
  }
  let isClosed = false;
  void subject.close().then(() => (isClosed = true));
  if (!(await runtime.run(() => isClosed, 1000))) throw new Error('the feed does not close');
}
