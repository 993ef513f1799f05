/**
 * A {@link Transport} on which TiKV's small commands share one stream for each store. A unary call costs grpc-js a
 * stream of HTTP/2 with its headers, timers and events; an epoch makes dozens. Everything else goes as it did:
 * coprocessor requests, because their answers are large, and what is not for TiKV.
 */
import type { Runtime } from '../../base/runtime.js';
import type { DuplexStream, Metadata, Transport } from '../../base/transport.js';
import { RpcCode } from '../rpc-error.js';
import { BATCH_METHOD, batchedCommands } from './batch-messages.js';
import { BatchStream } from './batch-stream.js';

/** Batches what can be batched, over streams of `inner`. */
export class BatchingTransport implements Transport {
  readonly #inner: Transport;
  readonly #runtime: Runtime;
  readonly #streams = new Map<string, BatchStream>();

  constructor(inner: Transport, runtime: Runtime) {
    this.#inner = inner;
    this.#runtime = runtime;
  }

  unary(address: string, method: string, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const command = batchedCommands.get(method);
    if (command === undefined) return this.#inner.unary(address, method, body, signal);
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        forget();
        reject(signal.reason as Error);
      };
      const settled = (): void => signal.removeEventListener('abort', onAbort);
      const forget = this.#stream(address).send({
        method,
        command,
        body,
        resolve: (reply) => {
          settled();
          resolve(reply);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
    return this.#inner.duplex(address, method, metadata, signal);
  }

  forget(address: string): void {
    this.#streams.get(address)?.close(RpcCode.unavailable, 'the store has gone');
    this.#streams.delete(address);
    this.#inner.forget(address);
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.close(RpcCode.cancelled, 'the transport is closed');
    this.#streams.clear();
    this.#inner.close();
  }

  #stream(address: string): BatchStream {
    let stream = this.#streams.get(address);
    if (stream === undefined || stream.isOver) {
      stream = new BatchStream(address, this.#runtime, (signal) =>
        this.#inner.duplex(address, BATCH_METHOD, {}, signal),
      );
      this.#streams.set(address, stream);
    }
    return stream;
  }
}
