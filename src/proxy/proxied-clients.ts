/**
 * Clients that come through a load balancer which says where they are (PROXY protocol). Balancers are known by their
 * networks, and must say it: a header that might be missing could be forged by whoever they let through. A header from
 * anywhere else is an ill-formed login, and refused as one.
 */
import { loggedCause } from '../base/sensitive.js';
import type { Socket } from 'node:net';
import { NO_BYTES, concatBytes } from '../base/bytes.js';
import type { Log } from '../base/telemetry.js';
import { type PeerAddress, type ProxyHeader, parseProxyHeader } from './proxy-header.js';
import { ProtocolError } from '../wire/protocol-error.js';
import { type Network, NetworkSet } from './networks.js';

/** Reads what load balancers say of their clients. */
export class ProxiedClients {
  readonly #balancers: NetworkSet;
  readonly #log: Log;
  /** Connections whose header has not come yet, and until when it must. */
  readonly #waiting = new Map<Socket, number>();

  constructor(balancers: readonly Network[], log: Log) {
    this.#balancers = new NetworkSet(balancers);
    this.#log = log;
  }

  /** Connections that wait for their header. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Whether a header is to come first. */
  isBalancer(address: string | undefined): boolean {
    return address !== undefined && this.#balancers.has(address);
  }

  /**
   * Takes the header from a connection; it is closed if none comes.
   *
   * @param socket - just accepted.
   * @param deadlineMs - by the clock of {@link tick}.
   * @param found - is given where the client is; undefined: where the socket says. What follows the header is left to
   *   be read.
   */
  read(socket: Socket, deadlineMs: number, found: (source: PeerAddress | undefined) => void): void {
    let bytes: Uint8Array = NO_BYTES;
    const stop = (): void => {
      this.#waiting.delete(socket);
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    };
    const give = (header: ProxyHeader): void => {
      stop();
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      found(header.source);
    };
    const listeners = {
      readable: () => {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        bytes = concatBytes(bytes, chunk);
        const header = this.#parse(bytes, socket);
        if (header !== undefined) give(header);
      },
      end: () => socket.destroy(),
      error: () => socket.destroy(),
      close: stop,
    };
    this.#waiting.set(socket, deadlineMs);
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
  }

  /** Closes what has waited for too long. */
  tick(nowMs: number): void {
    for (const [socket, deadlineMs] of this.#waiting) if (nowMs >= deadlineMs) socket.destroy();
  }

  /** Closes all that wait. */
  end(): void {
    this.tick(Number.POSITIVE_INFINITY);
  }

  #parse(bytes: Uint8Array, socket: Socket): ProxyHeader | undefined {
    try {
      return parseProxyHeader(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log.warn('a load balancer is not understood', {
        balancer: socket.remoteAddress,
        reason: loggedCause(error),
      });
      socket.destroy();
      return undefined;
    }
  }
}
