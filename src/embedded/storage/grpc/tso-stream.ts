/** PD's stream of timestamps over gRPC: a reply for each message, in order. */
import type { Runtime } from '../../../base/runtime.js';
import type { StorageCluster } from '../cluster.js';
import { type ByteStream, endStream, guarded } from './raw-server.js';

/** Serves one stream until its client or a failure ends it. */
export function serveTimestamps(
  cluster: StorageCluster,
  stream: ByteStream,
  { runtime, now }: { readonly runtime: Runtime; readonly now: () => number },
): void {
  let isOver = false;
  stream.on('data', (message: Uint8Array) => {
    if (isOver) return;
    const outcome = guarded(runtime, () => cluster.timestamps(message, now()));
    if (outcome.kind === 'reply') {
      stream.write(outcome.body);
      return;
    }
    isOver = true;
    endStream(stream, outcome);
  });
  stream.on('end', () => {
    if (!isOver) stream.end();
  });
}
