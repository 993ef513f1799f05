/**
 * A change feed over gRPC. Only the newer form is served, and with streams that are multiplexed, which is what our
 * client speaks: whoever asks otherwise is told that there is no such thing.
 */
import type { Alarm } from '../../../base/alarm.js';
import type { Runtime } from '../../../base/runtime.js';
import { type CallFailure, unimplemented } from '../call-outcome.js';
import type { FeedConnection } from '../feed/feed-connection.js';
import { type ByteStream, endStream, guarded } from './raw-server.js';

/** The method that is served. */
export const FEED_METHOD = 'EventFeedV2';

const MULTIPLEXING = 'stream-multiplexing';

/** Serves one stream until its client or a failure ends it. */
export function serveFeed(
  open: () => FeedConnection | CallFailure,
  stream: ByteStream,
  { runtime, alarm }: { readonly runtime: Runtime; readonly alarm: Alarm },
): void {
  const connection = isMultiplexed(stream) ? open() : unimplemented(FEED_METHOD);
  if ('kind' in connection) {
    endStream(stream, connection);
    return;
  }
  const pump = new Pump(connection, stream);
  connection.onChange = () => pump.run();
  stream.on('data', (message: Uint8Array) => {
    const failure = guarded(runtime, () => {
      connection.receive(message);
      return undefined;
    });
    if (failure !== undefined) connection.fail(failure);
    alarm.ring();
  });
  stream.on('drain', () => {
    pump.run();
    // A scan may have waited for room.
    alarm.ring();
  });
  stream.on('end', () => {
    connection.close();
    stream.end();
  });
  stream.on('cancelled', () => connection.close());
  stream.on('close', () => connection.close());
}

/** Takes messages from the machine to the socket, as fast as the client reads them. */
class Pump {
  readonly #connection: FeedConnection;
  readonly #stream: ByteStream;
  #isOver = false;

  constructor(connection: FeedConnection, stream: ByteStream) {
    this.#connection = connection;
    this.#stream = stream;
  }

  run(): void {
    if (this.#isOver) return;
    const { failure } = this.#connection;
    if (failure !== undefined) {
      this.#isOver = true;
      endStream(this.#stream, failure);
      return;
    }
    while (!this.#stream.writableNeedDrain) {
      const message = this.#connection.take();
      if (message === undefined) break;
      this.#stream.write(message);
    }
  }
}

function isMultiplexed(stream: ByteStream): boolean {
  const features = stream.metadata.get('features').flatMap((value) => value.toString().split(','));
  return features.length > 0 && features.every((feature) => feature.trim() === MULTIPLEXING);
}
