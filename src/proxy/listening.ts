/** Opening listening sockets: TCP, and Unix sockets, whose files outlive a process that does not end orderly. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { type ListenOptions, type Server, connect } from 'node:net';
import { TiviewError, asError, messageOf } from '../base/errors.js';
import type { Log } from '../base/telemetry.js';

/** Connections that the kernel has taken and nobody has accepted. */
const BACKLOG = 1024;

/**
 * As mysqld's: who may connect is said by accounts, as on TCP, and besides by the mode of the folder. With the 0755 that
 * a usual umask leaves, nobody but TiView's own user could connect.
 */
const SOCKET_MODE = 0o777;

/** Where something listens. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** The listening socket could not be opened. */
export class ListenError extends TiviewError {
  override readonly name = 'ListenError';

  constructor(address: string, cause: Error) {
    super(`cannot listen on ${address}: ${cause.message}`, {
      kind: 'listen',
      side: 'proxy',
      isRetryable: false,
      cause,
    });
  }
}

/** Begins to listen; the file of a Unix socket goes when the server closes. @throws ListenError. */
export async function listenOn(server: Server, address: ListenAddress, log: Log): Promise<void> {
  const shown = 'path' in address ? address.path : `${address.host}:${address.port}`;
  try {
    await listening(server, { ...address, backlog: BACKLOG });
    if ('path' in address) await chmod(address.path, SOCKET_MODE);
  } catch (error) {
    server.close();
    throw new ListenError(shown, asError(error));
  }
  server.on('error', (error) => log.error('listening failed', { address: shown, error: error.message }));
}

/**
 * Removes the file of a Unix socket on which nobody listens any more. Not part of {@link listenOn}, since several
 * processes may share one socket: the first of them must not be found by the others.
 *
 * @throws ListenError — somebody listens there, or the file is no socket, or cannot be removed.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  try {
    const file = await lstat(path).catch(unlessMissing);
    if (file === undefined) return;
    if (!file.isSocket()) throw new Error('there is a file of that name, and it is no socket');
    if (await isListenedTo(path)) throw new Error('another process listens there');
    await unlink(path).catch(unlessMissing);
  } catch (error) {
    throw new ListenError(path, asError(error));
  }
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @throws what keeps us from finding out. */
function isListenedTo(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // So many connections wait there that it takes no more.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(new Error(`whether somebody listens there cannot be found out: ${messageOf(error)}`));
    });
  });
}

function unlessMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}
