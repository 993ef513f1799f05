/**
 * The real TiDB of the tests, for this folder only; to be replaced by test/support/rig.ts. `RIG` names another binary.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A running rig. */
export interface Rig {
  /** `host:port` of the MySQL port, of PD and of the first store. */
  readonly tidb: string;
  readonly pd: string;
  readonly store: string;
  readonly clusterId: string;
  stop(): Promise<void>;
}

interface ReadyLine {
  readonly tidb: string;
  readonly pd: string;
  readonly stores: readonly string[];
  readonly clusterId: string;
}

/** Starts one and waits until it serves. */
export async function startRig(): Promise<Rig> {
  const child = spawn(process.env['RIG'] ?? '/tmp/rig/rig', ['-stores', '1', '-stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const first = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the rig ended with ${String(code)}`)));
  });
  const ready = JSON.parse(first) as ReadyLine;
  return {
    tidb: ready.tidb,
    pd: ready.pd,
    store: ready.stores[0] ?? '',
    clusterId: ready.clusterId,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
