/** Requests of other instances: each is carried out once, and answered, whatever comes between. */
import { expect } from 'chai';
import { keyString } from '../../../src/base/bytes.js';
import { silent } from '../../../src/base/telemetry.js';
import { ZERO_TS } from '../../../src/codec/tso.js';
import type { SystemRecord } from '../../../src/commit/system-table.js';
import { Op } from '../../../src/tikv/proto-types.js';
import { DeposedError } from '../../../src/view/deposed-error.js';
import { type CarryOut, RequestDesk } from '../../../src/view/request-desk.js';
import { CommitWorld } from '../commit/commit-world.js';
import { seeds } from '../tikv/world.js';

const REQUESTS = 40;

/** An owner's desk, and those who ask. */
class Asking extends CommitWorld {
  readonly stop = new AbortController();
  /** How often each request was carried out, by its ts. */
  readonly carriedOut = new Map<bigint, number>();

  async open(carryOut: CarryOut): Promise<void> {
    const cluster = await this.connect(this.stop.signal);
    const parts = { cluster, runtime: this.runtime, telemetry: silent, tables: this.tables };
    const desk = new RequestDesk(parts, async (request, signal) => {
      const id = request.kind === 'waitFor' ? BigInt(request.ts) : ZERO_TS;
      this.carriedOut.set(id, (this.carriedOut.get(id) ?? 0) + 1);
      await carryOut(request, signal);
    });
    desk.run(this.stop.signal).catch(() => undefined);
  }

  keyOf(id: bigint): Uint8Array {
    return this.tables.requests.keyOf({ id });
  }

  ask(id: bigint): void {
    const request = JSON.stringify({ kind: 'waitFor', ts: id.toString() });
    const { key, value } = this.tables.requests.encode({ id, member: 'two', request, answer: null });
    this.plant(key, value);
  }

  /** The request's row as it is now; undefined: there is none. */
  row(id: bigint): SystemRecord | undefined {
    const { mvcc, pd } = this.cluster;
    const write = mvcc.committedAt(this.keyOf(id), pd.highest);
    return write?.kind === 'put' ? this.tables.requests.decode(this.keyOf(id), write.value) : undefined;
  }

  /** Fetches the answer, as whoever asked does: reads it, and deletes the row. */
  fetch(id: bigint): boolean {
    if (this.cluster.mvcc.locks.has(keyString(this.keyOf(id)))) return false;
    const answer = this.row(id)?.['answer'] ?? null;
    if (answer === null) return false;
    this.plant(this.keyOf(id), undefined);
    return true;
  }
}

describe('the desk for requests of other instances', () => {
  for (const seed of seeds(20)) {
    it(`carries each out once, seed ${seed}`, async () => {
      const world = new Asking(seed);
      await world.open(async (_, signal) => {
        await world.runtime.sleep(world.random(200), signal);
        return undefined;
      });
      const open = new Set<bigint>();
      for (let id = 1n; id <= REQUESTS || open.size > 0; id++) {
        if (id <= REQUESTS) {
          world.ask(id);
          open.add(id);
        }
        await world.runtime.advance(world.random(20));
        for (const one of open) if (world.fetch(one)) open.delete(one);
        if (id > 10_000n) throw new Error(`never answered: ${[...open].join()}`);
      }
      await world.runtime.advance(1_000);
      for (let id = 1n; id <= REQUESTS; id++) {
        expect(world.carriedOut.get(id), `request ${id}`).to.equal(1);
        expect(world.row(id), `request ${id} has come back`).to.equal(undefined);
      }
      world.stop.abort(new Error('over'));
      world.checkSafe();
    });
  }

  it('writes an answer again that met a lock, and does not do the work again', async () => {
    const world = new Asking(1);
    world.ask(1n);
    await world.open(() => {
      world.lock(world.keyOf(1n), Op.put);
      return Promise.resolve(undefined);
    });
    await world.runtime.advance(2_000);
    expect(world.row(1n)?.['answer']).to.equal(null);
    world.cluster.mvcc.locks.clear();
    await world.runtime.advance(1_000);
    expect(world.row(1n)?.['answer']).to.equal('{"kind":"done"}');
    expect(world.carriedOut.get(1n)).to.equal(1);
    world.stop.abort(new Error('over'));
    world.checkSafe();
  });

  it('tries again what is for a successor, should none come', async () => {
    const world = new Asking(1);
    world.ask(1n);
    await world.open(() =>
      (world.carriedOut.get(1n) ?? 0) < 3
        ? Promise.reject(new DeposedError(undefined))
        : Promise.resolve(undefined),
    );
    await world.runtime.advance(2_000);
    expect(world.row(1n)?.['answer']).to.equal('{"kind":"done"}');
    expect(world.carriedOut.get(1n)).to.equal(3);
    world.stop.abort(new Error('over'));
    world.checkSafe();
  });

  it('tells whoever asked what went wrong', async () => {
    const world = new Asking(1);
    world.ask(1n);
    await world.open(() => Promise.reject(new Error('it rains')));
    await world.runtime.advance(500);
    expect(String(world.row(1n)?.['answer'])).to.contain('it rains');
    world.stop.abort(new Error('over'));
  });
});
