/** The regions of a fake cluster: they split, merge and change leaders; PD sees all that a little later. */
import { compareBytes } from '../../../src/base/bytes.js';
import { comparableBytes } from '../../../src/codec/memcomparable.js';
import type { MessageInput, RegionMessage } from '../../../src/tikv/proto-types.js';
import type { PdRegion } from '../../../src/tikv/pd/pd-types.js';

export interface FakePeer {
  readonly id: bigint;
  readonly storeId: bigint;
}

export interface FakeRegion {
  readonly id: bigint;
  /** Raw keys; empty end: unbounded. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly confVer: bigint;
  readonly version: bigint;
  readonly peers: readonly FakePeer[];
  readonly leader: FakePeer;
}

const encoded = (key: Uint8Array): Uint8Array => (key.length === 0 ? key : comparableBytes(key));

export function regionMessage(region: FakeRegion): MessageInput<RegionMessage> {
  return {
    id: region.id,
    startKey: encoded(region.start),
    endKey: encoded(region.end),
    regionEpoch: { confVer: region.confVer, version: region.version },
    peers: region.peers,
  };
}

export function pdRegion(region: FakeRegion): MessageInput<PdRegion> {
  return { region: regionMessage(region), leader: region.leader };
}

export function holds(region: FakeRegion, key: Uint8Array): boolean {
  return (
    compareBytes(region.start, key) <= 0 && (region.end.length === 0 || compareBytes(key, region.end) < 0)
  );
}

/** The table of regions. */
export class FakeRegions {
  readonly #stores: number;
  #regions: readonly FakeRegion[];
  #nextId = 100n;

  constructor(stores: number) {
    this.#stores = stores;
    const peers = this.#newPeers();
    const start = new Uint8Array(0);
    this.#regions = [
      { id: this.#newId(), start, end: start, confVer: 1n, version: 1n, peers, leader: peers[0]! },
    ];
  }

  /** By start key, without holes. */
  get all(): readonly FakeRegion[] {
    return this.#regions;
  }

  byId(id: bigint): FakeRegion | undefined {
    return this.#regions.find((region) => region.id === id);
  }

  byKey(key: Uint8Array): FakeRegion {
    return this.#regions.find((region) => holds(region, key))!;
  }

  /** As TiKV does: the right piece keeps the id, both get a higher version. */
  split(key: Uint8Array): void {
    const old = this.byKey(key);
    if (compareBytes(old.start, key) === 0) return;
    const version = old.version + 1n;
    const peers = this.#newPeers();
    const leader = peers.find((peer) => peer.storeId === old.leader.storeId)!;
    const left = { ...old, id: this.#newId(), end: key, version, peers, leader };
    this.#put(old, [left, { ...old, start: key, version }]);
  }

  /** Merges a region with its right neighbour. */
  merge(region: FakeRegion): void {
    const right = this.#regions[this.#regions.indexOf(region) + 1];
    if (right === undefined) return;
    const version = (region.version > right.version ? region.version : right.version) + 1n;
    this.#regions = this.#regions.filter((other) => other !== right);
    this.#put(region, [{ ...region, end: right.end, version }]);
  }

  transferLeader(region: FakeRegion, storeId: bigint): void {
    const leader = region.peers.find((peer) => peer.storeId === storeId)!;
    this.#put(region, [{ ...region, leader }]);
  }

  #put(old: FakeRegion, pieces: readonly FakeRegion[]): void {
    this.#regions = this.#regions.flatMap((region) => (region === old ? pieces : [region]));
  }

  #newPeers(): FakePeer[] {
    return Array.from({ length: this.#stores }, (_, i) => ({ id: this.#newId(), storeId: BigInt(i + 1) }));
  }

  #newId(): bigint {
    return this.#nextId++;
  }
}
