/**
 * The real TiDB of the tests, for this folder only; to be replaced by test/support/rig.ts. One rig serves all files of a
 * run; it ends when this process does. `RIG` names another binary.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A running rig. */
export interface Rig {
  /** `host:port` of the MySQL port, of TiDB's status port, of PD and of the first store. */
  readonly tidb: string;
  readonly status: string;
  readonly pd: string;
  readonly store: string;
  readonly clusterId: string;
}

interface ReadyLine {
  readonly tidb: string;
  readonly status: string;
  readonly pd: string;
  readonly stores: readonly string[];
  readonly clusterId: string;
}

let shared: Promise<Rig> | undefined;

/** The rig; started by the first call. */
export function sharedRig(): Promise<Rig> {
  shared ??= startRig();
  return shared;
}

async function startRig(): Promise<Rig> {
  const child = spawn(process.env['RIG'] ?? '/tmp/rig/rig', ['-stores', '1', '-stdin'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const first = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the rig ended with ${String(code)}`)));
  });
  // It must not keep this process alive: it ends by itself when its standard input is closed.
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe.unref();
  const ready = JSON.parse(first) as ReadyLine;
  return {
    tidb: ready.tidb,
    status: ready.status,
    pd: ready.pd,
    store: ready.stores[0] ?? '',
    clusterId: ready.clusterId,
  };
}
