/**
 * The little of a TiKV client that the feed's end-to-end test needs: a gRPC transport, region look-ups in PD, and
 * KvScan at a timestamp. (The real ones live in src/tikv; this test does not depend on them.)
 */
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { compareBytes, concatBytes } from '../../../src/base/bytes.js';
import type { DuplexStream, Metadata, Transport } from '../../../src/base/transport.js';
import { comparableBytes } from '../../../src/codec/memcomparable.js';
import { decodeRegionKey } from '../../../src/tikv/region-key.js';
import type { FeedRegion, FeedRegions } from '../../../src/tikv/feed/ports.js';

const PROTO = `
syntax = "proto3";
message Epoch { uint64 conf_ver = 1; uint64 version = 2; }
message Peer { uint64 id = 1; uint64 store_id = 2; }
message Region { uint64 id = 1; bytes start_key = 2; bytes end_key = 3; Epoch region_epoch = 4; repeated Peer peers = 5; }
message RequestHeader { uint64 cluster_id = 1; }
message ScanRegionsRequest { RequestHeader header = 1; bytes start_key = 2; int32 limit = 3; bytes end_key = 4; }
message ScannedRegion { Region region = 1; Peer leader = 2; }
message ScanRegionsResponse { repeated ScannedRegion regions = 4; }
message GetStoreRequest { RequestHeader header = 1; uint64 store_id = 2; }
message Store { uint64 id = 1; string address = 2; }
message GetStoreResponse { Store store = 2; }
message Context { uint64 region_id = 1; Epoch region_epoch = 2; Peer peer = 3; }
message ScanRequest { Context context = 1; bytes start_key = 2; uint32 limit = 3; uint64 version = 4; bytes end_key = 7; }
message KvPair { bytes error = 1; bytes key = 2; bytes value = 3; }
message Mutation { uint32 op = 1; bytes key = 2; bytes value = 3; }
message PrewriteRequest { Context context = 1; repeated Mutation mutations = 2; bytes primary_lock = 3;
  uint64 start_version = 4; uint64 lock_ttl = 5; uint64 min_commit_ts = 10; }
message PrewriteResponse { bytes region_error = 1; repeated bytes errors = 2; }
message ScanResponse { bytes region_error = 1; repeated KvPair pairs = 2; bytes error = 3; }
`;
const { root } = protobuf.parse(PROTO, { keepCase: true });

function encode(type: string, message: object): Uint8Array {
  const T = root.lookupType(type);
  return T.encode(T.fromObject(message)).finish();
}

function decode(type: string, bytes: Uint8Array): unknown {
  const T = root.lookupType(type);
  return T.toObject(T.decode(bytes), { longs: String, defaults: true, arrays: true });
}

const same = (bytes: Buffer): Buffer => bytes;
const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** grpc-js, as whole messages. */
export class TestTransport implements Transport {
  readonly #clients = new Map<string, grpc.Client>();
  readonly streams = new Set<grpc.ClientDuplexStream<Uint8Array, Buffer>>();

  unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const call = this.#client(address).makeUnaryRequest(method, toBuffer, same, body, (error, reply) => {
        if (error === null && reply !== undefined) resolve(reply);
        else reject(error ?? new Error('no reply'));
      });
      const onAbort = (): void => call.cancel();
      signal.addEventListener('abort', onAbort, { once: true });
      call.on('status', () => signal.removeEventListener('abort', onAbort));
    });
  }

  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
    const header = new grpc.Metadata();
    for (const [key, value] of Object.entries(metadata)) header.set(key, value);
    const call = this.#client(address).makeBidiStreamRequest<Uint8Array, Buffer>(
      method,
      toBuffer,
      same,
      header,
    );
    this.streams.add(call);
    call.on('close', () => this.streams.delete(call));
    call.on('error', () => undefined);
    signal.addEventListener('abort', () => call.cancel(), { once: true });
    return {
      write: (message) => new Promise((resolve) => call.write(message, () => resolve())),
      end: () => call.end(),
      [Symbol.asyncIterator]: () => call[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>,
    };
  }

  forget(address: string): void {
    this.#clients.get(address)?.close();
    this.#clients.delete(address);
  }

  close(): void {
    for (const address of [...this.#clients.keys()]) this.forget(address);
  }

  #client(address: string): grpc.Client {
    let client = this.#clients.get(address);
    if (client === undefined) {
      client = new grpc.Client(address, grpc.credentials.createInsecure(), {
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
      });
      this.#clients.set(address, client);
    }
    return client;
  }
}

interface Scanned {
  readonly region: {
    readonly id: string;
    readonly start_key: Uint8Array;
    readonly end_key: Uint8Array;
    readonly region_epoch: { readonly conf_ver: string; readonly version: string };
  };
  readonly leader: { readonly id: string; readonly store_id: string } | null;
}

/** Regions as PD sees them; what TiKV says is kept until something contradicts it. */
export class TestRegions implements FeedRegions {
  readonly #transport: Transport;
  readonly #pd: string;
  readonly #clusterId: bigint;
  readonly #cached = new Map<bigint, FeedRegion>();

  constructor(transport: Transport, pd: string, clusterId: bigint) {
    this.#transport = transport;
    this.#pd = pd;
    this.#clusterId = clusterId;
  }

  async cover(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<readonly FeedRegion[]> {
    const known = this.#overlapping(start, end);
    let at: Uint8Array = start;
    for (const region of known) {
      if (compareBytes(region.start, at) > 0) break;
      at = region.end;
      if (at.length === 0 || (end.length > 0 && compareBytes(at, end) >= 0)) return known;
    }
    for (const region of await this.scan(start, end, signal)) this.#keep(region);
    return this.#overlapping(start, end);
  }

  /** Asks PD. */
  async scan(start: Uint8Array, end: Uint8Array, signal: AbortSignal): Promise<FeedRegion[]> {
    const body = encode('ScanRegionsRequest', {
      header: { cluster_id: this.#clusterId.toString() },
      start_key: comparableBytes(start),
      end_key: end.length === 0 ? end : comparableBytes(end),
    });
    const reply = await this.#transport.unary(this.#pd, '/pdpb.PD/ScanRegions', body, signal);
    const { regions } = decode('ScanRegionsResponse', reply) as { regions: Scanned[] };
    return regions
      .filter(({ leader }) => leader !== null && leader.store_id !== '0')
      .map(({ region, leader }) => ({
        id: BigInt(region.id),
        epoch: {
          confVer: BigInt(region.region_epoch.conf_ver),
          version: BigInt(region.region_epoch.version),
        },
        start: decodeRegionKey(region.start_key),
        end: decodeRegionKey(region.end_key),
        leader: { peerId: BigInt(leader!.id), storeId: BigInt(leader!.store_id) },
      }));
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
    const header = { cluster_id: this.#clusterId.toString() };
    const body = encode('GetStoreRequest', { header, store_id: storeId.toString() });
    const reply = await this.#transport.unary(this.#pd, '/pdpb.PD/GetStore', body, signal);
    return (decode('GetStoreResponse', reply) as { store: { address: string } }).store.address;
  }

  forgetStore(): void {
    // Addresses are not cached here.
  }

  #keep(region: FeedRegion): void {
    const overlapping = this.#overlapping(region.start, region.end);
    if (overlapping.some((other) => other.epoch.version > region.epoch.version)) return;
    for (const other of overlapping) this.#cached.delete(other.id);
    this.#cached.set(region.id, region);
  }

  #overlapping(start: Uint8Array, end: Uint8Array): FeedRegion[] {
    return [...this.#cached.values()]
      .filter((region) => end.length === 0 || compareBytes(region.start, end) < 0)
      .filter((region) => region.end.length === 0 || compareBytes(region.end, start) > 0)
      .sort((a, b) => compareBytes(a.start, b.start));
  }
}

/** All pairs of a range at a timestamp; key and value as hex. Waits for locks to go. */
export async function scanAt(
  transport: Transport,
  regions: TestRegions,
  range: { readonly start: Uint8Array; readonly end: Uint8Array },
  ts: bigint,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  let from = range.start;
  while (compareBytes(from, range.end) < 0) {
    signal.throwIfAborted();
    const [region] = await regions.scan(from, concatBytes(from, new Uint8Array(1)), signal);
    if (region === undefined) continue;
    const to = region.end.length === 0 || compareBytes(region.end, range.end) > 0 ? range.end : region.end;
    const body = encode('ScanRequest', {
      context: contextOf(region),
      start_key: from,
      end_key: to,
      limit: 100_000,
      version: ts.toString(),
    });
    const reply = await call(transport, regions, region, 'KvScan', body);
    if (reply === undefined) continue;
    const { region_error, error, pairs } = decode('ScanResponse', reply) as {
      region_error: Uint8Array;
      error: Uint8Array;
      pairs: { error: Uint8Array; key: Uint8Array; value: Uint8Array }[];
    };
    if (region_error.length > 0 || error.length > 0 || pairs.some((pair) => pair.error.length > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    for (const { key, value } of pairs) {
      found.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'));
    }
    from = to;
  }
  return found;
}

/** Prewrites one row and leaves it: its owner is dead at once, its lock when `ttlMs` is over. */
export async function abandonPrewrite(
  transport: Transport,
  regions: TestRegions,
  row: {
    readonly key: Uint8Array;
    readonly value: Uint8Array;
    readonly startTs: bigint;
    readonly ttlMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const [region] = await regions.scan(row.key, concatBytes(row.key, new Uint8Array(1)), signal);
    const body = encode('PrewriteRequest', {
      context: contextOf(region!),
      mutations: [{ op: 0, key: row.key, value: row.value }],
      primary_lock: row.key,
      start_version: row.startTs.toString(),
      lock_ttl: row.ttlMs,
      min_commit_ts: (row.startTs + 1n).toString(),
    });
    const reply = await call(transport, regions, region!, 'KvPrewrite', body);
    if (reply === undefined) continue;
    const { region_error, errors } = decode('PrewriteResponse', reply) as {
      region_error: Uint8Array;
      errors: Uint8Array[];
    };
    if (errors.length > 0) throw new Error('the prewrite was refused');
    if (region_error.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function contextOf({ id, epoch, leader }: FeedRegion): object {
  return {
    region_id: id.toString(),
    region_epoch: { conf_ver: epoch.confVer.toString(), version: epoch.version.toString() },
    peer: { id: leader.peerId.toString(), store_id: leader.storeId.toString() },
  };
}

/** One call to the region's leader; undefined if it does not answer now. */
async function call(
  transport: Transport,
  regions: TestRegions,
  region: FeedRegion,
  method: string,
  body: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { signal } = new AbortController();
  try {
    const address = await regions.storeAddress(region.leader.storeId, signal);
    return await transport.unary(address, `/tikvpb.Tikv/${method}`, body, signal);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return undefined;
  }
}
