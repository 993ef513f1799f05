/**
 * TiKV's change feed over the model: connections, subscriptions, incremental scans, resolved timestamps, errors; with
 * everything that real TiKV does rarely made common (TRUTH §1, tikv/tikv components/cdc).
 *
 * Two queues a connection, as in TiKV: what is observed live, and what scans find; they are drained in any interleaving,
 * but a scan begins only when what was observed before its snapshot is out, and resolved timestamps begin only when
 * INITIALIZED is out.
 */
import type { RowInit } from '../../unit/tikv/feed/cdc-proto.js';
import { encodeCdc } from '../../unit/tikv/feed/cdc-proto.js';
import { comparableBytes } from '../../../src/codec/memcomparable.js';
import { bytes, committedRow, ModelMvcc, prewriteRow } from './model-mvcc.js';
import { holds, type ModelRegion, type ModelRegions } from './model-regions.js';
import type { Random } from '../../support/random.js';
import type { VirtualRuntime } from './virtual-runtime.js';

/** A request, decoded. */
export interface ModelRequest {
  readonly clusterId: bigint;
  readonly requestId: number;
  readonly regionId: number;
  readonly version: number;
  readonly checkpoint: bigint;
  /** Hex. */
  readonly start: string;
  readonly end: string;
  readonly isDeregister: boolean;
}

/** How nasty the store is. Probabilities. */
export interface Nastiness {
  /** A request vanishes. */
  readonly lost: number;
  /** A subscription never gets a resolved ts. */
  readonly stalled: number;
  /** What is observed between registration and snapshot is sent too. */
  readonly early: number;
  /** A scan goes on sending after the error that ended its subscription. */
  readonly lateScan: number;
  /** A registration is refused for no good reason. */
  readonly busy: number;
  /** A range is not understood and the whole region sent. */
  readonly wholeRegion: number;
}

interface Subscription {
  readonly conn: ModelConn;
  readonly requestId: number;
  readonly region: ModelRegion;
  readonly range: { readonly start: string; readonly end: string };
  readonly checkpoint: bigint;
  readonly isEarly: boolean;
  readonly isStalled: boolean;
  readonly isLateScan: boolean;
  state: 'waiting' | 'scanning' | 'normal' | 'stopped';
  advancedTo: bigint;
}

interface Item {
  readonly event?: object;
  readonly resolved?: object;
  /** Belongs to a scan, which an error may cut short. */
  readonly scanOf?: Subscription;
  /** Called when it is sent. */
  readonly onSent?: () => void;
}

/** A connection: one stream. */
export class ModelConn {
  readonly storeId: number;
  readonly isMultiplexed: boolean;
  readonly deliver: (message: Uint8Array) => void;
  readonly fail: (error: Error) => void;
  readonly live: Item[] = [];
  readonly scanned: Item[] = [];
  readonly subscriptions = new Map<string, Subscription>();
  isOpen = true;
  isDraining = false;

  constructor(options: {
    storeId: number;
    isMultiplexed: boolean;
    deliver: (message: Uint8Array) => void;
    fail: (error: Error) => void;
  }) {
    this.storeId = options.storeId;
    this.isMultiplexed = options.isMultiplexed;
    this.deliver = options.deliver;
    this.fail = options.fail;
  }
}

/** All stores' feeds. */
export class ModelFeed {
  readonly #runtime: VirtualRuntime;
  readonly #random: Random;
  readonly #regions: ModelRegions;
  readonly #nextTs: () => bigint;
  readonly mvcc = new ModelMvcc((row) => this.#observe(row));
  readonly conns = new Set<ModelConn>();
  nastiness: Nastiness;

  constructor(options: {
    runtime: VirtualRuntime;
    random: Random;
    regions: ModelRegions;
    nextTs: () => bigint;
    nastiness: Nastiness;
  }) {
    this.#runtime = options.runtime;
    this.#random = options.random;
    this.#regions = options.regions;
    this.#nextTs = options.nextTs;
    this.nastiness = options.nastiness;
  }

  /** One round of resolved timestamps on a store. */
  resolve(storeId: number): void {
    const now = this.#nextTs();
    for (const conn of this.conns) {
      if (conn.storeId !== storeId) continue;
      const groups = new Map<string, { requestId: number; ts: bigint; regions: number[] }>();
      for (const sub of conn.subscriptions.values()) {
        if (sub.state !== 'normal' || sub.isStalled) continue;
        let ts = now;
        for (const lock of this.mvcc.locks.values()) {
          if (holds(sub.range, lock.key) && lock.startTs < ts) ts = lock.startTs;
        }
        if (ts > sub.advancedTo) sub.advancedTo = ts;
        const requestId = conn.isMultiplexed ? sub.requestId : 0;
        // Groups of a few regions get the least of their timestamps, as in TiKV.
        const name = `${requestId}/${this.#random.below(2)}`;
        const group = groups.get(name) ?? { requestId, ts: sub.advancedTo, regions: [] };
        group.regions.push(sub.region.id);
        if (sub.advancedTo < group.ts) group.ts = sub.advancedTo;
        groups.set(name, group);
      }
      for (const { requestId, ts, regions } of groups.values()) {
        if (conn.isMultiplexed || this.#random.chance(0.7)) {
          this.#live(conn, { resolved: { request_id: requestId, ts, regions } });
        } else {
          const sub = [...conn.subscriptions.values()][0]!;
          this.#live(conn, {
            event: { region_id: sub.region.id, request_id: sub.requestId, resolved_ts: ts },
          });
        }
      }
    }
  }

  /** A request arrives. */
  request(conn: ModelConn, request: ModelRequest): void {
    if (!conn.isOpen || this.#random.chance(this.nastiness.lost)) return;
    const name = `${request.requestId}/${request.regionId}`;
    const existing = conn.subscriptions.get(name);
    if (request.isDeregister) {
      if (existing !== undefined) this.#stop(existing, { region_not_found: { region_id: request.regionId } });
      return;
    }
    const refuse = (error: object): void =>
      this.#live(conn, { event: { region_id: request.regionId, request_id: request.requestId, error } });
    if (existing !== undefined) throw new Error(`duplicate request ${name}: the client reuses a live id`);
    const region = this.#regions.byId(request.regionId);
    if (region === undefined) {
      refuse({ region_not_found: { region_id: request.regionId } });
      return;
    }
    if (region.storeId !== conn.storeId) {
      const leader = this.#random.chance(0.6)
        ? { id: region.id * 10 + region.storeId, store_id: region.storeId }
        : null;
      refuse({ not_leader: { region_id: region.id, ...(leader === null ? {} : { leader }) } });
      return;
    }
    if (region.version !== request.version) {
      refuse({ epoch_not_match: this.#epochNotMatch([region]) });
      return;
    }
    if (this.#random.chance(this.nastiness.busy)) {
      refuse(
        this.#random.pick([
          { server_is_busy: { reason: 'too many pending incremental scans', backoff_ms: 30 } },
          { congested: { region_id: region.id } },
          {},
        ]),
      );
      return;
    }
    const isWhole = request.end === '' || this.#random.chance(this.nastiness.wholeRegion);
    const sub: Subscription = {
      conn,
      requestId: request.requestId,
      region,
      range: isWhole
        ? region
        : {
            start: request.start > region.start ? request.start : region.start,
            end: region.end !== '' && region.end < request.end ? region.end : request.end,
          },
      checkpoint: request.checkpoint,
      isEarly: this.#random.chance(this.nastiness.early),
      isStalled: this.#random.chance(this.nastiness.stalled),
      isLateScan: this.#random.chance(this.nastiness.lateScan),
      state: 'waiting',
      advancedTo: 0n,
    };
    conn.subscriptions.set(name, sub);
    this.#runtime.at(this.#random.below(30), () => this.#snapshot(sub));
  }

  /** The region is not any more what was subscribed. */
  regionChanged(
    region: ModelRegion,
    error: 'split' | 'merge' | 'leader',
    after: readonly ModelRegion[],
  ): void {
    for (const conn of this.conns) {
      for (const sub of [...conn.subscriptions.values()]) {
        if (sub.region.id !== region.id) continue;
        const leader = after[0]!;
        this.#stop(
          sub,
          error === 'leader'
            ? {
                not_leader: {
                  region_id: region.id,
                  ...(this.#random.chance(0.5)
                    ? { leader: { id: leader.id * 10 + leader.storeId, store_id: leader.storeId } }
                    : {}),
                },
              }
            : error === 'split'
              ? { epoch_not_match: this.#epochNotMatch(after) }
              : this.#random.chance(0.8)
                ? { epoch_not_match: {} }
                : { region_not_found: { region_id: region.id } },
        );
      }
    }
  }

  /** Every connection to a store breaks. */
  breakStore(storeId: number): void {
    for (const conn of [...this.conns]) {
      if (conn.storeId !== storeId) continue;
      this.close(conn);
      conn.fail(Object.assign(new Error('14 UNAVAILABLE: Connection dropped'), { code: 14 }));
    }
  }

  close(conn: ModelConn): void {
    conn.isOpen = false;
    for (const sub of conn.subscriptions.values()) sub.state = 'stopped';
    conn.subscriptions.clear();
    this.conns.delete(conn);
  }

  /** A change was applied: whoever watches its key is told. */
  #observe(row: RowInit): void {
    const key = Buffer.from(row.key!).toString('hex');
    for (const conn of this.conns) {
      for (const sub of conn.subscriptions.values()) {
        if (!holds(sub.range, key)) continue;
        if (sub.state === 'scanning' || sub.state === 'normal' || (sub.state === 'waiting' && sub.isEarly)) {
          this.#live(conn, { event: this.#rows(sub, [row]) });
        }
      }
    }
  }

  #snapshot(sub: Subscription): void {
    if (sub.state !== 'waiting') return;
    sub.state = 'scanning';
    const rows: RowInit[] = [];
    for (const key of this.mvcc.keys()) {
      if (!holds(sub.range, key)) continue;
      const lock = this.mvcc.locks.get(key);
      if (lock !== undefined) rows.push(prewriteRow(lock));
      for (const version of [...this.mvcc.versions(key)].reverse()) {
        if (version.commitTs > sub.checkpoint) rows.push(committedRow(version));
      }
    }
    // Barrier: what was observed before goes out first.
    this.#live(sub.conn, { onSent: () => this.#scan(sub, rows) });
  }

  #scan(sub: Subscription, rows: RowInit[]): void {
    const { conn } = sub;
    for (let at = 0; at < rows.length;) {
      const count = 1 + this.#random.below(3);
      conn.scanned.push({ event: this.#rows(sub, rows.slice(at, at + count)), scanOf: sub });
      at += count;
    }
    conn.scanned.push({
      event: this.#rows(sub, [{ type: 'INITIALIZED' }]),
      scanOf: sub,
      onSent: () => {
        if (sub.state === 'scanning') sub.state = 'normal';
      },
    });
    this.#drain(conn);
  }

  #stop(sub: Subscription, error: object): void {
    if (sub.state === 'stopped') return;
    sub.state = 'stopped';
    sub.conn.subscriptions.delete(`${sub.requestId}/${sub.region.id}`);
    this.#live(sub.conn, { event: { region_id: sub.region.id, request_id: sub.requestId, error } });
  }

  #epochNotMatch(regions: readonly ModelRegion[]): object {
    if (this.#random.chance(0.3)) return {};
    return {
      current_regions: regions.map((region) => ({
        id: region.id,
        start_key: region.start === '' ? bytes('') : comparableBytes(bytes(region.start)),
        end_key: region.end === '' ? bytes('') : comparableBytes(bytes(region.end)),
        region_epoch: { conf_ver: 1, version: region.version },
        peers: [1, 2, 3].map((storeId) => ({ id: region.id * 10 + storeId, store_id: storeId })),
      })),
    };
  }

  #rows(sub: Subscription, rows: readonly RowInit[]): object {
    return { region_id: sub.region.id, request_id: sub.requestId, entries: { entries: rows } };
  }

  #live(conn: ModelConn, item: Item): void {
    conn.live.push(item);
    this.#drain(conn);
  }

  /** Sends what is queued, a little at a time. */
  #drain(conn: ModelConn): void {
    if (conn.isDraining) return;
    conn.isDraining = true;
    this.#runtime.at(this.#random.chance(0.5) ? 0 : this.#random.below(8), () => {
      conn.isDraining = false;
      if (!conn.isOpen) return;
      const events: object[] = [];
      const sent: Item[] = [];
      let resolved: object | undefined;
      for (let left = 1 + this.#random.below(4); left > 0 && resolved === undefined; left--) {
        const item = this.#nextItem(conn);
        if (item === undefined) break;
        sent.push(item);
        if (item.event !== undefined) events.push(item.event);
        resolved = item.resolved;
        if (item.onSent !== undefined) break;
      }
      if (events.length > 0) conn.deliver(encodeCdc('ChangeDataEvent', { events }));
      if (resolved !== undefined) conn.deliver(encodeCdc('ChangeDataEvent', { resolved_ts: resolved }));
      for (const item of sent) item.onSent?.();
      if (conn.live.length + conn.scanned.length > 0) this.#drain(conn);
    });
  }

  #nextItem(conn: ModelConn): Item | undefined {
    for (;;) {
      const isLive = conn.scanned.length === 0 || (conn.live.length > 0 && this.#random.chance(0.5));
      const item = (isLive ? conn.live : conn.scanned).shift();
      const isCut = item?.scanOf?.state === 'stopped' && !item.scanOf.isLateScan;
      if (!isCut) return item;
    }
  }
}
