/** Just enough of a TiKV client to read every pair of a range as of a timestamp, in tests only. */
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import type { KeyValue, MetaReader } from '../../../src/catalog/meta-reader.js';
import { compareBytes } from '../../../src/base/bytes.js';
import { comparableBytes, readComparableBytes } from '../../../src/codec/memcomparable.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import type { Rig } from './rig-process.js';

const { root } = protobuf.parse(
  `syntax = "proto3"; package kv;
  message Header { uint64 cluster_id = 1; }
  message Epoch { uint64 conf_ver = 1; uint64 version = 2; }
  message Peer { uint64 id = 1; uint64 store_id = 2; }
  message Region { uint64 id = 1; bytes start_key = 2; bytes end_key = 3; Epoch region_epoch = 4; }
  message GetRegionRequest { Header header = 1; bytes region_key = 2; }
  message GetRegionResponse { Region region = 2; Peer leader = 3; }
  message Context { uint64 region_id = 1; Epoch region_epoch = 2; Peer peer = 3; }
  message ScanRequest { Context context = 1; bytes start_key = 2; uint32 limit = 3; uint64 version = 4; bytes end_key = 7; }
  message KvPair { bytes error = 1; bytes key = 2; bytes value = 3; }
  message ScanResponse { bytes region_error = 1; repeated KvPair pairs = 2; bytes error = 3; }`,
  { keepCase: true },
);

interface RegionReply {
  readonly region: { readonly id: string; readonly end_key: Uint8Array; readonly region_epoch: object };
  readonly leader: object;
}

interface ScanReply {
  readonly region_error: Uint8Array;
  readonly error: Uint8Array;
  readonly pairs: readonly {
    readonly error: Uint8Array;
    readonly key: Uint8Array;
    readonly value: Uint8Array;
  }[];
}

const PAGE = 1000;
const PAUSE_MS = 5;

/** Reads pairs through PD and the rig's one store. */
export class KvClient implements MetaReader {
  readonly #pd: grpc.Client;
  readonly #store: grpc.Client;
  readonly #rig: Rig;

  constructor(rig: Rig) {
    const options = { 'grpc.max_receive_message_length': -1 };
    this.#rig = rig;
    this.#pd = new grpc.Client(rig.pd, grpc.credentials.createInsecure(), options);
    this.#store = new grpc.Client(rig.store, grpc.credentials.createInsecure(), options);
  }

  close(): void {
    this.#pd.close();
    this.#store.close();
  }

  /** A timestamp of PD. */
  async now(): Promise<Ts> {
    const reply = await fetch(`http://${this.#rig.pd}/rig/tso`);
    const match = /\d{12,}/.exec(await reply.text());
    if (match === null) throw new Error('no timestamp');
    return ts(BigInt(match[0]));
  }

  async get(key: Uint8Array, at: Ts, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const end = new Uint8Array(key.length + 1);
    end.set(key);
    for await (const pair of this.scan(key, end, at, signal)) return pair.value;
    return undefined;
  }

  async *scan(start: Uint8Array, end: Uint8Array, at: Ts, signal: AbortSignal): AsyncIterable<KeyValue> {
    let from = start;
    while (compareBytes(from, end) < 0) {
      signal.throwIfAborted();
      const region = await this.#region(from);
      const regionEnd =
        region.region.end_key.length === 0 ? end : readComparableBytes(new ByteReader(region.region.end_key));
      const to = compareBytes(regionEnd, end) < 0 ? regionEnd : end;
      const context = {
        region_id: region.region.id,
        region_epoch: region.region.region_epoch,
        peer: region.leader,
      };
      const request = { context, start_key: from, end_key: to, limit: PAGE, version: String(at) };
      const reply = (await this.#call(this.#store, '/tikvpb.Tikv/KvScan', 'Scan', request)) as ScanReply;
      if (reply.error.length > 0) throw new Error('KvScan failed');
      // A region that was split just now, of which PD does not know yet; or a lock of a transaction that is just
      // committing: TiDB clears it away.
      if (reply.region_error.length > 0 || reply.pairs.some(({ error }) => error.length > 0)) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        continue;
      }
      for (const { key, value } of reply.pairs)
        yield { key: new Uint8Array(key), value: new Uint8Array(value) };
      const last = reply.pairs.at(-1);
      from = reply.pairs.length < PAGE || last === undefined ? to : Uint8Array.of(...last.key, 0);
    }
  }

  async #region(key: Uint8Array): Promise<RegionReply> {
    const request = { header: { cluster_id: this.#rig.clusterId }, region_key: comparableBytes(key) };
    return (await this.#call(this.#pd, '/pdpb.PD/GetRegion', 'GetRegion', request)) as RegionReply;
  }

  #call(client: grpc.Client, method: string, name: string, request: object): Promise<unknown> {
    const requestType = root.lookupType(`kv.${name}Request`);
    const replyType = root.lookupType(`kv.${name}Response`);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        method,
        (body: object) => Buffer.from(requestType.encode(requestType.fromObject(body)).finish()),
        (bytes: Buffer) =>
          replyType.toObject(replyType.decode(bytes), { longs: String, defaults: true, arrays: true }),
        request,
        (error, reply) => {
          if (error !== null) reject(error);
          else resolve(reply);
        },
      );
    });
  }
}
