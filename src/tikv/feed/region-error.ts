/**
 * `cdcpb.Error`: why TiKV ended or refused the subscription of a region. What to do about each is region-reaction.ts.
 *
 * @see tikv/tikv components/cdc/src/errors.rs
 */
import { NO_BYTES } from '../../base/bytes.js';
import { ProtoReader } from './proto-reader.js';

/** A peer of a region. */
export interface ErrorPeer {
  readonly peerId: bigint;
  readonly storeId: bigint;
}

/** A region as an error describes it: bounds are still memcomparable-encoded, the leader is not said. */
export interface ErrorRegion {
  readonly id: bigint;
  readonly epoch: { readonly confVer: bigint; readonly version: bigint };
  readonly encodedStart: Uint8Array;
  readonly encodedEnd: Uint8Array;
  readonly peers: readonly ErrorPeer[];
}

/** Every kind of the protocol; `unknown` is one that this program does not know, or none at all. */
export type RegionError =
  | { readonly kind: 'notLeader'; readonly leader: ErrorPeer | undefined }
  | { readonly kind: 'regionNotFound' }
  | { readonly kind: 'epochNotMatch'; readonly regions: readonly ErrorRegion[] }
  | { readonly kind: 'duplicateRequest' }
  | { readonly kind: 'compatibility'; readonly requiredVersion: string }
  | { readonly kind: 'clusterIdMismatch'; readonly current: bigint; readonly request: bigint }
  | { readonly kind: 'serverIsBusy'; readonly reason: string; readonly backoffMs: number }
  | { readonly kind: 'congested' }
  | { readonly kind: 'unknown' };

/**
 * Decodes a `cdcpb.Error`. If several kinds are set (TiKV never does) the last one counts.
 *
 * @throws MalformedEventError
 */
export function decodeRegionError(bytes: Uint8Array): RegionError {
  const reader = new ProtoReader(bytes);
  let error: RegionError = { kind: 'unknown' };
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field > 8) reader.skip();
    else error = contentOf(field, reader.bytes());
  }
  return error;
}

function contentOf(field: number, bytes: Uint8Array): RegionError {
  switch (field) {
    case 1:
      return { kind: 'notLeader', leader: leaderIn(bytes) };
    case 2:
      return { kind: 'regionNotFound' };
    case 3:
      return { kind: 'epochNotMatch', regions: messagesIn(bytes, 1).map(regionIn) };
    case 4:
      return { kind: 'duplicateRequest' };
    case 5:
      return { kind: 'compatibility', requiredVersion: new Fields(bytes).string(1) };
    case 6: {
      const fields = new Fields(bytes);
      return { kind: 'clusterIdMismatch', current: fields.uint64(1), request: fields.uint64(2) };
    }
    case 7: {
      const fields = new Fields(bytes);
      return { kind: 'serverIsBusy', reason: fields.string(1), backoffMs: Number(fields.uint64(2)) };
    }
    default:
      return { kind: 'congested' };
  }
}

function leaderIn(bytes: Uint8Array): ErrorPeer | undefined {
  const peer = messagesIn(bytes, 2).map(peerIn).at(-1);
  return peer === undefined || peer.storeId === 0n || peer.peerId === 0n ? undefined : peer;
}

function peerIn(bytes: Uint8Array): ErrorPeer {
  const fields = new Fields(bytes);
  return { peerId: fields.uint64(1), storeId: fields.uint64(2) };
}

function regionIn(bytes: Uint8Array): ErrorRegion {
  const fields = new Fields(bytes);
  const epoch = new Fields(fields.bytes(4));
  return {
    id: fields.uint64(1),
    epoch: { confVer: epoch.uint64(1), version: epoch.uint64(2) },
    encodedStart: fields.bytes(2),
    encodedEnd: fields.bytes(3),
    peers: messagesIn(bytes, 5).map(peerIn),
  };
}

/** All occurrences of a repeated message field. */
function messagesIn(bytes: Uint8Array, wanted: number): readonly Uint8Array[] {
  const reader = new ProtoReader(bytes);
  const found: Uint8Array[] = [];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field === wanted) found.push(reader.bytes());
    else reader.skip();
  }
  return found;
}

/** Singular fields of a small message, looked up by number; what is absent has its default. */
class Fields {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  uint64(wanted: number): bigint {
    return this.#last(wanted, (reader) => reader.uint64()) ?? 0n;
  }

  bytes(wanted: number): Uint8Array {
    return this.#last(wanted, (reader) => reader.bytes()) ?? NO_BYTES;
  }

  string(wanted: number): string {
    return this.#last(wanted, (reader) => reader.string()) ?? '';
  }

  #last<T>(wanted: number, read: (reader: ProtoReader) => T): T | undefined {
    const reader = new ProtoReader(this.#bytes);
    let value: T | undefined;
    for (let field = reader.next(); field !== undefined; field = reader.next()) {
      if (field === wanted) value = read(reader);
      else reader.skip();
    }
    return value;
  }
}
