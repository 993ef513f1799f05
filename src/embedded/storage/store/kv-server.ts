/**
 * All stores of the cluster. They answer from one data set, each only for the regions that it leads. What is served is
 * what our client calls (src/tikv/kv-methods.ts) and what matters without pessimistic locks and async commit, which
 * nobody uses here.
 *
 * @see tikv/tikv src/server/service/kv.rs, src/storage/mod.rs
 */
import { present } from '../../../base/assert.js';
import { type CallOutcome, unimplemented } from '../call-outcome.js';
import { coprocessorMethods } from '../coprocessor/coprocessor-methods.js';
import type { MvccStore, StoreChange } from '../mvcc/mvcc-store.js';
import type { RegionTable } from '../regions/region-table.js';
import type { StoreRegion } from '../regions/store-region.js';
import { readMethods } from './read-methods.js';
import { findRegion } from './region-check.js';
import type { RegionMethod } from './region-method.js';
import type { GivenTimestamps } from './ts-check.js';
import { writeMethods } from './write-methods.js';

/** What stores work with. */
export interface KvParts {
  readonly regions: RegionTable;
  readonly mvcc: MvccStore;
  readonly given: GivenTimestamps;
  /** Told what a command has changed in a region. */
  readonly onChanges: (region: StoreRegion, changes: readonly StoreChange[]) => void;
}

/** The stores. */
export class KvServer {
  readonly #parts: KvParts;
  readonly #methods: ReadonlyMap<string, RegionMethod>;

  constructor(parts: KvParts) {
    this.#parts = parts;
    const { mvcc, given } = parts;
    const methods = [
      ...readMethods(mvcc, given),
      ...writeMethods(mvcc, given),
      ...coprocessorMethods(mvcc, given),
    ];
    this.#methods = new Map(methods.map((method) => [method.name, method]));
  }

  /** Names of the unary methods. */
  get methods(): Iterable<string> {
    return this.#methods.keys();
  }

  /** A unary call to one of them; `method` without its service. */
  call(storeId: bigint, method: string, body: Uint8Array): CallOutcome {
    const served = this.#methods.get(method);
    if (served === undefined) return unimplemented(method);
    const { regions, mvcc, onChanges } = this.#parts;
    let region: StoreRegion | undefined;
    mvcc.beginCommand();
    const reply = served.answer(body, (context) => {
      const finding = findRegion(regions, context, storeId);
      if (finding.kind === 'region') region = finding.region;
      return finding;
    });
    const changes = mvcc.takeChanges();
    if (changes.length > 0) onChanges(present(region, 'the region of a change'), changes);
    return { kind: 'reply', body: reply };
  }
}
