/**
 * Regions that split, merge and move, PD's late view of them, and a region cache over that view with the shape the feed
 * asks for.
 */
import { compareBytes } from '../../../src/base/bytes.js';
import type { FeedRegion, FeedRegions } from '../../../src/tikv/feed/ports.js';
import { bytes } from './model-mvcc.js';
import type { Random } from '../../support/random.js';
import type { VirtualRuntime } from './virtual-runtime.js';

/** A region; immutable, a change makes another. */
export interface ModelRegion {
  readonly id: number;
  readonly version: number;
  /** Hex; an empty end is +∞. */
  readonly start: string;
  readonly end: string;
  readonly storeId: number;
}

/** Whether a key (hex) is in the region, or in any such range. */
export function holds(range: { readonly start: string; readonly end: string }, key: string): boolean {
  return key >= range.start && (range.end === '' || key < range.end);
}

/** All regions, in order. */
export class ModelRegions {
  #regions: readonly ModelRegion[];
  #nextId = 100;
  /** PD's views with the time from which they count. */
  readonly #views: { readonly fromMs: number; readonly regions: readonly ModelRegion[] }[];
  readonly #runtime: VirtualRuntime;
  readonly #random: Random;

  constructor(runtime: VirtualRuntime, random: Random, stores: readonly number[]) {
    this.#runtime = runtime;
    this.#random = random;
    this.#regions = [{ id: 20, version: 1, start: '', end: '', storeId: random.pick(stores) }];
    this.#views = [{ fromMs: 0, regions: this.#regions }];
  }

  get all(): readonly ModelRegion[] {
    return this.#regions;
  }

  byId(id: number): ModelRegion | undefined {
    return this.#regions.find((region) => region.id === id);
  }

  /** What PD believes now. */
  get seenByPd(): readonly ModelRegion[] {
    const nowMs = this.#runtime.monotonicMs();
    while (this.#views.length > 1 && this.#views[1]!.fromMs <= nowMs) this.#views.shift();
    return this.#views[0]!.regions;
  }

  /** @returns the region before and those after; undefined if there is nothing to split at the key. */
  split(key: string): { before: ModelRegion; after: ModelRegion[] } | undefined {
    const before = this.#regions.find((region) => holds(region, key));
    if (before === undefined || before.start === key) return undefined;
    const version = before.version + 1;
    // The right-hand one keeps the id.
    const left = { ...before, id: this.#nextId++, end: key, version };
    const right = { ...before, start: key, version };
    this.#replace([before], [left, right]);
    return { before, after: [left, right] };
  }

  /** Merges a region into the one to its right. */
  merge(at: number): { source: ModelRegion; target: ModelRegion } | undefined {
    const [source, target] = [this.#regions[at], this.#regions[at + 1]];
    if (source === undefined || target === undefined) return undefined;
    const merged = { ...target, start: source.start, version: Math.max(source.version, target.version) + 1 };
    this.#replace([source, target], [merged]);
    return { source, target };
  }

  /** Another store leads; the version stays. */
  move(region: ModelRegion, storeId: number): void {
    this.#replace([region], [{ ...region, storeId }]);
  }

  #replace(before: readonly ModelRegion[], after: readonly ModelRegion[]): void {
    const at = this.#regions.indexOf(before[0]!);
    this.#regions = [...this.#regions.slice(0, at), ...after, ...this.#regions.slice(at + before.length)];
    const last = this.#views.at(-1)!.fromMs;
    const fromMs = Math.max(last, this.#runtime.monotonicMs() + this.#random.below(80));
    this.#views.push({ fromMs, regions: this.#regions });
  }
}

/** A region as the feed knows it. */
function feedRegion(region: ModelRegion): FeedRegion {
  return {
    id: BigInt(region.id),
    epoch: { confVer: 1n, version: BigInt(region.version) },
    start: bytes(region.start),
    end: bytes(region.end),
    leader: { peerId: BigInt(region.id * 10 + region.storeId), storeId: BigInt(region.storeId) },
  };
}

/** A region cache over PD's view: forgets what is invalidated, prefers what TiKV says. */
export class ModelRegionCache implements FeedRegions {
  readonly #regions: ModelRegions;
  readonly #runtime: VirtualRuntime;
  readonly #random: Random;
  readonly #cached = new Map<bigint, FeedRegion>();

  constructor(regions: ModelRegions, runtime: VirtualRuntime, random: Random) {
    this.#regions = regions;
    this.#runtime = runtime;
    this.#random = random;
  }

  async cover(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<readonly FeedRegion[]> {
    const known = this.#overlapping([...this.#cached.values()], start, end);
    if (coversAll(known, start, end)) return known;
    await this.#runtime.sleep(this.#random.below(15), signal);
    if (this.#random.chance(0.03)) throw new Error('PD is electing a leader');
    for (const region of this.#regions.seenByPd.map(feedRegion)) this.#keep(region);
    const found = this.#overlapping(this.#regions.seenByPd.map(feedRegion), start, end);
    // Just after a split PD's answer may have a hole.
    return this.#random.chance(0.05) ? found.filter(() => this.#random.chance(0.7)) : found;
  }

  invalidate(region: FeedRegion): void {
    this.#cached.delete(region.id);
  }

  setLeader(regionId: bigint, leader: FeedRegion['leader']): void {
    const region = this.#cached.get(regionId);
    if (region !== undefined) this.#cached.set(regionId, { ...region, leader });
  }

  learn(regions: readonly FeedRegion[]): void {
    for (const region of regions) this.#keep(region);
  }

  async storeAddress(storeId: bigint, signal: AbortSignal): Promise<string> {
    if (this.#random.chance(0.05)) await this.#runtime.sleep(this.#random.below(10), signal);
    if (this.#random.chance(0.01)) throw new Error(`PD does not know store ${storeId}`);
    return `store-${storeId}`;
  }

  forgetStore(): void {
    // Addresses are not cached here.
  }

  #keep(region: FeedRegion): void {
    const overlapping = this.#overlapping([...this.#cached.values()], region.start, region.end);
    if (overlapping.some((other) => other.epoch.version > region.epoch.version)) return;
    for (const other of overlapping) this.#cached.delete(other.id);
    this.#cached.set(region.id, region);
  }

  #overlapping(regions: readonly FeedRegion[], start: Uint8Array, end: Uint8Array): FeedRegion[] {
    return regions
      .filter((region) => end.length === 0 || compareBytes(region.start, end) < 0)
      .filter((region) => region.end.length === 0 || compareBytes(region.end, start) > 0)
      .sort((a, b) => compareBytes(a.start, b.start));
  }
}

function coversAll(regions: readonly FeedRegion[], start: Uint8Array, end: Uint8Array): boolean {
  let at: Uint8Array | undefined = start;
  for (const region of regions) {
    if (at === undefined || compareBytes(region.start, at) > 0) return false;
    at = region.end.length === 0 ? undefined : region.end;
  }
  return at === undefined || (regions.length > 0 && end.length > 0 && compareBytes(at, end) >= 0);
}
