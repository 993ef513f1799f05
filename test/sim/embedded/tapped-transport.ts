/** A transport that keeps what comes on its streams: to look at a feed's traffic as it was on the wire. */
import type { DuplexStream, Metadata, Transport } from '../../../src/base/transport.js';

/** Listens in on another transport. */
export class TappedTransport implements Transport {
  /** Messages received, stream by stream. */
  readonly streams: Uint8Array[][] = [];
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#inner.unary(address, method, body, signal);
  }

  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
    const stream = this.#inner.duplex(address, method, metadata, signal);
    const received: Uint8Array[] = [];
    this.streams.push(received);
    return {
      write: (message) => stream.write(message),
      end: () => stream.end(),
      async *[Symbol.asyncIterator]() {
        for await (const message of stream) {
          received.push(message.slice());
          yield message;
        }
      },
    };
  }

  forget(address: string): void {
    this.#inner.forget(address);
  }

  close(): void {
    this.#inner.close();
  }
}
