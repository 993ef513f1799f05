/**
 * What a connection to a tidb-server begins with: nothing, or a PROXY header that says whose it is. A tidb-server with
 * `proxy-protocol.networks` in its configuration takes, and demands, one from those networks, on every connection: also
 * on those that stand for no client, like health checks.
 */
import { type Socket, connect } from 'node:net';
import type { Endpoint } from './backends.js';
import {
  PROXY_HEADER_VERSIONS,
  type PeerAddress,
  type ProxyHeaderVersion,
  printProxyHeader,
} from './proxy-header.js';

/** Ways to tell tidb-servers of clients: not at all, or by a header of this version. */
export const TIDB_PROXY_PROTOCOLS = ['off', ...PROXY_HEADER_VERSIONS] as const;

/** One of {@link TIDB_PROXY_PROTOCOLS}. */
export type TidbProxyProtocol = 'off' | ProxyHeaderVersion;

/** The first bytes of a connection; undefined: there are none to be sent. */
export type Preamble = Uint8Array | undefined;

/** Of a connection of TiView's own, or for a client that has no address. */
export function ownPreamble(protocol: TidbProxyProtocol): Preamble {
  return protocol === 'off' ? undefined : printProxyHeader(protocol);
}

/** Of a connection for a client. @param source - where it is, if not where its socket says. */
export function clientPreamble(
  protocol: TidbProxyProtocol,
  socket: Socket,
  source: PeerAddress | undefined,
): Preamble {
  if (protocol === 'off') return undefined;
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  return printProxyHeader(
    protocol,
    source ?? peerAddress(remoteAddress, remotePort),
    peerAddress(localAddress, localPort),
  );
}

/** Begins to connect. For connections of TiView's own, which need no care for each byte. */
export function connectWith(preamble: Preamble, { host, port }: Endpoint): Socket {
  // Sessions of the maintaining account may be silent for long.
  const socket = connect({ host, port, noDelay: true, keepAlive: true });
  if (preamble !== undefined) socket.write(preamble);
  return socket;
}

function peerAddress(address: string | undefined, port: number | undefined): PeerAddress | undefined {
  return address === undefined || port === undefined ? undefined : { address, port };
}
