/**
 * The change feeds of all stores: takes changes of the store to the subscriptions of their region, lets scans go on
 * piece by piece, and ends subscriptions whose region changes.
 *
 * Promise to a subscription: after a resolved ts T no row with a commit ts ≤ T follows. It holds because T is no more
 * than the oldest lock in its range, a transaction takes its commit ts when all of its locks are there, and T is taken
 * from PD in the same step in which the locks are looked at.
 *
 * @see TRUTH §1, tikv/tikv components/cdc/src/{delegate,endpoint}.rs
 */
import { limits } from '../../../base/limits.js';
import type { CallFailure } from '../call-outcome.js';
import type { MvccStore, StoreChange } from '../mvcc/mvcc-store.js';
import { isData } from '../mvcc/records.js';
import type { RegionChange, RegionTable } from '../regions/region-table.js';
import { type StoreRegion, peerMessage, regionMessage } from '../regions/store-region.js';
import { type SourcedRow, rowOfChange } from './change-rows.js';
import { FeedConnection, type FeedServer } from './feed-connection.js';
import type { ChangeDataRequest, FeedError, FeedRow } from './feed-messages.js';
import { IncrementalScan } from './incremental-scan.js';
import { register } from './registration.js';
import { Subscription } from './subscription.js';

/** What the hub works with. */
export interface HubParts {
  readonly clusterId: bigint;
  readonly regions: RegionTable;
  readonly mvcc: MvccStore;
  /** Uniform in [0, 1): the order of rows, and what errors leave unsaid. */
  readonly random: () => number;
}

interface Following {
  readonly subscription: Subscription;
  readonly connection: FeedConnection;
}

/** All feeds. */
export class ChangeHub implements FeedServer {
  readonly #parts: HubParts;
  readonly #connections = new Set<FeedConnection>();
  readonly #byRegion = new Map<bigint, Set<Following>>();
  /** Scans that are not complete, in the order of their turns. */
  #scans: { readonly scan: IncrementalScan; readonly following: Following }[] = [];

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** A new stream to a store. */
  connect(storeId: bigint): FeedConnection {
    const connection = new FeedConnection(storeId, this);
    this.#connections.add(connection);
    return connection;
  }

  /** Ends all streams to a store. */
  disconnect(storeId: bigint, failure: CallFailure): void {
    for (const connection of this.#connections) {
      if (connection.storeId === storeId) connection.fail(failure);
    }
  }

  onRequest(connection: FeedConnection, request: ChangeDataRequest): void {
    if (request.deregister !== null) {
      this.#deregister(connection, request);
      return;
    }
    const { requestId, regionId } = request;
    if (connection.subscriptions.has(nameOf(requestId, regionId))) {
      sendError(connection, { requestId, regionId }, { duplicateRequest: { regionId } });
      return;
    }
    const registration = register(request, connection, this.#parts);
    if (registration.kind === 'refused') {
      sendError(connection, { requestId, regionId }, registration.error);
      return;
    }
    const subscription = new Subscription(registration.spec);
    const following = { subscription, connection };
    connection.subscriptions.set(nameOf(requestId, regionId), subscription);
    this.#followersOf(regionId).add(following);
    this.#scans.push({ scan: new IncrementalScan(this.#parts.mvcc, subscription), following });
  }

  onClose(connection: FeedConnection): void {
    this.#connections.delete(connection);
    for (const { spec } of connection.subscriptions.values()) {
      for (const following of this.#followersOf(spec.region.id)) {
        if (following.connection === connection) this.#remove(following);
      }
    }
  }

  /** Takes a command's changes of a region to those who follow it. To be called before the next command. */
  publish(region: StoreRegion, changes: readonly StoreChange[]): void {
    const followers = this.#byRegion.get(region.id);
    if (followers === undefined) return;
    // TiKV keeps the rows of a raft entry in a hash map.
    const rows = shuffled(
      changes.map((change) => ({ change, sourced: rowOfChange(this.#parts.mvcc, change) })),
      this.#parts.random,
    );
    for (const following of [...followers]) this.#deliver(following, rows);
  }

  /** One piece of one scan, if there is one that has room. @returns whether there may be more to do at once. */
  work(): boolean {
    const at = this.#scans.findIndex(({ following }) => hasRoom(following.connection));
    const [turn] = at < 0 ? [] : this.#scans.splice(at, 1);
    if (turn === undefined) return false;
    if (!turn.scan.step()) this.#scans.push(turn);
    turn.following.connection.announce();
    return this.#scans.some(({ following }) => hasRoom(following.connection));
  }

  /** Whether anybody waits for resolved timestamps. */
  get hasFollowers(): boolean {
    return this.#byRegion.size > 0;
  }

  /** Sends every complete subscription its resolved ts. @param latest - a timestamp just taken. */
  resolve(latest: bigint): void {
    for (const connection of this.#connections) {
      if (!connection.getsResolved) continue;
      const regionsAt = new Map<string, { requestId: bigint; ts: bigint; regions: bigint[] }>();
      for (const subscription of connection.subscriptions.values()) {
        if (!subscription.isInitialized) continue;
        const ts = subscription.resolve(latest);
        const { requestId, regionId } = subscription.id;
        const group = `${String(requestId)}/${String(ts)}`;
        const known = regionsAt.get(group);
        if (known === undefined) regionsAt.set(group, { requestId, ts, regions: [regionId] });
        else known.regions.push(regionId);
      }
      if (regionsAt.size === 0) continue;
      for (const group of regionsAt.values()) connection.outbox.addResolved(group);
      connection.announce();
    }
  }

  /** Ends the subscriptions of regions that are not what they were. */
  onRegionChange(change: RegionChange): void {
    switch (change.kind) {
      case 'split':
        this.#end(change.old.id, { epochNotMatch: { currentRegions: change.pieces.map(regionMessage) } });
        return;
      case 'moved': {
        const regionId = change.old.id;
        // The one who has stepped down does not always know who came after him.
        const isKnown = this.#parts.random() < 0.5;
        const leader = isKnown ? { leader: peerMessage(change.moved.leader) } : {};
        this.#end(regionId, { notLeader: { regionId, ...leader } });
        return;
      }
      case 'merged': {
        const regionId = change.source.id;
        const isGone = this.#parts.random() < 0.3;
        // A merge names no regions.
        const none = { epochNotMatch: { currentRegions: [] } };
        this.#end(regionId, isGone ? { regionNotFound: { regionId } } : none);
        this.#end(change.target.id, none);
      }
    }
  }

  #deregister(connection: FeedConnection, { requestId, regionId }: ChangeDataRequest): void {
    for (const subscription of [...connection.subscriptions.values()]) {
      const { id } = subscription;
      if (id.requestId !== requestId || (regionId !== 0n && id.regionId !== regionId)) continue;
      // A subscription that is given up says goodbye with an error.
      const goodbye = { regionNotFound: { regionId: id.regionId } };
      for (const following of [...this.#followersOf(id.regionId)]) {
        if (following.subscription === subscription) this.#stop(following, goodbye);
      }
    }
  }

  #deliver(
    following: Following,
    rows: readonly { change: StoreChange; sourced: SourcedRow | undefined }[],
  ): void {
    const { subscription, connection } = following;
    const wanted: FeedRow[] = [];
    for (const { change, sourced } of rows) {
      if (!subscription.covers(change.key)) continue;
      tally(subscription, change);
      if (sourced !== undefined && subscription.wantsSource(sourced.txnSource)) wanted.push(sourced.row);
    }
    if (wanted.length === 0) return;
    if (connection.outbox.bytes > limits.embeddedFeedQueueBytes) {
      this.#stop(following, { congested: { regionId: subscription.id.regionId } });
      return;
    }
    connection.outbox.addRows(subscription.id, wanted);
    connection.announce();
  }

  #end(regionId: bigint, error: FeedError): void {
    for (const following of [...(this.#byRegion.get(regionId) ?? [])]) this.#stop(following, error);
  }

  #stop(following: Following, error: FeedError): void {
    this.#remove(following);
    sendError(following.connection, following.subscription.id, error);
  }

  #remove(following: Following): void {
    const { requestId, regionId } = following.subscription.id;
    following.connection.subscriptions.delete(nameOf(requestId, regionId));
    const followers = this.#followersOf(regionId);
    followers.delete(following);
    if (followers.size === 0) this.#byRegion.delete(regionId);
    this.#scans = this.#scans.filter((turn) => turn.following !== following);
  }

  #followersOf(regionId: bigint): Set<Following> {
    let followers = this.#byRegion.get(regionId);
    if (followers === undefined) this.#byRegion.set(regionId, (followers = new Set()));
    return followers;
  }
}

/** Keeps the count of locks in the subscription's range. */
function tally(subscription: Subscription, change: StoreChange): void {
  if (change.kind === 'rewrite' || change.lock === undefined || !isData(change.lock)) return;
  if (change.kind === 'prewrite') subscription.locks.add(change.lock.startTs);
  else subscription.locks.remove(change.lock.startTs);
}

function hasRoom(connection: FeedConnection): boolean {
  return connection.outbox.bytes < limits.embeddedScanQueueBytes;
}

function sendError(
  connection: FeedConnection,
  id: { readonly requestId: bigint; readonly regionId: bigint },
  error: FeedError,
): void {
  connection.outbox.addEvent({ ...id, error });
  connection.announce();
}

function nameOf(requestId: bigint, regionId: bigint): string {
  return `${String(requestId)}/${String(regionId)}`;
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [order[i], order[j]];
    if (a !== undefined && b !== undefined) [order[i], order[j]] = [b, a];
  }
  return order;
}
