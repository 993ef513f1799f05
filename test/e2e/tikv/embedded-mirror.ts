/** A copy of tables' stored rows in the embedded storage: its coprocessor must scan them as the rig's does. */
import type { KeyRange } from '../../../src/codec/table-keys.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import type { ScanPage } from '../../../src/tikv/coprocessor/coprocessor.js';
import type { TableScanPlan } from '../../../src/tikv/coprocessor/dag-request.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { NEVER, StorageWorld } from '../../sim/embedded/storage-world.js';

/** Mirrors ranges of one cluster. */
export class EmbeddedMirror implements AsyncDisposable {
  readonly #source: TikvCluster;
  readonly #world: StorageWorld;

  private constructor(source: TikvCluster, world: StorageWorld) {
    this.#source = source;
    this.#world = world;
  }

  static async start(source: TikvCluster): Promise<EmbeddedMirror> {
    return new EmbeddedMirror(source, await StorageWorld.start(3));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#world[Symbol.asyncDispose]();
  }

  /** Copies the ranges as they are at a ts, and scans the copy. */
  async *scan(plan: TableScanPlan, ranges: readonly KeyRange[], ts: Ts): AsyncGenerator<ScanPage> {
    for (const range of ranges) await this.#copy(range, ts);
    const scan = { plan, ranges, ts: await this.#world.tso() };
    yield* this.#world.cluster.coprocessor.scanTable(scan, NEVER);
  }

  async #copy({ start, end }: KeyRange, ts: Ts): Promise<void> {
    const mutations = new Map<string, Mutation>();
    const here = this.#world.cluster.snapshot(await this.#world.tso());
    for await (const page of here.scan(start, end, {}, NEVER)) {
      for (const { key } of page) mutations.set(key.join(), { kind: 'delete', key });
    }
    for await (const page of this.#source.snapshot(ts).scan(start, end, {}, NEVER)) {
      for (const { key, value } of page) mutations.set(key.join(), { kind: 'put', key, value });
    }
    if (mutations.size > 0) await this.#world.commit(...mutations.values());
  }
}
