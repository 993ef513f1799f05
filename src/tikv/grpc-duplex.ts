/**
 * A bidirectional gRPC stream as a {@link DuplexStream}. Reading is by pull: grpc-js stops reading from the
 * connection when nobody takes messages, and HTTP/2's window then stops the server.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { DuplexStream } from '../base/transport.js';
import { RpcCode } from './rpc-error.js';

type Call = ClientDuplexStream<Uint8Array, Uint8Array>;

/** What is known of a failed call. */
export interface CallFailure {
  readonly code: number;
  readonly details: string;
}

/** One stream; it is iterated once. */
export class GrpcDuplex implements DuplexStream {
  readonly #call: Call;
  readonly #signal: AbortSignal;
  readonly #wrap: (error: CallFailure) => Error;
  #failure: Error | undefined;
  #hasEnded = false;

  /** @param wrap - makes an operating error of gRPC's. */
  constructor(call: Call, wrap: (error: CallFailure) => Error, signal: AbortSignal) {
    this.#call = call;
    this.#signal = signal;
    this.#wrap = wrap;
    const onAbort = (): void => call.cancel();
    // Listening also keeps a stream that fails before it is iterated from taking the process down.
    call.on('error', (error: CallFailure) => (this.#failure ??= this.#reason(error)));
    // The one event that every call ends with, failed or not.
    call.on('status', () => {
      this.#hasEnded = true;
      signal.removeEventListener('abort', onAbort);
    });
    if (signal.aborted) call.cancel();
    else signal.addEventListener('abort', onAbort, { once: true });
    // Until its first read, grpc-js takes everything that comes, without a bound.
    call.read(0);
  }

  async write(message: Uint8Array): Promise<void> {
    this.#throwIfOver();
    if (this.#call.write(message)) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#call.off('drain', settle);
        this.#call.off('status', settle);
        resolve();
      };
      this.#call.on('drain', settle);
      this.#call.on('status', settle);
    });
    this.#throwIfOver();
  }

  end(): void {
    this.#call.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      for await (const message of this.#call) yield message as Uint8Array;
    } catch (error) {
      throw this.#failure ?? this.#reason(error as CallFailure);
    } finally {
      this.#call.cancel();
    }
    if (this.#failure !== undefined) throw this.#failure;
    this.#signal.throwIfAborted();
  }

  #throwIfOver(): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#signal.throwIfAborted();
    if (this.#hasEnded) throw this.#wrap({ code: RpcCode.unavailable, details: 'the stream has ended' });
  }

  #reason(error: CallFailure): Error {
    return this.#signal.aborted ? (this.#signal.reason as Error) : this.#wrap(error);
  }
}
