/**
 * A real TiDB for one test file: the rig of test/support/rig.ts, or, while developing, the program that RIG_BINARY
 * names, which need not be built first.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { createConnection, type Connection } from 'mysql2/promise';
import { startRig } from '../../support/rig.js';

/** A running TiDB. */
export interface LocalRig {
  /** Its status port, `host:port`. */
  readonly status: string;
  /** A new connection to it; close it. */
  connect(database?: string): Promise<Connection>;
  stop(): Promise<void>;
}

/** Starts a TiDB and waits until it serves. */
export async function startLocalRig(): Promise<LocalRig> {
  const binary = process.env['RIG_BINARY'];
  if (binary !== undefined) return startBinary(binary);
  const rig = await startRig();
  return {
    status: rig.status,
    connect: (database) => connectTo('127.0.0.1', rig.mysqlPort, database),
    stop: () => rig.stop(),
  };
}

async function startBinary(binary: string): Promise<LocalRig> {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(binary, ['-stores', '1', '-stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const first = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the rig ended with ${String(code)}`)));
  });
  const ready = JSON.parse(first) as { readonly tidb: string; readonly status: string };
  const [host, port] = ready.tidb.split(':');
  return {
    status: ready.status,
    connect: (database) => connectTo(host ?? '127.0.0.1', Number(port), database),
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function connectTo(host: string, port: number, database?: string): Promise<Connection> {
  return createConnection({
    host,
    port,
    user: 'root',
    ...(database === undefined ? {} : { database }),
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
  });
}
