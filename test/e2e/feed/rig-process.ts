/** A rig of this test's own (until test/support/rig.ts is merged): the real TiDB over several stores, in one process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../unit/tikv/feed/cdc-proto.js';

/** Where a running rig listens. */
export interface RigProcess {
  readonly pd: string;
  readonly tidb: string;
  readonly clusterId: bigint;
  /** Disturbs it: `/rig/split?key=…`. */
  post(path: string): Promise<void>;
  /** A fresh timestamp. */
  tso(): Promise<bigint>;
  stop(): Promise<void>;
}

const BINARIES = [join(ROOT, 'test/tidb/bin/rig'), '/tmp/rig/rig'];

/** Starts a rig. */
export async function startRig(stores: number): Promise<RigProcess> {
  const binary = process.env['RIG'] ?? BINARIES.find((path) => existsSync(path));
  if (binary === undefined) throw new Error(`no rig at ${BINARIES.join(' or ')}: build test/tidb first`);
  const child = spawn(binary, ['-stores', String(stores), '-stdin', '-resolved-interval', '50ms'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ready = JSON.parse(await firstLine(child)) as { pd: string; tidb: string; clusterId: string };
  const pd = ready.pd.replace(/^https?:\/\//, '');
  return {
    pd,
    tidb: ready.tidb,
    clusterId: BigInt(ready.clusterId),
    post: async (path) => {
      const reply = await fetch(`http://${pd}${path}`, { method: 'POST' });
      await reply.text();
    },
    tso: async () => BigInt(JSON.parse(await (await fetch(`http://${pd}/rig/tso`)).text()) as string),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
    },
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`the rig ended with ${code}`)));
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}
