/**
 * A connection to a tidb-server: reading with as little memory and copying as can be (read-buffers.ts), TLS if it
 * is configured, and pauses. Events are plain callbacks, because they come for every chunk.
 */
import { type Socket, connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { isLoopback } from '../base/hosts.js';
import { CompressedServerLeg } from '../wire/compressed-server-leg.js';
import type { Backend, Backends } from './backends.js';
import { CompressedStage } from './compressed-stage.js';
import type { Preamble } from './preamble.js';
import type { ReadBuffers } from './read-buffers.js';
import { readableTlsError } from './tls-error.js';
import type { BackendTls } from './tls-options.js';

/** After this long without a packet the kernel probes whether the other side still exists. */
export const KEEP_ALIVE_MS = 60_000;

/** Of the proxy, before its connections are probed: that costs system calls, which those that soon end shall not make. */
export const ROUNDS_TO_LAST = 2;

/** Reads shorter than this are copied rather than written from the buffer that was lent for a large answer. */
const UNCOPIED_BYTES_MIN = 16 * 1024;

/** What a connection tells. */
export interface BackendEvents {
  connected(): void;
  /** @param bytes - the first `length` of them; lent for the call, unless {@link BackendSocket.isStable}. */
  received(bytes: Uint8Array, length: number): void;
  /** What was written has gone. */
  drained(): void;
  /** The server will send no more. @param error - undefined: orderly. */
  ended(error: Error | undefined): void;
  /** Told once, last, and always. @param error - undefined: orderly. */
  closed(error: Error | undefined): void;
}

/** What all connections are made with. */
export interface BackendSocketParts {
  readonly backends: Backends;
  readonly buffers: ReadBuffers;
  /** undefined: they have no TLS. */
  readonly backendTls: BackendTls | undefined;
}

/** A connection to a tidb-server, which counts as one of it as long as it is open. */
export class BackendSocket {
  readonly backend: Backend;
  readonly #tls: BackendTls | undefined;
  /** undefined where TLS will follow: its plain text comes in buffers of its own. */
  readonly #buffers: ReadBuffers | undefined;
  #events: BackendEvents | undefined;
  #socket: Socket;
  #lent: Buffer | undefined;
  #isPaused = false;
  #error: Error | undefined;
  #compressed: CompressedStage | undefined;
  readonly #received = (chunk: Buffer): void => this.#receive(chunk, chunk.length);

  /** Begins to connect. @param preamble - is sent first, before TLS. */
  constructor(backend: Backend, parts: BackendSocketParts, preamble: Preamble, events: BackendEvents) {
    const { backends, backendTls } = parts;
    const buffers = backendTls === undefined ? parts.buffers : undefined;
    const release = backends.opening(backend);
    this.backend = backend;
    this.#tls = backendTls;
    this.#buffers = buffers;
    this.#events = events;
    const { host, port } = backend;
    this.#socket =
      buffers === undefined
        ? connect({ host, port, noDelay: true })
        : connect({
            host,
            port,
            noDelay: true,
            onread: {
              buffer: () => this.#lent ?? buffers.shared,
              callback: (length, bytes) => this.#read(buffers, bytes, length),
            },
          });
    this.#listen(this.#socket);
    if (preamble !== undefined) this.#socket.write(preamble);
    this.#socket.once('connect', () => this.#events?.connected());
    this.#socket.on('close', () => {
      release();
      this.#close();
    });
  }

  /** From now on this one hears of it; undefined: nobody does. */
  tell(events: BackendEvents | undefined): void {
    this.#events = events;
  }

  /** Whether the bytes received last may be written as they are: nothing will be read over them before `resume`. */
  isStable(bytes: Uint8Array, length: number): boolean {
    if (this.#buffers === undefined || this.#compressed !== undefined) return true;
    return bytes === this.#lent && length >= UNCOPIED_BYTES_MIN;
  }

  /** Whether bytes that are stable are so only as long as reading is paused while they are written. */
  get isReadingInPlace(): boolean {
    return this.#buffers !== undefined && this.#compressed === undefined;
  }

  /** Whether nobody else can read what goes to the server: it has TLS, or never leaves this machine. */
  get isPrivate(): boolean {
    // TLS, which comes before anything of a client's.
    if (this.#buffers === undefined) return true;
    const { remoteAddress, localAddress } = this.#socket;
    return remoteAddress !== undefined && (remoteAddress === localAddress || isLoopback(remoteAddress));
  }

  /** Bytes written that the kernel has not taken. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /** @param bytes - handed over. */
  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return;
    if (this.#compressed === undefined) this.#socket.write(bytes);
    else for (const frame of this.#compressed.frame(bytes)) this.#socket.write(frame);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#compressed?.pause();
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#compressed?.resume() !== false) this.#socket.resume();
  }

  /** From now on both directions are compressed. @param rest - received already. */
  compress(rest: Uint8Array): void {
    this.#compressed = new CompressedStage(
      new CompressedServerLeg(),
      (contents) => this.#events?.received(contents, contents.length),
      (error) => this.#socket.destroy(error),
    );
    this.#compressed.receive(rest);
  }

  /** Turns to TLS; `connected` is told again when it stands. What was received so far has been plain text. */
  upgrade(): void {
    const plain = this.#socket;
    plain.off('data', this.#received);
    const { host } = this.backend;
    const { serverName, ...secrets } = this.#tls ?? {};
    // An address is checked against the certificate too, but cannot be sent as a server name (RFC 6066).
    const servername = serverName ?? (isIP(host) === 0 ? host : '');
    const secure = connectTls({ ...secrets, socket: plain, host, servername });
    this.#socket = secure;
    this.#listen(secure);
    secure.once('secureConnect', () => this.#events?.connected());
    // A failed TLS handshake leaves the socket below it open.
    secure.on('close', () => plain.destroy());
  }

  /** Has the kernel find out when the other side is no more. Four system calls: not for connections that soon end. */
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

  #listen(socket: Socket): void {
    // With `onread` no data event comes.
    if (this.#buffers === undefined) socket.on('data', this.#received);
    socket.on('drain', () => {
      if (socket === this.#socket) this.#events?.drained();
    });
    socket.on('end', () => {
      // TLS that the other side breaks off fails first, and ends like any other stream then.
      if (socket === this.#socket) this.#events?.ended(this.#error);
    });
    socket.on('error', (error) => {
      this.#error ??= readableTlsError(error);
    });
  }

  #receive(bytes: Uint8Array, length: number): void {
    if (this.#compressed === undefined) this.#events?.received(bytes, length);
    else this.#compressed.receive(bytes.subarray(0, length));
  }

  #read(buffers: ReadBuffers, bytes: Uint8Array, length: number): boolean {
    this.#receive(bytes, length);
    if (this.#lent === undefined) {
      if (length === bytes.length) this.#lent = buffers.take();
    } else if (length < UNCOPIED_BYTES_MIN && !this.#isPaused) {
      buffers.giveBack(this.#lent);
      this.#lent = undefined;
    }
    return !this.#isPaused;
  }

  #close(): void {
    // A buffer that is lent now may still be being written from: it is left to the garbage collector.
    this.#lent = undefined;
    this.#events?.closed(this.#error);
  }
}
