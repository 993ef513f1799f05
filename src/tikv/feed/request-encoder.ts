/**
 * Encoder of `cdcpb.ChangeDataRequest`, by hand: two small messages.
 *
 * Every message carries the header, not only the first: TiKV checks the cluster id of each, while the version counts
 * from the first only. The version must be bare (`8.5.0`): with `v8.5.0` or none TiKV never sends a resolved ts on a
 * multiplexed stream (TRUTH §1).
 *
 * @see proto/cdcpb.proto, tikv/tikv components/cdc/src/service.rs
 */
import { ByteWriter } from '../../base/byte-writer.js';
import { utf8 } from '../../base/bytes.js';
import type { Ts } from '../../codec/tso.js';
import { comparableBytes } from '../../codec/memcomparable.js';
import type { FeedRegion } from './ports.js';

const VERSION = utf8('8.5.0');

/** A region to be subscribed. */
export interface Registration {
  readonly clusterId: bigint;
  readonly requestId: number;
  readonly region: Pick<FeedRegion, 'id' | 'epoch'>;
  /** Rows with a greater commit ts are wanted. */
  readonly checkpoint: Ts;
  /** Raw bounds; an empty end is unbounded. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /** Leave out rows whose `txn_source` says that a replication wrote them. */
  readonly filterLoop: boolean;
}

/** The message that subscribes a region. */
export function encodeRegister(registration: Registration): Uint8Array {
  const { region, requestId, start, end } = registration;
  const out = new ProtoWriter();
  out.message(1, header(registration.clusterId));
  out.uint64(2, region.id);
  out.message(3, new ProtoWriter().uint64(1, region.epoch.confVer).uint64(2, region.epoch.version));
  out.uint64(4, registration.checkpoint);
  out.bytes(5, comparableBytes(start));
  // TiKV takes an end that it cannot decode, as no bytes are, for "the whole region", which is what we then mean
  // (rows before the start are filtered out here).
  if (end.length > 0) out.bytes(6, comparableBytes(end));
  out.uint64(7, BigInt(requestId));
  out.uint64(8, 1n);
  out.bytes(9, new Uint8Array(0));
  if (registration.filterLoop) out.uint64(12, 1n);
  return out.take();
}

/** The message that gives up one region of a request. TiKV answers it with `region_not_found`. */
export function encodeDeregister(clusterId: bigint, requestId: number, regionId: bigint): Uint8Array {
  const out = new ProtoWriter();
  out.message(1, header(clusterId));
  out.uint64(2, regionId);
  out.uint64(7, BigInt(requestId));
  out.bytes(13, new Uint8Array(0));
  return out.take();
}

function header(clusterId: bigint): ProtoWriter {
  return new ProtoWriter().uint64(1, clusterId).bytes(2, VERSION);
}

class ProtoWriter {
  readonly #out = new ByteWriter(128);

  uint64(field: number, value: bigint): this {
    this.#varint(BigInt(field * 8));
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(BigInt(field * 8 + 2));
    this.#varint(BigInt(value.length));
    this.#out.bytes(value);
    return this;
  }

  message(field: number, value: ProtoWriter): this {
    return this.bytes(field, value.#out.view());
  }

  take(): Uint8Array {
    return this.#out.take();
  }

  #varint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.#out.u8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#out.u8(Number(rest));
  }
}
