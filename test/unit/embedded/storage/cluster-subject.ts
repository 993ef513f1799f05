/** The cluster's machine without any shell, and what tests want to do to it. Time stands still unless it is moved. */
import { type KeyString, keyBytes, keyString, utf8 } from '../../../../src/base/bytes.js';
import { comparableBytes } from '../../../../src/codec/memcomparable.js';
import { StorageCluster } from '../../../../src/embedded/storage/cluster.js';
import type { FeedConnection } from '../../../../src/embedded/storage/feed/feed-connection.js';
import { type Body, type KvMethod, kvMethods } from '../../../../src/tikv/kv-methods.js';
import { type Mutation, mutationMessage } from '../../../../src/tikv/two-phase-commit/mutation.js';
import {
  AssertionLevel,
  type Context,
  type MessageInput,
  type WithContext,
  type WithRegionError,
} from '../../../../src/tikv/proto-types.js';
import { messageCodec } from '../../../../src/tikv/proto.js';
import type { GetRegionResponse, TsoResponse } from '../../../../src/tikv/pd/pd-types.js';
import { composeTs } from '../../../../src/codec/tso.js';
import { Random } from '../../../support/random.js';
import { encodeCdc } from '../../tikv/feed/cdc-proto.js';
import { type RuleMessage, type RuleRow, ruleMessage } from './feed-rules.js';

export const CLUSTER_ID = 42n;
const START_MS = 1_700_000_000_000;

/** A cluster under test. */
export class ClusterSubject {
  readonly cluster: StorageCluster;
  nowMs = START_MS;

  constructor(stores = 3) {
    const random = new Random(1);
    this.cluster = new StorageCluster({ stores, clusterId: CLUSTER_ID, random: () => random.next() });
    this.cluster.listenAt({
      pd: 'pd:1',
      stores: new Map(this.cluster.storeIds.map((id) => [id, `s${id}:1`])),
    });
  }

  /** Moves time, and does what is due. */
  pass(ms: number): void {
    this.nowMs += ms;
    for (let pieces = 0; this.cluster.advance(this.nowMs) === 0; pieces++) {
      if (pieces > 10_000) throw new Error('there is no end to it');
    }
  }

  tso(): bigint {
    const header = { clusterId: CLUSTER_ID };
    const body = messageCodec<{ header: typeof header; count: number }>('pdpb.TsoRequest').encode({
      header,
      count: 1,
    });
    const outcome = this.cluster.timestamps(body, this.nowMs);
    if (outcome.kind !== 'reply') throw new Error(outcome.details);
    const { physical, logical } = messageCodec<TsoResponse>('pdpb.TsoResponse').decode(
      outcome.body,
    ).timestamp!;
    return composeTs(physical, logical);
  }

  /** A unary call to PD. */
  pd(
    method: string,
    request: Record<string, unknown>,
    names: readonly [string, string],
  ): Record<string, unknown> {
    const body = messageCodec<Record<string, unknown>>(`pdpb.${names[0]}`).encode({
      header: { clusterId: CLUSTER_ID },
      ...request,
    });
    const outcome = this.cluster.callPd(method, body, this.nowMs);
    if (outcome.kind !== 'reply') throw new Error(`${outcome.code} ${outcome.details}`);
    return messageCodec<Record<string, unknown>>(`pdpb.${names[1]}`).decode(outcome.body);
  }

  /** The context of a request for the region that PD says holds a key. */
  contextOf(key: KeyString): Context {
    const reply = this.pd('GetRegion', { regionKey: comparableBytes(keyBytes(key)) }, [
      'GetRegionRequest',
      'GetRegionResponse',
    ]) as unknown as GetRegionResponse;
    const { region, leader } = reply;
    return { regionId: region!.id, regionEpoch: region!.regionEpoch, peer: leader } as Context;
  }

  /** A call to the store that a context names. @throws Error — no reply. */
  call<Q extends WithContext, R extends WithRegionError>(
    method: KvMethod<Q, R>,
    context: Context,
    body: Body<Q>,
  ): R {
    const request = method.request.encode({ ...body, context } as unknown as MessageInput<Q>);
    const outcome = this.cluster.callStore(context.peer!.storeId, method.name, request, this.nowMs);
    if (outcome.kind !== 'reply') throw new Error(`${outcome.code} ${outcome.details}`);
    return method.response.decode(outcome.body);
  }

  prewrite(
    startTs: bigint,
    mutations: readonly Mutation[],
    options: { txnSource?: bigint; ttl?: bigint } = {},
  ): void {
    const context = this.contextOf(keyString(mutations[0]!.key));
    const reply = this.call(
      kvMethods.prewrite,
      { ...context, txnSource: options.txnSource ?? 0n },
      {
        mutations: mutations.map(mutationMessage),
        primaryLock: mutations[0]!.key,
        startVersion: startTs,
        lockTtl: options.ttl ?? 3000n,
        txnSize: BigInt(mutations.length),
        minCommitTs: startTs + 1n,
        assertionLevel: AssertionLevel.off,
      },
    );
    if (reply.regionError !== null || reply.errors.length > 0) throw new Error('the prewrite was refused');
  }

  /** @returns the commit ts. */
  commit(startTs: bigint, keys: readonly Uint8Array[]): bigint {
    const commitTs = this.tso();
    const context = this.contextOf(keyString(keys[0]!));
    const body = {
      startVersion: startTs,
      keys,
      commitVersion: commitTs,
      commitRole: 0,
      primaryKey: keys[0]!,
    };
    const reply = this.call(kvMethods.commit, context, body);
    if (reply.regionError !== null || reply.error !== null) throw new Error('the commit was refused');
    return commitTs;
  }

  rollBack(startTs: bigint, keys: readonly Uint8Array[]): void {
    this.call(kvMethods.batchRollback, this.contextOf(keyString(keys[0]!)), { startVersion: startTs, keys });
  }

  /** A transaction within one region. @returns its commit ts. */
  write(...mutations: readonly Mutation[]): bigint {
    const startTs = this.tso();
    this.prewrite(startTs, mutations);
    return this.commit(
      startTs,
      mutations.map((mutation) => mutation.key),
    );
  }

  /** A stream to a store. */
  feed(storeId: bigint): FeedSubject {
    const connection = this.cluster.openFeed(storeId, this.nowMs);
    if ('kind' in connection) throw new Error(connection.details);
    return new FeedSubject(connection);
  }

  /** A stream to the leader of a key's region, and a subscription of it. */
  follow(key: KeyString, options: Partial<RegisterOptions> = {}): FeedSubject {
    const context = this.contextOf(key);
    const feed = this.feed(context.peer!.storeId);
    feed.register({ context, ...options });
    return feed;
  }
}

/** What a registration may say. */
export interface RegisterOptions {
  readonly context: Context;
  readonly requestId: bigint;
  readonly checkpoint: bigint;
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly filterLoop: boolean;
  readonly version: string;
  readonly clusterId: bigint;
}

/** A client's end of a stream. */
export class FeedSubject {
  readonly connection: FeedConnection;
  /** All that came, as the traces have it. */
  readonly messages: RuleMessage[] = [];

  constructor(connection: FeedConnection) {
    this.connection = connection;
  }

  register(options: Partial<RegisterOptions> & Pick<RegisterOptions, 'context'>): void {
    const { context, requestId = 1n, checkpoint = 0n, version = '8.5.0', clusterId = CLUSTER_ID } = options;
    this.send({
      header: { cluster_id: clusterId, ticdc_version: version },
      region_id: context.regionId,
      region_epoch: { conf_ver: context.regionEpoch!.confVer, version: context.regionEpoch!.version },
      checkpoint_ts: checkpoint,
      start_key: options.start === undefined ? new Uint8Array(0) : comparableBytes(options.start),
      end_key: options.end === undefined ? new Uint8Array(0) : comparableBytes(options.end),
      request_id: requestId,
      filter_loop: options.filterLoop ?? false,
      register: {},
    });
  }

  deregister(requestId: bigint, regionId: bigint): void {
    const header = { cluster_id: CLUSTER_ID, ticdc_version: '8.5.0' };
    this.send({ header, region_id: regionId, request_id: requestId, deregister: {} });
  }

  send(request: object): void {
    this.connection.receive(encodeCdc('ChangeDataRequest', request));
  }

  /** Takes what has come; rows and resolved timestamps in short. */
  take(): string[] {
    const told: string[] = [];
    for (let bytes = this.connection.take(); bytes !== undefined; bytes = this.connection.take()) {
      const message = ruleMessage(bytes);
      this.messages.push(message);
      for (const { entries, error } of message.events) {
        for (const row of entries?.entries ?? []) told.push(described(row));
        if (error !== undefined && error !== null) told.push(`error ${setField(error)}`);
      }
      if (message.resolved_ts !== null) told.push('resolved');
    }
    return told;
  }

  /** The last resolved ts of a region; 0: none has come. */
  resolved(regionId: bigint): bigint {
    const last = this.messages.findLast(({ resolved_ts: r }) => r?.regions.includes(String(regionId)));
    return BigInt(last?.resolved_ts?.ts ?? 0);
  }
}

/** The name of the field that is not null. */
function setField(message: object): string {
  return Object.entries(message).find(([, value]) => value !== null)?.[0] ?? 'none';
}

/** `COMMIT PUT a=value was old`. */
function described(row: RuleRow): string {
  const text = (hex: string): string => {
    const value = Buffer.from(hex, 'hex').toString();
    return value.length > 20 ? `${value.length} bytes` : value;
  };
  const op = row.op_type === 'UNKNOWN' ? '' : ` ${row.op_type}`;
  const value = row.value === '' ? '' : `=${text(row.value)}`;
  const old = row.old_value === '' ? '' : ` was ${text(row.old_value)}`;
  const at = row.key === '' ? '' : ` ${text(row.key)}`;
  return `${row.type}${op}${at}${value}${old}`;
}

/** A mutation that puts a text. */
export function put(key: string, value: string): Mutation {
  return { kind: 'put', key: keyBytes(key as KeyString), value: utf8(value) };
}

/** A mutation that deletes. */
export function remove(key: string): Mutation {
  return { kind: 'delete', key: keyBytes(key as KeyString) };
}
