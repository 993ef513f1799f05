/**
 * The two things of Node that are used here although they are not public, because there is no public way; and what
 * happens with a Node that has them no more.
 */
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { messageOf } from '../base/errors.js';

/** A connection as Node has it inside. */
interface Handle {
  useUserBuffer?: (buffer: Uint8Array) => void;
  verifyError?: () => Error | null | undefined;
}

/** How Node marks what the option `onread` of a socket says. */
const ONREAD = (() => {
  const symbols = Object.getOwnPropertySymbols(new Socket());
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, callback] = [named('kBuffer'), named('kBufferCb')];
  return buffer === undefined || callback === undefined ? undefined : { buffer, callback };
})();

function handleOf(socket: Socket): Handle | undefined {
  return (socket as { _handle?: Handle | null })._handle ?? undefined;
}

/**
 * Has an accepted socket read as the option `onread` would, which only sockets that connect can be given: into one
 * buffer, and past the stream. A query takes a sixth less CPU (test/bench/README.md). What the stream has already goes its
 * way, before. Where Node is not as it was the socket is left as it is, which costs that sixth.
 *
 * @param buffer - with its contents only lent for the call.
 * @param read - told of each read's length. @returns false: to stop reading, until `resume`.
 * @see https://nodejs.org/api/net.html#socketconnectoptions-connectlistener, and lib/net.js and src/stream_base.cc of Node
 */
export function readInto(socket: Socket, buffer: Uint8Array, read: (length: number) => boolean): void {
  const handle = handleOf(socket);
  if (ONREAD === undefined || handle?.useUserBuffer === undefined) return;
  Object.assign(socket, { [ONREAD.buffer]: buffer, [ONREAD.callback]: read });
  handle.useUserBuffer(buffer);
}

/**
 * What is wrong with the certificate that a client has given, now that TLS stands; undefined: nothing, or it has given
 * none, which tidb-server lets pass too. Node asks OpenSSL for its verdict where it accepts TLS itself, not where a socket
 * turns to TLS in the middle. Where the verdict cannot be had no certificate is good.
 *
 * @see lib/_tls_wrap.js of Node, onServerSocketSecure
 */
export function certificateProblem(socket: TLSSocket): string | undefined {
  if (socket.getPeerX509Certificate() === undefined) return undefined;
  const handle = handleOf(socket);
  if (handle?.verifyError === undefined) return 'this version of Node cannot check it';
  const error = handle.verifyError() ?? undefined;
  return error === undefined ? undefined : messageOf(error);
}
