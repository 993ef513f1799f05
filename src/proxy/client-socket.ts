/**
 * A client's connection: TLS if it asks for it, and word of when there is room to write again. A client that sends and
 * does not read is not read from either: answers of our own would pile up, which no server holds back. Events are
 * plain callbacks, because they come for every chunk.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { copyBytes } from '../base/bytes.js';
import { limits } from '../base/limits.js';
import { CompressedClientLeg } from '../wire/compressed-client-leg.js';
import { KEEP_ALIVE_MS } from './backend-socket.js';
import { CompressedStage } from './compressed-stage.js';
import { certificateProblem, readInto } from './node-internals.js';
import type { ReadBuffers } from './read-buffers.js';
import type { ClientTlsContext } from './tls-options.js';

/** What a connection tells. */
export interface ClientEvents {
  /** @param chunk - handed over. */
  received(chunk: Uint8Array): void;
  /** What was written has gone. */
  drained(): void;
  /** It has turned to TLS with a certificate that is not good. */
  distrusted(why: string): void;
  /** The client will send no more. */
  ended(): void;
  /** Told once, last, and always. @param error - undefined: orderly. */
  closed(error: Error | undefined): void;
}

interface RoomWaiter {
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** A client's connection. */
export class ClientSocket {
  readonly #events: ClientEvents;
  readonly #buffers: ReadBuffers;
  #socket: Socket;
  #error: Error | undefined;
  #waiters: RoomWaiter[] = [];
  #isReading = false;
  #isPaused = false;
  /** Whether so much waits to be written that nothing is read: it would only be answered by more. */
  #isFull = false;
  /** Pieces that wait to be written. */
  #queued = 0;
  #compressed: CompressedStage | undefined;
  readonly #received = (chunk: Buffer): void => {
    if (this.#compressed === undefined) this.#events.received(chunk);
    else this.#compressed.receive(chunk);
  };
  readonly #written = (): void => {
    if (this.#socket.writableLength === 0) this.#drained();
  };

  readonly #dequeued = (): void => {
    this.#queued--;
    this.#written();
  };

  /** @param socket - accepted with `allowHalfOpen`; not read from before {@link begin}. */
  constructor(socket: Socket, buffers: ReadBuffers, events: ClientEvents) {
    this.#socket = socket;
    this.#buffers = buffers;
    this.#events = events;
    socket.on('close', () => this.#close());
    this.#watch(socket);
  }

  /** Begins to read, if that has not begun. */
  begin(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const socket = this.#socket;
    socket.on('data', this.#received);
    if (!this.isSecure) readInto(socket, this.#buffers.shared, (length) => this.#read(socket, length));
  }

  /** Whether it has TLS. */
  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  /** Bytes written that the kernel has not taken. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Bytes received, ever: of TLS, if there is any. */
  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  /** @param bytes - the first `length` of them; written from where they are if `isStable`, else copied. */
  write(bytes: Uint8Array, length: number, isStable: boolean): void {
    if (!this.#socket.writable) return;
    if (this.#compressed !== undefined) {
      const frames = this.#compressed.frame(length === bytes.length ? bytes : bytes.subarray(0, length));
      for (const frame of frames) this.#socket.write(frame, this.#written);
    } else if (isStable) {
      const piece = length === bytes.length ? bytes : bytes.subarray(0, length);
      // `drained` must come after a piece that is written in place however short it is: `drain` does not promise that.
      if (!this.#queue(piece)) this.#socket.write(piece, this.#written);
    } else {
      const copy = Buffer.allocUnsafe(length);
      copy.set(length === bytes.length ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, length));
      if (!this.#queue(copy)) this.#socket.write(copy);
    }
    if (this.#socket.writableLength > limits.relayHighWaterBytes || this.#queued > limits.relayQueuedWrites) {
      this.#isFull = true;
      this.#flow();
    }
  }

  /**
   * A write that has to wait costs Node far more than the few bytes of a short answer, so those are counted.
   *
   * @returns false: it need not wait, and is still to be written.
   */
  #queue(piece: Uint8Array): boolean {
    if (this.#socket.writableLength === 0) return false;
    this.#queued++;
    this.#socket.write(piece, this.#dequeued);
    return true;
  }

  /** Resolves when at most `pendingBytes` wait. @throws the signal's reason, or that the connection has ended. */
  room(pendingBytes: number, signal: AbortSignal): Promise<void> {
    if (this.#socket.writableLength <= pendingBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      const waiter = {
        resolve: () => {
          settle();
          resolve();
        },
        reject: (reason: Error) => {
          settle();
          reject(reason);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#flow();
  }

  resume(): void {
    this.#isPaused = false;
    this.#flow();
  }

  /** From now on both directions are compressed. @param rest - received already. */
  compress(rest: Uint8Array): void {
    this.#compressed = new CompressedStage(
      new CompressedClientLeg(),
      (contents) => this.#events.received(contents),
      (error) => this.#socket.destroy(error),
    );
    this.#compressed.receive(rest);
  }

  /** Turns to TLS. @param rest - of TLS, received already. */
  upgrade({ secureContext, requestCert }: ClientTlsContext, rest: Uint8Array): void {
    const plain = this.#socket;
    plain.off('data', this.#received);
    plain.pause();
    if (rest.length > 0) plain.unshift(copyBytes(rest));
    const options = { isServer: true, secureContext, requestCert, rejectUnauthorized: false };
    const secure = new TLSSocket(plain, options);
    if (requestCert) secure.once('secure', () => this.#check(secure));
    this.#socket = secure;
    this.#watch(secure);
    // The plain socket's close is the one that counts; a failed TLS handshake must bring it about.
    secure.on('close', () => plain.destroy());
    this.#isReading = false;
    this.begin();
  }

  /** @see BackendSocket.keepAlive */
  keepAlive(): void {
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Sends what is still to be sent and says that no more will come. */
  end(): void {
    // To end a stream twice costs an error object, with a stack, that nobody sees.
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #watch(socket: Socket): void {
    // Heard from the beginning: a socket that nobody reads from says nothing of its end later on.
    socket.on('end', () => {
      if (socket === this.#socket) this.#events.ended();
    });
    socket.on('drain', () => {
      if (socket !== this.#socket) return;
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const waiter of waiters) waiter.resolve();
      this.#drained();
    });
    socket.on('error', (error) => {
      this.#error ??= error;
    });
  }

  #check(secure: TLSSocket): void {
    const problem = certificateProblem(secure);
    if (problem !== undefined) this.#events.distrusted(problem);
  }

  #read(socket: Socket, length: number): boolean {
    const chunk = Buffer.allocUnsafe(length);
    chunk.set(this.#buffers.shared.subarray(0, length));
    this.#received(chunk);
    // A socket that has turned to TLS must go on reading for it.
    return socket !== this.#socket || !(this.#isPaused || this.#isFull);
  }

  #flow(): void {
    if (this.#isPaused || this.#isFull) {
      this.#compressed?.pause();
      this.#socket.pause();
    } else if (this.#compressed?.resume() !== false) {
      this.#socket.resume();
    }
  }

  #drained(): void {
    if (this.#isFull) {
      this.#isFull = false;
      this.#flow();
    }
    this.#events.drained();
  }

  /** The first socket has closed, and with it whatever lay upon it. */
  #close(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(this.#error ?? new Error('the client has gone'));
    this.#events.closed(this.#error);
  }
}
