/**
 * Where clients come in: the listening sockets, and who is let in. A client whom a load balancer sends says where it is
 * first; one that is too many is told so in the place of the greeting, and goes.
 */
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Runtime } from '../base/runtime.js';
import type { Log } from '../base/telemetry.js';
import type { Admission } from './admission.js';
import { type ClientPeer, localPeer, remotePeer } from './client-peer.js';
import { framedErrForGreeting } from './error-map.js';
import { type ListenAddress, listenOn } from './listening.js';
import type { Network } from './networks.js';
import type { TidbProxyProtocol } from './preamble.js';
import { ProxiedClients } from './proxied-clients.js';
import { tooManyConnections } from './proxy-errors.js';
import type { RelayCounts } from './relay-counts.js';

/** Where to listen. */
export interface DoorAddresses {
  /** Port 0 means any free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Path of a Unix socket besides; default: none. A stale file is not removed (listening.ts). */
  readonly listenSocket?: string | undefined;
  /** Where clients connect who are to be passed through; default: nowhere. */
  readonly listenPassThrough?: { readonly host: string; readonly port: number } | undefined;
}

/** What is done with a client that has been let in. It stays so until {@link Doors.left}. */
export type Admitted = (socket: Socket, peer: ClientPeer) => void;

/** What doors need. */
export interface DoorParts {
  readonly runtime: Runtime;
  readonly log: Log;
  readonly counts: RelayCounts;
  readonly admission: Admission;
  /** Clients at once; 0: as many as come. */
  readonly connectionsMax: number;
  /** Load balancers that say where their clients are. */
  readonly balancers: readonly Network[];
  /** How tidb-servers are told. */
  readonly tidbProxyProtocol: TidbProxyProtocol;
  readonly admitted: Admitted;
  /** The same for those who are to be passed through. */
  readonly passed: Admitted;
}

/** The listening sockets. */
export class Doors {
  readonly #parts: DoorParts;
  readonly #addresses: DoorAddresses;
  readonly #proxied: ProxiedClients;
  readonly #main: Server;
  readonly #passThrough: Server;
  readonly #servers: Server[] = [];
  #closing: Promise<void> | undefined;

  constructor(addresses: DoorAddresses, parts: DoorParts) {
    this.#addresses = addresses;
    this.#parts = parts;
    this.#proxied = new ProxiedClients(parts.balancers, parts.log);
    this.#main = doorOf((socket) => this.#accept(socket, parts.admitted));
    this.#passThrough = doorOf((socket) => this.#accept(socket, parts.passed));
  }

  /** Begins to listen, everywhere or nowhere. @throws ListenError. */
  async open(): Promise<void> {
    const { listen, listenSocket, listenPassThrough } = this.#addresses;
    try {
      await this.#open(this.#main, listen);
      if (listenPassThrough !== undefined) await this.#open(this.#passThrough, listenPassThrough);
      if (listenSocket !== undefined) {
        const local = doorOf((socket) =>
          this.#admit(socket, localPeer(this.#parts.tidbProxyProtocol), this.#parts.admitted),
        );
        await this.#open(local, { path: listenSocket });
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Where it listens on TCP. */
  get address(): { readonly host: string; readonly port: number } {
    return addressOf(this.#main);
  }

  /** Where it listens for those who are to be passed through, if it does. */
  get passThroughAddress(): { readonly host: string; readonly port: number } | undefined {
    return this.#passThrough.listening ? addressOf(this.#passThrough) : undefined;
  }

  /** Clients whose load balancer has not said yet where they are. */
  get waiting(): number {
    return this.#proxied.count;
  }

  /** Accepts no more. Resolves when all who were let in have gone. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#servers.map(closed)).then(() => undefined);
    return this.#closing;
  }

  /** Closes what waits, too. */
  dismissWaiting(): void {
    this.#proxied.end();
  }

  /** Closes what has waited for too long. */
  tick(nowMs: number): void {
    this.#proxied.tick(nowMs);
  }

  /** A client that was let in has gone. */
  left({ address }: ClientPeer): void {
    this.#parts.admission.leave(address);
    this.#parts.counts.openConnections--;
  }

  async #open(server: Server, address: ListenAddress): Promise<void> {
    await listenOn(server, address, this.#parts.log);
    this.#servers.push(server);
  }

  #accept(socket: Socket, take: Admitted): void {
    const { connectionsMax, admission, runtime, tidbProxyProtocol } = this.#parts;
    if (!this.#proxied.isBalancer(socket.remoteAddress)) {
      this.#admit(socket, remotePeer(socket, tidbProxyProtocol), take);
      return;
    }
    // Who has not yet said where he comes from counts as well.
    if (connectionsMax > 0 && admission.connections + this.#proxied.count >= connectionsMax) {
      this.#refuse(socket, tooManyConnections());
      return;
    }
    const deadlineMs = runtime.monotonicMs() + limits.handshakeMs;
    this.#proxied.read(socket, deadlineMs, (source) =>
      this.#admit(socket, remotePeer(socket, tidbProxyProtocol, source), take),
    );
  }

  #admit(socket: Socket, peer: ClientPeer, take: Admitted): void {
    const { admission, counts, runtime } = this.#parts;
    const refusal = admission.enter(peer.address, runtime.monotonicMs());
    if (refusal !== undefined) {
      this.#refuse(socket, refusal);
      return;
    }
    counts.connections++;
    counts.openConnections++;
    take(socket, peer);
  }

  /** Says why, in the place of the greeting. */
  #refuse(socket: Socket, why: SqlError): void {
    this.#parts.counts.refusedConnections++;
    this.#parts.counts.errorsOfTiview++;
    socket.on('error', () => socket.destroy());
    socket.end(framedErrForGreeting(why));
    socket.destroySoon();
  }
}

function doorOf(accept: (socket: Socket) => void): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, accept);
}

function addressOf(server: Server): { readonly host: string; readonly port: number } {
  // A listening TCP server's address is never a string or null.
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
