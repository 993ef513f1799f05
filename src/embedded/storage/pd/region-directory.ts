/**
 * Regions as PD knows them: by heartbeats, which come a little after the fact (TRUTH §3). A heartbeat is believed
 * unless PD knows something newer of the same keys; in between there may be holes.
 */
import type { KeyString } from '../../../base/bytes.js';
import { OrderedMap } from '../../../base/ordered-map.js';
import { type StoreRegion, UNBOUNDED, isWithin, overlaps } from '../regions/store-region.js';

/** PD's map of regions. */
export class RegionDirectory {
  readonly #byStart = new OrderedMap<KeyString, StoreRegion>();
  readonly #startOf = new Map<bigint, KeyString>();
  /** In order of their moments. */
  #heartbeats: { readonly dueMs: number; readonly region: StoreRegion }[] = [];

  constructor(regions: Iterable<StoreRegion>) {
    for (const region of regions) this.#put(region);
  }

  /** A store will report the region at that moment; moments of later calls are not earlier. */
  report(region: StoreRegion, dueMs: number): void {
    this.#heartbeats.push({ dueMs: Math.max(dueMs, this.#heartbeats.at(-1)?.dueMs ?? 0), region });
  }

  /** Takes the reports that have come by now. */
  advance(nowMs: number): void {
    let taken = 0;
    for (const { dueMs, region } of this.#heartbeats) {
      if (dueMs > nowMs) break;
      this.#believe(region);
      taken++;
    }
    if (taken > 0) this.#heartbeats = this.#heartbeats.slice(taken);
  }

  /** undefined: a hole. */
  byKey(key: KeyString): StoreRegion | undefined {
    const region = this.#byStart.floor(key)?.[1];
    return region !== undefined && isWithin(key, region.start, region.end) ? region : undefined;
  }

  byId(id: bigint): StoreRegion | undefined {
    const start = this.#startOf.get(id);
    return start === undefined ? undefined : this.#byStart.get(start);
  }

  /** The region that ends at or before the one with the key begins. */
  before(key: KeyString): StoreRegion | undefined {
    const region = this.#byStart.floor(key)?.[1];
    return region === undefined ? undefined : this.#byStart.below(region.start)?.[1];
  }

  /** Those that have keys of [start, end), in order, at most `limit`. */
  overlapping(start: KeyString, end: KeyString, limit = Infinity): readonly StoreRegion[] {
    const found: StoreRegion[] = [];
    const first = this.#byStart.floor(start)?.[0] ?? start;
    for (const [, region] of this.#byStart.from(first)) {
      if (found.length >= limit || (end !== UNBOUNDED && region.start >= end)) break;
      if (overlaps(region, { start, end })) found.push(region);
    }
    return found;
  }

  #believe(region: StoreRegion): void {
    const known = this.byId(region.id);
    const rivals = this.overlapping(region.start, region.end);
    if (known !== undefined && known.version > region.version) return;
    if (rivals.some((rival) => rival.version > region.version)) return;
    for (const old of known === undefined ? rivals : [known, ...rivals]) this.#drop(old);
    this.#put(region);
  }

  #put(region: StoreRegion): void {
    this.#byStart.set(region.start, region);
    this.#startOf.set(region.id, region.start);
  }

  #drop(region: StoreRegion): void {
    this.#byStart.delete(region.start);
    this.#startOf.delete(region.id);
  }
}
