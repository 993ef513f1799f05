/** The client's end of its connection. */
import type { Socket } from 'node:net';

/** What is known of it. */
export interface ClientPeer {
  /** For limits and logs: as Node prints it, {@link LOCAL_HOST} on a Unix socket; undefined: it has gone already. */
  readonly address: string | undefined;
  /** Whether it came by a Unix socket: nobody else can read what goes over it. */
  readonly isLocal: boolean;
}

/** Where a client on a Unix socket is, in TiDB's words. */
const LOCAL_HOST = 'localhost';

/** A client on a Unix socket. */
export const LOCAL_PEER: ClientPeer = { address: LOCAL_HOST, isLocal: true };

/** A client on a TCP socket. @param address - where a load balancer says it is, if one stands in between. */
export function remotePeer(socket: Socket, address?: string): ClientPeer {
  return { address: address ?? socket.remoteAddress, isLocal: false };
}
