/** All connections that are passed through: their deadlines, what they have carried, their end. */
import type { Socket } from 'node:net';
import { Roster } from '../base/roster.js';
import type { Runtime } from '../base/runtime.js';
import type { ClientPeer } from './client-peer.js';
import { Deadlines } from './deadlines.js';
import { PassedConnection, type PassedHost } from './passed-connection.js';

/** What is needed of the proxy. */
export type PassThroughParts = Pick<PassedHost, 'backends' | 'counts'> & {
  readonly runtime: Runtime;
  /** A client that was accepted has gone, and so has its connection to the server. */
  readonly closed: (peer: ClientPeer) => void;
};

/** Connections whose bytes nobody looks at. */
export class PassThrough {
  readonly #host: PassedHost;
  readonly #connections = new Roster<PassedConnection>();
  readonly #deadlines: Deadlines;

  constructor({ runtime, backends, counts, closed }: PassThroughParts) {
    this.#deadlines = new Deadlines(runtime);
    this.#host = {
      ...{ backends, counts, deadlines: this.#deadlines },
      closed: (connection) => {
        this.#connections.delete(connection);
        closed(connection.peer);
      },
    };
  }

  /** Connections that are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** @param client - just accepted, with `allowHalfOpen`. */
  accept(client: Socket, peer: ClientPeer): void {
    this.#connections.add(new PassedConnection(this.#host, client, peer));
  }

  /** Does what is due. */
  tick(): void {
    this.#deadlines.look();
  }

  /** To be called now and then. @see PassedConnection.round */
  round(): void {
    for (const connection of this.#connections) connection.round();
  }

  /** Ends all at once. */
  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
