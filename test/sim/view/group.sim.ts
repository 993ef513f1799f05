import { expect } from 'chai';
import { Alarm } from '../../../src/base/alarm.js';
import { TiviewError } from '../../../src/base/errors.js';
import { silent } from '../../../src/base/telemetry.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import { tableMetaKey } from '../../../src/codec/meta-keys.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import { BackingTable } from '../../../src/commit/backing-table.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import { EpochSource } from '../../../src/source/epoch-source.js';
import { FeedRouter } from '../../../src/source/feed-router.js';
import type { CompiledView } from '../../../src/view/compiled-view.js';
import { EpochHistory } from '../../../src/view/epoch-history.js';
import { ForeignWrites } from '../../../src/view/foreign-writes.js';
import { Group } from '../../../src/view/group.js';
import { LiveView } from '../../../src/view/live-view.js';
import { PendingEdits } from '../../../src/view/pending-edits.js';
import { Registry } from '../../../src/view/registry.js';
import type { ViewRecord } from '../../../src/view/view-record.js';
import { BASE_TYPES, type BaseRow, baseTable, storedRow } from '../../support/base-table.js';
import { changeBatch } from '../../support/change-batch.js';
import { failureOf } from '../../support/failure.js';
import { ScriptedFeed } from '../../support/scripted-feed.js';
import { CommitWorld, VIEW_ID, rowKeyOf } from '../commit/commit-world.js';
import { NEVER } from '../tikv/world.js';

const BASE = 200;
const LOST = new TiviewError('the store is gone', { kind: 'test', side: 'tikv', isRetryable: false });

function record(more: Partial<ViewRecord> = {}): ViewRecord {
  return {
    ...{ id: VIEW_ID, schema: 'shop', name: 'v', state: 'READY', tableId: 100, statement: '' },
    ...{ definition: '', output: [], fingerprint: '', options: { tableDdl: '', bases: [] } },
    pinned: {
      ...{ database: 'shop', sqlMode: '', timeZone: 'UTC', collation: 'utf8mb4_bin' },
      ...{ divPrecisionIncrement: 4, definer: '' },
    },
    ...{ appliedTs: undefined, lastError: undefined, createdTs: ts(1n), replaces: undefined },
    ...more,
  };
}

/** `SELECT id, a FROM t` */
function compiled(): CompiledView {
  const columns = [1, 2].map((id) => ({ id, type: BASE_TYPES[id - 1]! }));
  return {
    spec: { viewId: VIEW_ID, hasKey: true, root: { kind: 'source', table: BASE, columns } },
    fingerprint: '',
    sources: [
      { table: { version: baseTable(BASE), columnIds: [1, 2] }, shownName: 'shop.t', conditions: [] },
    ],
  };
}

/** An owner in a reign: everything is real but the feed and the cluster. */
class Reigning {
  readonly world = new CommitWorld(1);
  readonly feed = new ScriptedFeed();
  readonly registry: Registry;
  readonly epochIntervalMs: number;
  readonly stop = new AbortController();
  epochs = 0;
  #group: Group | undefined;
  #ended: ReturnType<typeof failureOf> | undefined;

  constructor(view: ViewRecord = record(), epochIntervalMs = 0) {
    this.registry = new Registry([view]);
    this.epochIntervalMs = epochIntervalMs;
  }

  get group(): Group {
    return this.#group!;
  }

  get ended(): ReturnType<typeof failureOf> {
    return this.#ended!;
  }

  async begin(): Promise<this> {
    const { world, feed, registry } = this;
    const { runtime } = world;
    const { committer, client } = await world.committer();
    const frontier = await world.drive(committer.takeOver('one', NEVER));
    const start = await world.drive(client.tso.next(NEVER));
    const alarm = new Alarm();
    const router = new FeedRouter(feed, silent.metrics);
    router.run(this.stop.signal).catch(() => undefined);
    const view = compiled();
    const table = new BackingTable(new Catalog(client.snapshots, true), world.built, [1, 2]);
    this.#group = new Group({
      ...{ committer, registry, alarm, frontier, runtime, telemetry: silent },
      epochIntervalMs: this.epochIntervalMs,
      source: new EpochSource(router, 'g', start, alarm),
      foreign: new ForeignWrites(router, alarm, silent),
      circuit: buildCircuit([view.spec], start),
      history: new EpochHistory(600_000),
      edits: new PendingEdits(),
      views: [new LiveView({ id: VIEW_ID, compiled: view, table, rowIds: undefined, rows: 0n })],
      onCommitted: () => this.epochs++,
    });
    this.#ended = failureOf(this.group.run(this.stop.signal));
    return this;
  }

  /** A timestamp of now. */
  now(): Ts {
    return ts(++this.world.cluster.pd.highest);
  }

  /** The feed is complete up to now. */
  async resolve(afterMs = 20): Promise<void> {
    const at = this.now();
    for (const spanId of this.feed.spans.keys()) {
      if (spanId.startsWith('g/')) this.feed.say({ kind: 'resolved', spanId, ts: at });
    }
    await this.world.runtime.advance(afterMs);
  }

  insert(row: BaseRow): void {
    const batch = changeBatch([{ commitTs: this.now(), ...storedRow(baseTable(BASE), row) }]);
    this.feed.say({ kind: 'rows', spanId: `g/${BASE}/0`, batch });
  }

  /** The base table is gone. */
  dropBase(): void {
    const batch = changeBatch([{ commitTs: this.now(), key: tableMetaKey(3, BASE) }]);
    this.feed.say({ kind: 'rows', spanId: 'g/schema', batch });
  }

  ids(): bigint[] {
    return this.world.idsAt(this.world.cluster.pd.highest);
  }

  get view(): ViewRecord {
    return this.registry.view(VIEW_ID)!;
  }

  async end(): Promise<void> {
    this.stop.abort(new Error('enough'));
    await this.world.runtime.advance(1);
    await this.ended;
    this.world.checkSafe();
    await this.world.close();
  }
}

describe('group', function () {
  this.timeout(30_000);
  let owner: Reigning;

  afterEach(() => owner.end());

  it('writes what changed, as of the instant to which the feed is complete', async () => {
    owner = await new Reigning().begin();
    owner.insert([1, 10, 'x']);
    await owner.world.runtime.advance(50);
    expect(owner.epochs).to.equal(0);
    const waiting = owner.group.waitFor(owner.now(), NEVER);
    await owner.resolve();
    expect(owner.ids()).to.deep.equal([1n]);
    const frontier = await waiting;
    expect(frontier.epoch).to.equal(1n);
    expect(owner.world.frontier).to.deep.equal(frontier);
    expect(owner.group.views.get(VIEW_ID)?.rows).to.equal(1n);
  });

  it('commits nothing when nothing happens, but for a sign of life now and then', async () => {
    owner = await new Reigning().begin();
    for (let i = 0; i < 500; i++) await owner.resolve(50);
    expect(owner.epochs).to.equal(2);
  });

  it('begins an epoch an interval after the last began, however long that one took', async () => {
    owner = await new Reigning(record(), 20).begin();
    for (let ms = 1; ms <= 200; ms++) {
      owner.insert([ms, 10, 'x']);
      await owner.resolve(1);
    }
    // The tenth is under way. An epoch takes some milliseconds: added to the interval they would leave time for seven.
    expect(owner.epochs).to.equal(9);
  });

  it('sleeps while the feed stands still', async () => {
    owner = await new Reigning().begin();
    await owner.world.runtime.advance(60_000);
    expect(owner.epochs).to.equal(0);
    expect(owner.world.runtime.nextWakeMs()).to.be.greaterThan(100);
  });

  it('commits a change of the registry at once', async () => {
    owner = await new Reigning().begin();
    const edited = owner.group.edit([{ kind: 'putView', view: record({ name: 'w' }) }], NEVER);
    await owner.world.drive(edited);
    expect(owner.view.name).to.equal('w');
    expect(owner.epochs).to.equal(1);
  });

  it('freezes a view whose base table is gone, at the last instant at which it was right', async () => {
    owner = await new Reigning().begin();
    owner.insert([1, 10, 'x']);
    await owner.resolve();
    const { appliedTs } = owner.group.frontier;
    owner.insert([2, 20, 'x']);
    owner.dropBase();
    await owner.resolve();
    expect(owner.view).to.include({ state: 'FROZEN', appliedTs });
    expect(owner.view.lastError).to.equal('base table shop.t: the table was dropped or truncated');
    expect(owner.ids()).to.deep.equal([1n]);
    expect([...owner.feed.spans.keys()]).to.deep.equal(['g/schema']);
  });

  it('freezes a view that is published in the very epoch in which its base table goes', async () => {
    owner = await new Reigning(record({ state: 'BUILDING', replaces: 449n })).begin();
    const published = record({ state: 'READY' });
    const edits = [
      { kind: 'putView', view: published } as const,
      { kind: 'putView', view: { ...published, lastError: 'twice' } } as const,
    ];
    owner.dropBase();
    const at = owner.now();
    for (const spanId of ['g/schema', `g/${BASE}/0`]) owner.feed.say({ kind: 'resolved', spanId, ts: at });
    await owner.world.drive(owner.group.edit(edits, NEVER));
    await owner.resolve();
    expect(owner.view).to.include({ state: 'FROZEN', replaces: undefined });
  });

  it('freezes a view when the feed of its table is lost, and goes on', async () => {
    owner = await new Reigning().begin();
    owner.feed.say({ kind: 'gap', spanId: `g/${BASE}/0`, from: ts(1n), cause: LOST });
    await owner.world.runtime.advance(50);
    expect(owner.view.state).to.equal('FROZEN');
    expect(owner.view.lastError).to.contain('the store is gone');
    const { epoch } = owner.group.frontier;
    await owner.world.drive(owner.group.edit([], NEVER));
    expect(owner.group.frontier.epoch).to.equal(epoch + 1n);
  });

  it('ends its reign when the feed of the schema is lost', async () => {
    owner = await new Reigning().begin();
    owner.feed.say({ kind: 'gap', spanId: 'g/schema', from: ts(1n), cause: LOST });
    await owner.world.runtime.advance(50);
    expect(await owner.ended).to.equal(LOST);
    expect((await failureOf(owner.group.betweenEpochs(() => undefined)))?.message).to.equal(LOST.message);
  });

  it('gives a view up that somebody else has written to', async () => {
    owner = await new Reigning().begin();
    const foreign = [...owner.feed.spans.keys()].find((id) => id.startsWith('foreign/'))!;
    expect(owner.feed.spans.get(foreign)).to.include({ filterLoop: true });
    const batch = changeBatch([{ commitTs: owner.now(), key: rowKeyOf(1n), value: new Uint8Array([1]) }]);
    owner.feed.say({ kind: 'rows', spanId: foreign, batch });
    await owner.world.runtime.advance(50);
    expect(owner.view.state).to.equal('INVALID');
    expect(owner.view.lastError).to.contain('somebody else wrote to its table');
  });

  it('gives a view up whose row is not where it was left', async () => {
    owner = await new Reigning().begin();
    owner.insert([1, 10, 'x']);
    await owner.resolve();
    owner.world.plant(rowKeyOf(1n), undefined);
    const stored = storedRow(baseTable(BASE), [1, 10, 'x']);
    const batch = changeBatch([{ commitTs: owner.now(), key: stored.key, old: stored.value }]);
    owner.feed.say({ kind: 'rows', spanId: `g/${BASE}/0`, batch });
    await owner.resolve();
    expect(owner.view.state).to.equal('INVALID');
    expect(owner.group.views.size).to.equal(0);
    expect(owner.group.frontier.epoch).to.equal(2n);
  });

  it('ends when somebody else reigns', async () => {
    owner = await new Reigning().begin();
    const other = await owner.world.committer();
    await owner.world.drive(other.committer.takeOver('two', NEVER));
    owner.insert([1, 10, 'x']);
    await owner.resolve();
    expect((await owner.ended)?.kind).to.equal('deposed');
    expect(owner.ids()).to.deep.equal([]);
  });
});
