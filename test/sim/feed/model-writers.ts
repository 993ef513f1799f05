/**
 * Writers and disturbances: transactions of every commit kind over few keys, with heartbeats, conflicts, rollbacks and
 * deaths; and regions, leaders, stores and streams that do not stay as they are.
 */
import type { ModelFeed } from './model-feed.js';
import type { Lock, ModelMvcc } from './model-mvcc.js';
import type { ModelRegions } from './model-regions.js';
import type { ModelStore } from './model-transport.js';
import type { Random } from '../../support/random.js';
import type { VirtualRuntime } from './virtual-runtime.js';

/** What writers and disturbances act on. */
export interface Stage {
  readonly runtime: VirtualRuntime;
  readonly random: Random;
  readonly feed: ModelFeed;
  readonly mvcc: ModelMvcc;
  readonly regions: ModelRegions;
  readonly stores: ReadonlyMap<number, ModelStore>;
  readonly nextTs: () => bigint;
  readonly keys: readonly string[];
  /** Until when, by the runtime's clock. */
  readonly untilMs: number;
  /** Whether transactions die and leave their locks. */
  readonly areDeathsAllowed: boolean;
}

/** Starts so many writers. */
export function startWriters(stage: Stage, count: number): void {
  for (let writer = 0; writer < count; writer++) again(stage, () => transact(stage), 25);
}

/** Starts what disturbs them. */
export function startDisturbances(stage: Stage): void {
  const { random, feed } = stage;
  again(stage, () => changeRegions(stage), 150);
  again(stage, () => heartbeat(stage), 40);
  again(
    stage,
    () => {
      if (random.chance(0.25)) crash(stage, random.pick([...stage.stores.keys()]));
      else feed.breakStore(random.pick([...stage.stores.keys()]));
    },
    900,
  );
}

/** Resolved timestamps of every store, for ever. */
export function startTicks(stage: Stage, everyMs: number): void {
  for (const [storeId, store] of stage.stores) {
    const tick = (): void => {
      if (store.isUp) stage.feed.resolve(storeId);
      stage.runtime.at(everyMs, tick);
    };
    stage.runtime.at(stage.random.below(everyMs), tick);
  }
}

function again(stage: Stage, run: () => void, meanMs: number): void {
  const { runtime, random } = stage;
  const next = (): void => {
    if (runtime.monotonicMs() >= stage.untilMs) return;
    run();
    runtime.at(random.below(2 * meanMs), next);
  };
  runtime.at(random.below(2 * meanMs), next);
}

function value(random: Random): string | undefined {
  if (random.chance(0.2)) return undefined;
  // Six bytes are short here, and longer ones come only with PREWRITE.
  const length = random.pick([1, 6, 7, 30]);
  return Array.from({ length }, () => random.below(256).toString(16).padStart(2, '0')).join('');
}

function transact(stage: Stage): void {
  const { random, mvcc, nextTs, runtime } = stage;
  const startTs = nextTs();
  const keys = new Set(Array.from({ length: 1 + random.below(4) }, () => random.pick(stage.keys)));
  if (random.chance(0.35)) {
    // One-phase commit, of as many keys, in one moment.
    const free = [...keys].filter(
      (key) => !mvcc.locks.has(key) && (mvcc.latest(key)?.commitTs ?? 0n) < startTs,
    );
    const commitTs = nextTs();
    for (const key of free) mvcc.write(key, startTs, commitTs, value(random));
    return;
  }
  const isPessimistic = random.chance(0.5);
  const locked: string[] = [];
  const prewrite = (): void => {
    for (const key of keys) if (mvcc.prewrite(key, startTs, value(random), isPessimistic)) locked.push(key);
    if (locked.length === 0) return;
    // Async commit knows its commit ts at once, two-phase commit later; in both cases it is applied later still.
    const earlyTs = random.chance(0.4) ? nextTs() : undefined;
    runtime.at(random.below(random.pick([5, 60, 300])), () => finish(stage, startTs, locked, earlyTs));
  };
  runtime.at(random.chance(0.3) ? random.below(400) : 0, prewrite);
}

function finish(stage: Stage, startTs: bigint, keys: readonly string[], earlyTs: bigint | undefined): void {
  const { random, mvcc, nextTs, runtime } = stage;
  if (earlyTs === undefined && random.chance(0.15)) {
    for (const key of keys) mvcc.rollback(key, startTs);
    return;
  }
  const isDead = stage.areDeathsAllowed && runtime.monotonicMs() < stage.untilMs && random.chance(0.03);
  if (isDead && earlyTs === undefined && random.chance(0.5)) {
    for (const key of keys) die(mvcc.locks.get(key), 'rolledBack');
    return;
  }
  const commitTs = earlyTs ?? nextTs();
  for (const key of keys) {
    if (isDead && random.chance(0.5)) die(mvcc.locks.get(key), commitTs);
    else runtime.at(random.chance(0.7) ? 0 : random.below(40), () => mvcc.commit(key, startTs, commitTs));
  }
}

function die(lock: Lock | undefined, end: bigint | 'rolledBack'): void {
  if (lock !== undefined) lock.deadCommitTs = end;
}

function heartbeat(stage: Stage): void {
  const { random, mvcc } = stage;
  const locked = [...mvcc.locks.keys()];
  if (locked.length > 0) mvcc.rewrite(random.pick(locked), random.chance(0.6));
}

function changeRegions(stage: Stage): void {
  const { random, regions, feed } = stage;
  const what = random.below(3);
  if (what === 0) {
    const split = regions.split(random.pick(stage.keys).slice(0, random.pick([2, 4])));
    if (split !== undefined) feed.regionChanged(split.before, 'split', split.after);
  } else if (what === 1) {
    const merge = regions.merge(random.below(regions.all.length));
    if (merge === undefined) return;
    feed.regionChanged(merge.source, 'merge', []);
    feed.regionChanged(merge.target, 'merge', []);
  } else move(stage, random.below(regions.all.length), random.pick([...stage.stores.keys()]));
}

function move(stage: Stage, at: number, storeId: number): void {
  const { regions, feed, stores } = stage;
  const region = regions.all[at];
  if (region === undefined || region.storeId === storeId || !stores.get(storeId)!.isUp) return;
  regions.move(region, storeId);
  feed.regionChanged(region, 'leader', [regions.byId(region.id)!]);
}

function crash(stage: Stage, storeId: number): void {
  const { runtime, random, regions, feed, stores } = stage;
  const store = stores.get(storeId)!;
  const others = [...stores].filter(([id, other]) => id !== storeId && other.isUp).map(([id]) => id);
  if (others.length === 0) return;
  store.isUp = false;
  feed.breakStore(storeId);
  for (const region of regions.all) if (region.storeId === storeId) regions.move(region, random.pick(others));
  runtime.at(random.below(1500), () => {
    store.isUp = true;
  });
}
