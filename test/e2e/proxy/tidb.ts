/** Starts a real TiDB (the rig of test/tidb) for these tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const BINARY = process.env['TIVIEW_RIG'] ?? '/tmp/rig/rig';

/** A running tidb-server. */
export interface Tidb {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly pid: number;
  /** Ends it at once. */
  kill(): void;
  /** Ends it and waits. */
  stop(): Promise<void>;
}

/** Starts one; it ends with this process at the latest, because it reads our end of its standard input. */
export async function startTidb(): Promise<Tidb> {
  if (!existsSync(BINARY)) throw new Error(`no TiDB rig at ${BINARY}; set TIVIEW_RIG`);
  const child: ChildProcess = spawn(BINARY, ['-stores', '1', '-stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdout, stdin, pid } = child;
  if (stdout === null || stdin === null || pid === undefined) throw new Error('the rig did not start');
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the rig exited with ${String(code)}`)));
  });
  const { tidb } = JSON.parse(line) as { tidb: string };
  const [host = '', port = ''] = tidb.split(':');
  return {
    host,
    port: Number(port),
    address: tidb,
    pid,
    kill: () => child.kill('SIGKILL'),
    stop: async () => {
      stdin.end();
      await exited;
    },
  };
}
