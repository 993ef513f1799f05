/**
 * A fake cluster with a registry and one view's table in it, and owners who commit to them.
 *
 * What an epoch does follows from its number alone (row n comes, row n − 3 goes, row 0 counts), so that whoever takes
 * over knows what is next, and what the table must hold at any moment follows from the frontier record.
 */
import { expect } from 'chai';
import { keyBytes, keyString, utf8 } from '../../../src/base/bytes.js';
import { silent } from '../../../src/base/telemetry.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { databaseMetaKey, tableMetaKey } from '../../../src/codec/meta-keys.js';
import { intHandle, recordKey, recordRange } from '../../../src/codec/table-keys.js';
import { ZERO_TS, ts } from '../../../src/codec/tso.js';
import { BackingTable } from '../../../src/commit/backing-table.js';
import {
  type CommitOutcome,
  type Epoch,
  EpochCommitter,
  type ViewWrite,
} from '../../../src/commit/epoch-committer.js';
import { type Frontier, FrontierRecord } from '../../../src/commit/frontier.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { Op } from '../../../src/tikv/proto-types.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import { registryMeta, registryTables } from '../../support/registry.js';
import { ciName, columnJson, tableJson, tableVersion } from '../../unit/catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../../unit/codec/support/field-types.js';
import { type WeightedRow, deltaOf } from '../../unit/dataflow/rows.js';
import { World } from '../tikv/world.js';

export const VIEW_ID = 450n;
export const TABLE_ID = 100;
const DATABASE = 3;
const INT = fieldType('int');
type Json = Readonly<Record<string, unknown>>;

/** TableInfo of the view's table: `id INT PRIMARY KEY, a INT`. */
export function viewTableJson(more: Json = {}): Json {
  const columns = [columnJson(0, 'id', asPrimaryKey(INT)), columnJson(1, 'a', INT)];
  return tableJson(columns, { id: TABLE_ID, name: ciName('v'), pk_is_handle: true, ...more });
}

/** A delta of the view. */
export function viewDelta(...rows: readonly WeightedRow[]): Delta {
  return { ...deltaOf([INT, INT], rows), isConsolidated: true };
}

/** What epoch `n` (from 1 on) does to the view. */
export function deltaOfEpoch(n: bigint): Delta {
  const rows: WeightedRow[] = [[1, n, n * 10n]];
  if (n > 3n) rows.push([-1, n - 3n, (n - 3n) * 10n]);
  if (n > 1n) rows.push([-1, 0n, n - 1n]);
  rows.push([1, 0n, n]);
  return viewDelta(...rows);
}

/** Ids of the rows after epoch `n`. */
export function idsAfter(n: bigint): bigint[] {
  if (n === 0n) return [];
  return [0n, n - 2n, n - 1n, n].filter((id, place) => place === 0 || id > 0n);
}

export const rowKeyOf = (id: bigint): Uint8Array => recordKey(TABLE_ID, intHandle(id));

export class CommitWorld extends World {
  readonly tables = registryTables();
  readonly record = new FrontierRecord(this.tables.frontier);
  readonly built: TableVersion = tableVersion(viewTableJson());

  constructor(seed: number, tableJsonText: Json = viewTableJson()) {
    super(seed);
    for (const { key, value } of registryMeta()) this.plant(key, value);
    this.plant(databaseMetaKey(DATABASE), json({ id: DATABASE, db_name: ciName('shop'), state: 5 }));
    this.plantTable(tableJsonText);
    this.plant(
      this.record.key,
      this.record.encode({ epoch: 0n, appliedTs: ZERO_TS, term: 0n, owner: '', startTs: ZERO_TS }),
    );
  }

  /** Commits a value at once, as another client would have; undefined deletes. */
  plant(key: Uint8Array, value: Uint8Array | undefined): void {
    const { mvcc, pd } = this.cluster;
    const startTs = pd.highest + 1n;
    pd.highest += 2n;
    const writes = mvcc.writes.get(keyString(key)) ?? [];
    const kind = value === undefined ? 'delete' : 'put';
    writes.unshift({ kind, startTs, commitTs: pd.highest, value: value ?? new Uint8Array(0) });
    mvcc.writes.set(keyString(key), writes);
  }

  plantTable(info: Json, database = DATABASE): void {
    this.plant(tableMetaKey(database, TABLE_ID), json(info));
  }

  dropTable(database = DATABASE): void {
    this.plant(tableMetaKey(database, TABLE_ID), undefined);
  }

  /** Places a lock of a living transaction of somebody else. */
  lock(key: Uint8Array, op: number, primary = key): bigint {
    const { mvcc, pd } = this.cluster;
    const startTs = ++pd.highest;
    mvcc.locks.set(keyString(key), {
      ...{ startTs, primary, op, value: utf8('x'), ttl: 600_000n, txnSize: 1n },
      ...{ minCommitTs: startTs + 1n, useAsyncCommit: false, secondaries: [] },
    });
    return startTs;
  }

  /** An owner's committer, with a client of its own. */
  async committer(
    life?: AbortSignal,
  ): Promise<{ committer: EpochCommitter; client: TikvCluster; view: ViewWrite }> {
    const client = await this.connect(life);
    const parts = { cluster: client, runtime: this.runtime, telemetry: silent };
    const table = new BackingTable(new Catalog(client.snapshots, true), this.built, [1, 2]);
    const view = { viewId: VIEW_ID, table, delta: deltaOfEpoch(1n) };
    return { committer: new EpochCommitter(parts, this.tables), client, view };
  }

  /** The record as it was at a moment. */
  frontierAt(at: bigint): Frontier | undefined {
    const write = this.cluster.mvcc.committedAt(this.record.key, at);
    return write?.kind === 'put' ? this.record.decode(write.value) : undefined;
  }

  get frontier(): Frontier {
    return this.frontierAt(this.cluster.pd.highest)!;
  }

  /** Ids of the table's rows at a moment; locks of committed transactions count as committed. */
  idsAt(at: bigint): bigint[] {
    const { start, end } = recordRange(TABLE_ID);
    const ids: bigint[] = [];
    for (const key of this.cluster.mvcc.keysIn(start, end)) {
      if (this.cluster.mvcc.committedAt(key, at)?.kind !== 'put') continue;
      const handle = Buffer.from(key).readBigUInt64BE(key.length - 8);
      ids.push(handle - (1n << 63n));
    }
    return ids;
  }

  /** The history that the registry has: epoch → commit ts. */
  history(): Map<bigint, bigint> {
    const { mvcc, pd } = this.cluster;
    const { start, end } = this.tables.epochs.range;
    const found = new Map<bigint, bigint>();
    for (const key of mvcc.keysIn(start, end)) {
      const write = mvcc.committedAt(key, pd.highest);
      if (write?.kind !== 'put') continue;
      const record = this.tables.epochs.decode(key, write.value);
      found.set(record['epoch'] as bigint, record['commit_ts'] as bigint);
    }
    return found;
  }

  /** Commits of the frontier record, oldest first. */
  reigns(): { readonly frontier: Frontier; readonly commitTs: bigint }[] {
    const writes = this.cluster.mvcc.writes.get(keyString(this.record.key)) ?? [];
    return writes
      .filter(({ kind }) => kind === 'put')
      .map(({ value, commitTs }) => ({ frontier: this.record.decode(value), commitTs }))
      .sort((a, b) => (a.commitTs < b.commitTs ? -1 : 1));
  }

  /** Law 2 and the visible half of law 1: each epoch once, in order, and the table at each commit as it says. */
  checkLaws(): void {
    const reigns = this.reigns();
    reigns.forEach(({ frontier, commitTs }, place) => {
      const before = reigns[place - 1]?.frontier;
      if (before === undefined) return;
      const isEpoch = frontier.epoch === before.epoch + 1n && frontier.term === before.term;
      const isReign = frontier.epoch === before.epoch && frontier.term === before.term + 1n;
      expect(isEpoch !== isReign, `${show(before)} → ${show(frontier)}`).to.equal(true);
      expect(frontier.appliedTs >= before.appliedTs).to.equal(true);
      expect(this.idsAt(commitTs), `rows at epoch ${frontier.epoch}`).to.deep.equal(idsAfter(frontier.epoch));
    });
    const commitOf = new Map<bigint, bigint>();
    for (const { frontier, commitTs } of reigns) {
      if (!commitOf.has(frontier.epoch)) commitOf.set(frontier.epoch, commitTs);
    }
    for (const [epoch, commitTs] of this.history()) {
      expect(commitTs, `commit ts of epoch ${epoch} in the history`).to.equal(commitOf.get(epoch));
    }
  }

  /** Whatever the dead have left is resolved by whoever meets it. */
  async resolveAll(): Promise<void> {
    const client = await this.connect();
    await this.runtime.advance(10_000);
    const now = await this.drive(client.tso.next(new AbortController().signal));
    const { locksLeft } = await this.drive(
      client.locks.spans.resolveSpan(utf8('a'), utf8('z'), now, new AbortController().signal),
    );
    expect(locksLeft).to.equal(0);
    const left = [...this.cluster.mvcc.locks].filter(([, { op }]) => op !== Op.lock);
    expect(left.map(([name]) => Buffer.from(keyBytes(name)).toString('hex'))).to.deep.equal([]);
  }
}

/** What an owner would commit next. */
export function nextEpoch(frontier: Frontier, view: ViewWrite, now: bigint): Epoch {
  const write = { ...view, delta: deltaOfEpoch(frontier.epoch + 1n) };
  return { expect: frontier, upper: ts(now), views: [write], registry: [] };
}

/** The frontier after a commit that must have succeeded. */
export function committedFrontier(outcome: CommitOutcome): Frontier {
  expect(outcome.kind).to.equal('committed');
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
  return outcome.frontier;
}

function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

function show({ epoch, term, owner }: Frontier): string {
  return `epoch ${epoch} term ${term} of ${owner}`;
}
