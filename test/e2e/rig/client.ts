/**
 * A small client of PD and TiKV, enough to check the rig from outside: grpc-js, and the few messages of
 * proto/rig.proto. It retries nothing and hides nothing; the product's own client is in src/tikv.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { Ts } from '../../../src/codec/tso.js';
import type { Rig } from '../../support/rig.js';
import { encodeBytes } from './keys.js';

const { root } = protobuf.parse(readFileSync(join(protoFolder(), 'rig.proto'), 'utf8'));
const READABLE = { longs: BigInt, enums: String, bytes: Uint8Array, defaults: true, oneofs: true };

export interface Epoch {
  readonly confVer: bigint;
  readonly version: bigint;
}

export interface RegionMeta {
  readonly id: bigint;
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array;
  readonly regionEpoch: Epoch;
}

export interface Peer {
  readonly id: bigint;
  readonly storeId: bigint;
}

/** A region as PD tells of it. */
export interface Region {
  readonly region: RegionMeta;
  readonly leader: Peer;
}

export interface RegionError {
  readonly message: string;
  readonly notLeader: { leader: Peer | null } | null;
  readonly regionNotFound: { regionId: bigint } | null;
  readonly keyNotInRegion: object | null;
  readonly epochNotMatch: { currentRegions: readonly RegionMeta[] } | null;
  readonly serverIsBusy: object | null;
  readonly staleCommand: object | null;
  readonly raftEntryTooLarge: object | null;
}

export interface KeyError {
  readonly locked: { lockVersion: bigint; key: Uint8Array } | null;
  readonly retryable: string;
  readonly abort: string;
  readonly conflict: { reason: string; conflictTs: bigint; conflictCommitTs: bigint } | null;
  readonly commitTsExpired: object | null;
  readonly txnNotFound: object | null;
}

/** Any reply of a store; fields that the method has not are undefined. */
export interface Reply {
  readonly regionError: RegionError | null;
  readonly error: KeyError | null;
  readonly errors: readonly KeyError[];
  readonly value: Uint8Array;
  readonly notFound: boolean;
  readonly pairs: readonly { key: Uint8Array; value: Uint8Array; error: KeyError | null }[];
  readonly minCommitTs: bigint;
  readonly onePcCommitTs: bigint;
  readonly commitVersion: bigint;
  readonly lockTtl: bigint;
  readonly data: Uint8Array;
  readonly otherError: string;
  readonly execDetailsV2: { timeDetailV2: { totalRpcWallTimeNs: bigint } | null } | null;
}

/** A message to send: protobufjs' `fromObject` form, bigints welcome. */
export type Fields = Readonly<Record<string, unknown>>;

/** Encodes a message of proto/rig.proto. */
export function encode(type: string, fields: Fields): Uint8Array {
  const message = root.lookupType(type);
  return message.encode(message.fromObject(fields)).finish();
}

/** Decodes a message of proto/rig.proto; the caller says what is in it. */
export function decode(type: string, bytes: Uint8Array): unknown {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), READABLE);
}

/** Message types of the store's methods that are called here. */
const KV_TYPES: Readonly<Record<string, string>> = { Coprocessor: 'Cop' };

const asBytes = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const asIs = (bytes: Buffer): Uint8Array => bytes;

/** Connections to a rig. */
export class TestClient {
  readonly rig: Rig;
  readonly #clients = new Map<string, Client>();

  constructor(rig: Rig) {
    this.rig = rig;
  }

  /** Ends the connections. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #client(address: string): Client {
    const open = this.#clients.get(address);
    if (open !== undefined) return open;
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
    this.#clients.set(address, client);
    return client;
  }

  /** @throws ServiceError — the gRPC status, if it is not OK. */
  unary(address: string, path: string, body: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 10_000 };
      this.#client(address).makeUnaryRequest(
        path,
        asBytes,
        asIs,
        body,
        new Metadata(),
        options,
        (error, reply) => {
          if (error !== null) reject(error);
          else resolve(reply ?? new Uint8Array());
        },
      );
    });
  }

  /** Opens a stream of messages. */
  stream(
    address: string,
    path: string,
    metadata: Record<string, string> = {},
  ): ClientDuplexStream<Uint8Array, Uint8Array> {
    const headers = new Metadata();
    for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
    return this.#client(address).makeBidiStreamRequest(path, asBytes, asIs, headers);
  }

  /** Calls PD; the reply is of the type named like the method. */
  async pd<T>(method: string, types: { request: string; reply: string }, fields: Fields): Promise<T> {
    const header = { clusterId: this.rig.clusterId };
    const reply = await this.unary(
      this.rig.pd,
      `/pdpb.PD/${method}`,
      encode(types.request, { header, ...fields }),
    );
    return decode(types.reply, reply) as T;
  }

  /** The region that holds a raw key, as PD knows it. */
  async regionOf(rawKey: Uint8Array): Promise<Region> {
    const types = { request: 'GetRegionRequest', reply: 'GetRegionResponse' };
    return this.pd<Region>('GetRegion', types, { regionKey: encodeBytes(rawKey) });
  }

  /** The regions of [start, end), raw keys, as PD knows them. */
  async regionsOf(start: Uint8Array, end: Uint8Array): Promise<readonly Region[]> {
    const types = { request: 'ScanRegionsRequest', reply: 'ScanRegionsResponse' };
    const range = { startKey: encodeBytes(start), endKey: encodeBytes(end) };
    return (await this.pd<{ regions: readonly Region[] }>('ScanRegions', types, range)).regions;
  }

  /** Sends a request to a store, by default to the region's leader. */
  async kv(
    method: string,
    region: Region,
    fields: Fields,
    storeId: bigint = region.leader.storeId,
  ): Promise<Reply> {
    const name = KV_TYPES[method] ?? method.replace(/^Kv/, '');
    const peer = storeId === region.leader.storeId ? region.leader : { id: 0n, storeId };
    const { context: more, ...rest } = fields as { context?: Fields };
    const context = { regionId: region.region.id, regionEpoch: region.region.regionEpoch, peer, ...more };
    const body = encode(`${name}Request`, { context, ...rest });
    return decode(
      `${name}Response`,
      await this.unary(this.storeAddress(storeId), `/tikvpb.Tikv/${method}`, body),
    ) as Reply;
  }

  /** `host:port` of a store. */
  storeAddress(storeId: bigint): string {
    return this.rig.stores[Number(storeId) - 1]!;
  }

  /** Prewrites one optimistic transaction of one region; the first mutation is the primary. */
  async prewrite(
    region: Region,
    startTs: Ts,
    mutations: readonly Fields[],
    more: Fields = {},
  ): Promise<Reply> {
    return this.kv('KvPrewrite', region, {
      mutations,
      primaryLock: (mutations[0] as { key: Uint8Array }).key,
      startVersion: startTs,
      lockTtl: 20_000n,
      txnSize: BigInt(mutations.length),
      ...more,
    });
  }

  /** Commits keys of one region. */
  async commit(region: Region, startTs: Ts, commitTs: Ts, keys: readonly Uint8Array[]): Promise<Reply> {
    return this.kv('KvCommit', region, { keys, startVersion: startTs, commitVersion: commitTs });
  }
}

/** The .proto text stays with the sources; what runs may be compiled to dist/. */
function protoFolder(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, 'proto');
  if (existsSync(beside)) return beside;
  return join(here, '../../../..', 'test/e2e/rig/proto');
}
