/**
 * Which region holds which keys, and who leads it: the truth, as the stores know it at once. (PD learns it later:
 * pd/region-directory.ts.) Regions tile the whole key space; a change replaces a few of them and tells the listener.
 *
 * All stores have a copy of every region and share one data set: there is no raft here, a leader is only who answers.
 *
 * @see TRUTH §3, tikv/tikv components/raftstore/src/store/fsm/apply.rs (split, merge)
 */
import { present } from '../../../base/assert.js';
import type { KeyString } from '../../../base/bytes.js';
import { OrderedMap } from '../../../base/ordered-map.js';
import { type StorePeer, type StoreRegion, UNBOUNDED } from './store-region.js';

/** What became of a region. */
export type RegionChange =
  /** Into pieces; the right-most keeps the id. */
  | { readonly kind: 'split'; readonly old: StoreRegion; readonly pieces: readonly StoreRegion[] }
  /** `source` became a part of its left neighbour `target`. */
  | {
      readonly kind: 'merged';
      readonly source: StoreRegion;
      readonly target: StoreRegion;
      readonly merged: StoreRegion;
    }
  | { readonly kind: 'moved'; readonly old: StoreRegion; readonly moved: StoreRegion };

/** The regions after a change. */
export function regionsAfter(change: RegionChange): readonly StoreRegion[] {
  switch (change.kind) {
    case 'split':
      return change.pieces;
    case 'merged':
      return [change.merged];
    case 'moved':
      return [change.moved];
  }
}

/** The table. */
export class RegionTable {
  readonly #storeIds: readonly bigint[];
  readonly #byStart = new OrderedMap<KeyString, StoreRegion>();
  readonly #byId = new Map<bigint, StoreRegion>();
  readonly #onChange: (change: RegionChange) => void;
  #lastId: bigint;

  /** One region, led by the first store. */
  constructor(storeIds: readonly bigint[], onChange: (change: RegionChange) => void) {
    this.#storeIds = storeIds;
    this.#onChange = onChange;
    this.#lastId = storeIds.reduce((a, b) => (a > b ? a : b), 0n);
    const id = this.#newId();
    const peers = this.#newPeers();
    const leader = present(peers[0], 'a cluster without stores');
    this.#put({ id, start: UNBOUNDED, end: UNBOUNDED, version: 1n, peers, leader });
  }

  /** In key order. */
  all(): Iterable<StoreRegion> {
    return this.#byStart.values();
  }

  byId(id: bigint): StoreRegion | undefined {
    return this.#byId.get(id);
  }

  byKey(key: KeyString): StoreRegion {
    return present(this.#byStart.floor(key), 'the key space begins with a region')[1];
  }

  /** The left neighbour. */
  before(region: StoreRegion): StoreRegion | undefined {
    return this.#byStart.below(region.start)?.[1];
  }

  /**
   * Splits the region that holds a raw key, there. As in TiKV the right piece keeps the id, and both get the next
   * version.
   *
   * @returns whether there was anything to split: not at a bound.
   */
  split(key: KeyString): boolean {
    const old = this.byKey(key);
    if (old.start === key) return false;
    const version = old.version + 1n;
    const peers = this.#newPeers();
    const leader = present(
      peers.find((peer) => peer.storeId === old.leader.storeId),
      'a leader on one of the stores',
    );
    const left = { id: this.#newId(), start: old.start, end: key, version, peers, leader };
    const right = { ...old, start: key, version };
    this.#drop(old);
    this.#put(left);
    this.#put(right);
    this.#onChange({ kind: 'split', old, pieces: [left, right] });
    return true;
  }

  /**
   * Merges a region's right neighbour into it: the neighbour's version is raised by preparing, the merged region's is
   * above both.
   *
   * @returns whether there was a neighbour.
   */
  mergeRight(id: bigint): boolean {
    const target = this.#byId.get(id);
    if (target === undefined || target.end === UNBOUNDED) return false;
    const source = this.byKey(target.end);
    const prepared = source.version + 1n;
    const version = (prepared > target.version ? prepared : target.version) + 1n;
    const merged = { ...target, end: source.end, version };
    this.#drop(source);
    this.#drop(target);
    this.#put(merged);
    this.#onChange({ kind: 'merged', source, target, merged });
    return true;
  }

  /** Lets another store lead. @returns whether that is a change. */
  moveLeader(id: bigint, storeId: bigint): boolean {
    const old = this.#byId.get(id);
    const leader = old?.peers.find((peer) => peer.storeId === storeId);
    if (old === undefined || leader === undefined || old.leader.storeId === storeId) return false;
    const moved = { ...old, leader };
    this.#drop(old);
    this.#put(moved);
    this.#onChange({ kind: 'moved', old, moved });
    return true;
  }

  #put(region: StoreRegion): void {
    this.#byStart.set(region.start, region);
    this.#byId.set(region.id, region);
  }

  #drop(region: StoreRegion): void {
    this.#byStart.delete(region.start);
    this.#byId.delete(region.id);
  }

  #newPeers(): readonly StorePeer[] {
    return this.#storeIds.map((storeId) => ({ id: this.#newId(), storeId }));
  }

  #newId(): bigint {
    return ++this.#lastId;
  }
}
