/**
 * Regions by id and by key, without a clock or a network: the data structure under the region cache.
 *
 * Invariant: no two regions in the map overlap. Along every key, the version in the epoch only grows (splits and
 * merges raise it), so of two regions that overlap the one with the greater version is the newer, and PD's answer
 * may well be the older one. Bounded: the regions least recently used fall out.
 */
import { LRUCache } from 'lru-cache';
import { type KeyString, keyString } from '../base/bytes.js';
import { OrderedMap } from '../base/ordered-map.js';
import { type Region, holdsKey, isBelow } from './region.js';

interface Entry {
  readonly region: Region;
  readonly startKey: KeyString;
  usedAtMs: number;
}

/** Regions that do not overlap. */
export class RegionMap {
  readonly #byId: LRUCache<string, Entry>;
  readonly #byStart = new OrderedMap<KeyString, Entry>();
  readonly #idleMs: number;

  /** @param idleMs - an entry not asked for in so long is forgotten. */
  constructor(capacity: number, idleMs: number) {
    this.#idleMs = idleMs;
    this.#byId = new LRUCache({
      max: capacity,
      dispose: (entry) => {
        if (this.#byStart.get(entry.startKey) === entry) this.#byStart.delete(entry.startKey);
      },
    });
  }

  get size(): number {
    return this.#byStart.size;
  }

  /** The region that holds a key. */
  byKey(key: Uint8Array, nowMs: number): Region | undefined {
    const entry = this.#byStart.floor(keyString(key))?.[1];
    if (entry === undefined || !holdsKey(entry.region, key)) return undefined;
    if (nowMs - entry.usedAtMs > this.#idleMs) {
      this.#delete(entry);
      return undefined;
    }
    entry.usedAtMs = nowMs;
    this.#byId.get(idKey(entry.region.id));
    return entry.region;
  }

  byId(regionId: bigint): Region | undefined {
    return this.#byId.get(idKey(regionId))?.region;
  }

  /**
   * Adds a region in place of everything older that it overlaps.
   *
   * @returns whether it was taken: no when what is known of some of its range is newer.
   */
  insert(region: Region, nowMs: number): boolean {
    const inTheWay = this.#overlapping(region);
    const known = this.#byId.peek(idKey(region.id));
    if (known !== undefined && !inTheWay.includes(known)) inTheWay.push(known);
    if (inTheWay.some((entry) => isNewer(entry.region, region))) return false;
    for (const entry of inTheWay) this.#delete(entry);
    const entry: Entry = { region, startKey: keyString(region.start), usedAtMs: nowMs };
    this.#byStart.set(entry.startKey, entry);
    this.#byId.set(idKey(region.id), entry);
    return true;
  }

  /** Takes a region out, whatever its version. */
  delete(regionId: bigint): void {
    const entry = this.#byId.peek(idKey(regionId));
    if (entry !== undefined) this.#delete(entry);
  }

  #overlapping(region: Region): Entry[] {
    const found: Entry[] = [];
    const before = this.#byStart.floor(keyString(region.start))?.[1];
    if (before !== undefined && isBelow(region.start, before.region.end)) found.push(before);
    for (const [, entry] of this.#byStart.from(keyString(region.start))) {
      if (!isBelow(entry.region.start, region.end)) break;
      if (entry !== before) found.push(entry);
    }
    return found;
  }

  #delete(entry: Entry): void {
    this.#byStart.delete(entry.startKey);
    this.#byId.delete(idKey(entry.region.id));
  }
}

/** A shape is newer by its version; the same shape is newer by its peers. */
function isNewer(a: Region, b: Region): boolean {
  if (a.epoch.version !== b.epoch.version) return a.epoch.version > b.epoch.version;
  return a.id === b.id && a.epoch.confVer > b.epoch.confVer;
}

function idKey(regionId: bigint): string {
  return String(regionId);
}
