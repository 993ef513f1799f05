/** One simulated run: a fake cluster, clients of it, virtual time, and the checks that hold for every run. */
import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import { type Runtime, StoppedError, type Task } from '../../../src/base/runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { type KeyString, keyBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import { connectCluster, type TikvCluster } from '../../../src/tikv/client.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';
import { FakeCluster } from './fake-cluster.js';

export const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

/** Seeds of a run: `SEED=` repeats one. */
export function seeds(count: number): readonly number[] {
  const given = process.env['SEED'];
  return given === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(given)];
}

export const key = (i: number): Uint8Array => utf8(`k${String(i).padStart(4, '0')}`);

export class World {
  readonly runtime: VirtualRuntime;
  readonly cluster: FakeCluster;
  readonly #clients: TikvCluster[] = [];

  constructor(seed: number) {
    this.runtime = new VirtualRuntime(seed);
    this.cluster = new FakeCluster(this.runtime);
  }

  /** A client with caches of its own; `life` ends it with all that it does in the background, as a crash does. */
  async connect(life = new AbortController().signal): Promise<TikvCluster> {
    const { cluster } = this;
    const runtime = mortalRuntime(this.runtime, life);
    const transports = { pd: cluster, kv: cluster };
    const client = await this.drive(
      connectCluster({ pdSeeds: ['pd:1'], transports, runtime, telemetry: silent }, NEVER),
    );
    this.#clients.push(client);
    return client;
  }

  /** Moves time until the work is done. */
  async drive<T>(work: Promise<T>, virtualMsMax = 600_000): Promise<T> {
    const running = new Set([work]);
    const done = (): void => {
      running.clear();
    };
    work.then(done, done);
    const endMs = this.runtime.monotonicMs() + virtualMsMax;
    while (running.size > 0) {
      if (this.runtime.monotonicMs() > endMs) throw new Error(`stuck after ${virtualMsMax} virtual ms`);
      await this.runtime.advance(5);
    }
    return work;
  }

  random(below: number): number {
    return Math.floor(this.runtime.random() * below);
  }

  /** Background disturbance until aborted. */
  disturb(keys: readonly Uint8Array[], everyMs: number, signal: AbortSignal): Promise<void> {
    return (async () => {
      while (!signal.aborted) {
        await this.runtime.sleep(everyMs * (0.5 + this.runtime.random()), signal).catch(() => undefined);
        if (!signal.aborted) this.cluster.disturb(keys);
      }
    })();
  }

  /** Nothing happened that would have killed a store, and no background task died. */
  checkSafe(): void {
    expect(this.cluster.violations).to.deep.equal([]);
    expect(this.runtime.crashes.map(({ task, error }) => `${task}: ${String(error)}`)).to.deep.equal([]);
  }

  /** Every transaction is committed on all of the keys it changes at one ts, or on none; none is committed twice. */
  checkAtomic(transactions: ReadonlyMap<bigint, readonly Uint8Array[]>): void {
    const commits = new Map<bigint, Map<KeyString, bigint>>();
    for (const [name, writes] of this.cluster.mvcc.writes) {
      for (const { kind, startTs, commitTs } of writes) {
        if (kind === 'rollback' || kind === 'lock') continue;
        const known = commits.get(startTs) ?? new Map<KeyString, bigint>();
        expect(known.has(name), `${toHex(keyBytes(name))} committed twice by ${startTs}`).to.equal(false);
        commits.set(startTs, known.set(name, commitTs));
      }
    }
    for (const [startTs, keys] of transactions) {
      const committed = commits.get(startTs);
      if (committed === undefined) continue;
      expect(new Set(committed.values()).size, `commit timestamps of ${startTs}`).to.equal(1);
      expect(committed.size, `committed keys of ${startTs}`).to.equal(keys.length);
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await this.drive(client.close());
  }
}

function mortalRuntime(runtime: Runtime, life: AbortSignal): Runtime {
  const tasks: Task[] = [];
  life.addEventListener('abort', () => tasks.forEach((task) => void task.stop()));
  return {
    monotonicMs: () => runtime.monotonicMs(),
    random: () => runtime.random(),
    yieldToIo: () => runtime.yieldToIo(),
    sleep: (ms, signal) => runtime.sleep(ms, signal),
    spawn: (name, work) => {
      const task = runtime.spawn(name, work);
      tasks.push(task);
      return task;
    },
  };
}

/** The reason of a simulated crash. */
export class Crash extends StoppedError {}
