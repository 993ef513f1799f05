/**
 * The messages of a batch stream: commands of TiKV's unary methods, as they are, under numbers of ours.
 *
 * @see proto/tikvpb.proto
 */
import { messageCodec } from '../proto.js';

/** The method of the stream. */
export const BATCH_METHOD = '/tikvpb.Tikv/BatchCommands';

/** One encoded command: its only field is the one that is named after the command. */
export type BatchedMessage = Readonly<Record<string, Uint8Array>>;

/** What goes to TiKV: as many numbers as commands. */
export interface BatchRequest {
  readonly requests: readonly BatchedMessage[];
  readonly requestIds: readonly bigint[];
}

/** What comes from TiKV, in any order and grouping. */
export interface BatchResponse {
  readonly responses: readonly BatchedMessage[];
  readonly requestIds: readonly bigint[];
}

/** Codecs of the two. */
export const batchRequest = messageCodec<BatchRequest>('tikvpb.BatchCommandsRequest');
/** @see batchRequest */
export const batchResponse = messageCodec<BatchResponse>('tikvpb.BatchCommandsResponse');

/** Full names of the methods whose commands may go into a batch → the command's name in it. */
export const batchedCommands: ReadonlyMap<string, string> = new Map(
  [
    ...['KvGet', 'KvBatchGet', 'KvScan', 'KvPrewrite', 'KvCommit', 'KvBatchRollback', 'KvTxnHeartBeat'],
    ...['KvCheckTxnStatus', 'KvCheckSecondaryLocks', 'KvScanLock', 'KvResolveLock', 'KVPessimisticRollback'],
  ].map((name) => [`/tikvpb.Tikv/${name}`, name.slice('Kv'.length)]),
);
