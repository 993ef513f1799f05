/** PD's stream of timestamps over gRPC: a reply for each message, in order. */
import type { Runtime } from '../../../base/runtime.js';
import type { StorageCluster } from '../cluster.js';
import { type ByteStream, serveReplies } from './raw-server.js';

/** Serves one stream until its client or a failure ends it. */
export function serveTimestamps(
  cluster: StorageCluster,
  stream: ByteStream,
  { runtime, now }: { readonly runtime: Runtime; readonly now: () => number },
): void {
  serveReplies(stream, runtime, (message) => cluster.timestamps(message, now()));
}
