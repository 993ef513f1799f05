/** The client's end of its connection. */
import type { Socket } from 'node:net';
import { type Preamble, type TidbProxyProtocol, clientPreamble, ownPreamble } from './preamble.js';
import type { PeerAddress } from './proxy-header.js';

/** What is known of it. */
export interface ClientPeer {
  /** For limits and logs: as Node prints it, {@link LOCAL_HOST} on a Unix socket; undefined: it has gone already. */
  readonly address: string | undefined;
  /** Whether it came by a Unix socket: nobody else can read what goes over it. */
  readonly isLocal: boolean;
  /** Of connections to tidb-servers on its behalf. */
  readonly preamble: Preamble;
}

/** Where a client on a Unix socket is, in TiDB's words. */
const LOCAL_HOST = 'localhost';

/** A client on a Unix socket. */
export function localPeer(protocol: TidbProxyProtocol): ClientPeer {
  return { address: LOCAL_HOST, isLocal: true, preamble: ownPreamble(protocol) };
}

/** A client on a TCP socket. @param source - where a load balancer says it is, if one stands in between. */
export function remotePeer(socket: Socket, protocol: TidbProxyProtocol, source?: PeerAddress): ClientPeer {
  const address = source?.address ?? socket.remoteAddress;
  return { address, isLocal: false, preamble: clientPreamble(protocol, socket, source) };
}
