/**
 * A client that is relayed to a tidb-server byte for byte, without being looked at: what it says, and whether it has
 * TLS, is between the two. Of what passes only this is used, that a server speaks first: one that says nothing in time
 * is left for the next.
 *
 * Node's pipes do the work: whoever writes faster than the other side reads is paused, and what one side has sent before
 * it ended still reaches the other. No timers: see Deadlines.
 */
import { type Socket, connect } from 'node:net';
import { limits } from '../base/limits.js';
import type { Rostered } from '../base/roster.js';
import { KEEP_ALIVE_MS, ROUNDS_TO_LAST } from './backend-socket.js';
import type { Backend, Backends } from './backends.js';
import type { ClientPeer } from './client-peer.js';
import type { Deadline, Deadlines, Expiring } from './deadlines.js';
import { framedErrForGreeting } from './error-map.js';
import { noServerReachable } from './proxy-errors.js';
import type { RelayCounts } from './relay-counts.js';

/** What a connection shares with the others. */
export interface PassedHost {
  readonly backends: Backends;
  readonly counts: RelayCounts;
  readonly deadlines: Deadlines;
  /** Both sides are closed. */
  closed(connection: PassedConnection): void;
}

/** One client and its server. */
export class PassedConnection implements Expiring, Rostered {
  readonly peer: ClientPeer;
  rosterPlace = -1;
  readonly #host: PassedHost;
  readonly #client: Socket;
  readonly #deadline: Deadline;
  readonly #tried = new Set<Backend>();
  #phase: 'connecting' | 'relaying' | 'ending' = 'connecting';
  #backend: Backend | undefined;
  /** Undefined: closed, or there is none. */
  #server: Socket | undefined;
  #isClientClosed = false;
  #rounds = 0;
  /** Bytes that have been counted. */
  #countedOfClient = 0;
  #countedOfServer = 0;

  /** @param client - just accepted, with `allowHalfOpen`. */
  constructor(host: PassedHost, client: Socket, peer: ClientPeer) {
    this.#host = host;
    this.#client = client;
    this.peer = peer;
    this.#deadline = host.deadlines.of(this);
    let failure: Error | undefined;
    client.on('error', (error) => (failure ??= error));
    client.once('end', () => this.#ended());
    client.once('close', () => this.#clientClosed(failure));
    this.#connect();
  }

  expire(): void {
    if (this.#phase === 'connecting') this.#server?.destroy();
    else this.destroy();
  }

  /** To be called now and then: counts, and has both sides probed from now on if the connection has lasted. */
  round(): void {
    this.#count();
    if (this.#rounds < ROUNDS_TO_LAST && this.#phase === 'relaying' && ++this.#rounds === ROUNDS_TO_LAST) {
      this.#client.setKeepAlive(true, KEEP_ALIVE_MS);
      this.#server?.setKeepAlive(true, KEEP_ALIVE_MS);
    }
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.#phase = 'ending';
    this.#client.destroy();
    this.#server?.destroy();
  }

  /** Adds what has been carried since it was last called. */
  #count(): void {
    const { counts } = this.#host;
    const fromClient = this.#client.bytesRead - this.#countedOfClient;
    this.#countedOfClient += fromClient;
    counts.bytesFromClients += fromClient;
    const fromServer = (this.#server?.bytesRead ?? this.#countedOfServer) - this.#countedOfServer;
    this.#countedOfServer += fromServer;
    counts.bytesFromBackends += fromServer;
    if (this.#backend === undefined) return;
    this.#backend.counts.bytesFromClients += fromClient;
    this.#backend.counts.bytesReceived += fromServer;
  }

  /** Begins to connect to the best server not tried yet. */
  #connect(): void {
    const { backends } = this.#host;
    const backend = backends.next(this.#tried);
    if (backend === undefined) {
      this.#giveUp();
      return;
    }
    this.#tried.add(backend);
    const { host, port } = backend;
    const release = backends.opening(backend);
    const server = connect({ host, port, noDelay: true, allowHalfOpen: true });
    if (this.peer.preamble !== undefined) server.write(this.peer.preamble);
    let failure: Error | undefined;
    server.once('data', (first: Buffer) => this.#begin(server, first));
    server.once('end', () => this.#ended());
    server.on('error', (error) => (failure ??= error));
    server.once('close', () => {
      release();
      this.#serverClosed(backend, failure);
    });
    this.#backend = backend;
    this.#server = server;
    this.#countedOfServer = 0;
    this.#deadline.set(limits.backendConnectMs);
  }

  /** The server has begun to speak. */
  #begin(server: Socket, first: Buffer): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'relaying';
    this.#deadline.clear();
    this.#client.write(first);
    server.pipe(this.#client);
    this.#client.pipe(server);
  }

  /** One side will send no more; the other is told so by its pipe. */
  #ended(): void {
    if (this.#phase === 'connecting') this.#server?.destroy();
    else if (this.#phase === 'relaying') this.#deadline.set(limits.halfOpenMs);
  }

  #serverClosed(backend: Backend, failure: Error | undefined): void {
    this.#count();
    this.#server = undefined;
    const { counts, backends } = this.#host;
    if (this.#phase === 'connecting') {
      backends.failed(backend, failure?.message ?? 'it ended, or was silent, before its greeting');
      backend.counts.connectFailures++;
      counts.backendFailures++;
      this.#connect();
      return;
    }
    if (this.#phase === 'relaying' && failure !== undefined) {
      counts.errorsOfServers++;
      backend.counts.errors++;
      this.#client.end();
    }
    this.#linger();
  }

  #clientClosed(failure: Error | undefined): void {
    this.#isClientClosed = true;
    if (failure !== undefined && this.#phase !== 'ending') this.#host.counts.errorsOfClients++;
    if (failure !== undefined || this.#phase === 'connecting') this.#server?.destroy();
    this.#linger();
  }

  /** No server has taken the client. */
  #giveUp(): void {
    this.#backend = undefined;
    this.#host.counts.errorsOfTiview++;
    this.#client.end(framedErrForGreeting(noServerReachable()));
    this.#linger();
  }

  /** One side is closed: what the other has been sent must be gone soon. */
  #linger(): void {
    this.#phase = 'ending';
    if (this.#isClientClosed && this.#server === undefined) {
      this.#count();
      this.#deadline.clear();
      this.#host.closed(this);
      return;
    }
    // What still comes is dropped, so that the client sees the last bytes rather than a reset.
    this.#client.resume();
    this.#deadline.set(limits.lingerMs);
  }
}
