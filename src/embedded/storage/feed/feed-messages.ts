/**
 * The messages of cdcpb as the server's side of a feed has them (see src/tikv/proto.ts for the rules).
 *
 * @see proto/cdcpb.proto
 */
import type { RowOp, RowType } from '../../../tikv/feed/event-decoder.js';
import { messageCodec } from '../../../tikv/proto.js';
import type { MessageInput, PeerMessage, RegionEpoch, RegionMessage } from '../../../tikv/proto-types.js';

/** A request of a client. */
export interface ChangeDataRequest {
  readonly header: { readonly clusterId: bigint; readonly ticdcVersion: string } | null;
  readonly regionId: bigint;
  readonly regionEpoch: RegionEpoch | null;
  readonly checkpointTs: bigint;
  /** Memcomparable-encoded, as is {@link endKey}. */
  readonly startKey: Uint8Array;
  readonly endKey: Uint8Array;
  readonly requestId: bigint;
  readonly filterLoop: boolean;
  readonly deregister: object | null;
}

/** A row of a feed; what is left out is zero or empty. */
export interface FeedRow {
  readonly startTs?: bigint;
  readonly commitTs?: bigint;
  readonly type: (typeof RowType)[keyof typeof RowType];
  readonly opType?: (typeof RowOp)[keyof typeof RowOp];
  /** Raw. */
  readonly key?: Uint8Array;
  readonly value?: Uint8Array;
  readonly oldValue?: Uint8Array;
  readonly txnSource?: bigint;
}

/** Why a subscription ends: one field is given. */
export interface FeedError {
  readonly notLeader?: { readonly regionId: bigint; readonly leader?: MessageInput<PeerMessage> };
  readonly regionNotFound?: { readonly regionId: bigint };
  readonly epochNotMatch?: { readonly currentRegions: readonly MessageInput<RegionMessage>[] };
  readonly duplicateRequest?: { readonly regionId: bigint };
  readonly clusterIdMismatch?: { readonly current: bigint; readonly request: bigint };
  readonly congested?: { readonly regionId: bigint };
}

/** What there is to say about one subscription. */
export interface FeedEvent {
  readonly regionId: bigint;
  readonly requestId: bigint;
  readonly entries?: { readonly entries: readonly FeedRow[] };
  readonly error?: FeedError;
}

/** A message to a client: events, or a resolved ts, never both. */
export interface ChangeDataEvent {
  readonly events?: readonly FeedEvent[];
  readonly resolvedTs?: {
    readonly regions: readonly bigint[];
    readonly ts: bigint;
    readonly requestId: bigint;
  };
}

/** Codec of {@link ChangeDataRequest}. */
export const requestCodec = messageCodec<ChangeDataRequest>('cdcpb.ChangeDataRequest');

/** Codec of {@link ChangeDataEvent}. */
export const eventCodec = messageCodec<ChangeDataEvent>('cdcpb.ChangeDataEvent');
