import { expect } from 'chai';
import { StoppedError } from '../../../src/base/runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import { ts } from '../../../src/codec/tso.js';
import { BackingTable } from '../../../src/commit/backing-table.js';
import { type BuildRecord, buildOfRecord, buildToRecord } from '../../../src/commit/build-record.js';
import { BuildWriter } from '../../../src/commit/build-writer.js';
import { Op } from '../../../src/tikv/proto-types.js';
import { failureOf } from '../../support/failure.js';
import { NEVER } from '../tikv/world.js';
import { CommitWorld, rowKeyOf, viewDelta } from './commit-world.js';

const BUILD: BuildRecord = {
  ...{ viewId: 450n, attempt: 1n, term: 1n, phase: 'scan', tableId: 100, tableName: 'build_450_1' },
  ...{ snapshotTs: ts(5n), appliedTs: ts(0n), rowsWritten: 0n },
};

describe('build writer', function () {
  this.timeout(30_000);
  let world: CommitWorld;

  beforeEach(() => (world = new CommitWorld(1)));
  afterEach(async () => {
    world.checkSafe();
    await world.close();
  });

  /** Registers a build as it is, past everybody. */
  function register(build: BuildRecord | undefined): void {
    const { builds } = world.tables;
    const { key, value } = builds.encode(buildToRecord(build ?? BUILD));
    world.plant(key, build === undefined ? undefined : value);
  }

  function registered(): BuildRecord {
    const { builds } = world.tables;
    const key = builds.keyOf({ id: 450n });
    const write = world.cluster.mvcc.committedAt(key, world.cluster.pd.highest);
    return buildOfRecord(builds.decode(key, write!.value));
  }

  async function writer(build = BUILD): Promise<BuildWriter> {
    const client = await world.connect();
    const parts = { cluster: client, runtime: world.runtime, telemetry: silent };
    const table = new BackingTable(new Catalog(client.snapshots, true), world.built, [1, 2]);
    return new BuildWriter(parts, world.tables.builds, table, build);
  }

  const ids = (): bigint[] => world.idsAt(world.cluster.pd.highest);

  it('commits rows and progress together', async () => {
    register(BUILD);
    const subject = await writer();
    await world.drive(
      subject.write({ delta: viewDelta([1, 1n, 1n], [1, 2n, 2n]) }, { rowsWritten: 2n }, NEVER),
    );
    await world.drive(subject.write(undefined, { phase: 'catchUp', appliedTs: ts(9n) }, NEVER));
    await world.drive(subject.finished());
    expect(ids()).to.deep.equal([1n, 2n]);
    const expected = { ...BUILD, phase: 'catchUp', appliedTs: 9n, rowsWritten: 2n };
    expect(registered()).to.deep.equal(expected);
    expect(subject.build).to.deep.equal(expected);
  });

  it('can write nothing when another attempt, or another term, has taken its place, or none', async () => {
    for (const now of [{ ...BUILD, attempt: 2n }, { ...BUILD, term: 2n }, undefined]) {
      register(now);
      const subject = await writer();
      const batch = { delta: viewDelta([1, 1n, 1n]) };
      const error = await world.drive(failureOf(subject.write(batch, {}, NEVER)));
      expect(error?.kind).to.equal('buildSuperseded');
    }
    expect(ids()).to.deep.equal([]);
  });

  it('cannot commit a batch that was under way when it was fenced', async () => {
    register(BUILD);
    const subject = await writer();
    let isFenced = false;
    world.cluster.script = (name) => {
      if (name !== 'KvPrewrite' || isFenced) return undefined;
      isFenced = true;
      register({ ...BUILD, term: 2n });
      return undefined;
    };
    const batch = { delta: viewDelta([1, 1n, 1n]) };
    const error = await world.drive(failureOf(subject.write(batch, {}, NEVER)));
    expect(error?.kind).to.equal('buildSuperseded');
    expect(ids()).to.deep.equal([]);
  });

  it('is fenced by a takeover, also when it stands still between prewrite and commit', async () => {
    const build = { ...BUILD, term: 0n };
    register(build);
    const subject = await writer(build);
    const { committer } = await world.committer();
    let taken: Promise<unknown> | undefined;
    world.cluster.script = (name) => {
      if (name !== 'KvCommit' || taken !== undefined) return undefined;
      taken = committer.takeOver('two', NEVER);
      return 'lost request';
    };
    const batch = { delta: viewDelta([1, 1n, 1n]) };
    const error = await world.drive(failureOf(subject.write(batch, { rowsWritten: 1n }, NEVER)));
    await world.drive(taken!);
    // It was decided before the takeover, or never.
    if (error === undefined) expect(ids()).to.deep.equal([1n]);
    else expect([error.kind, ids()]).to.deep.equal(['buildSuperseded', []]);
    expect(registered().term).to.equal(1n);
    const late = await world.drive(failureOf(subject.write({ delta: viewDelta([1, 9n, 9n]) }, {}, NEVER)));
    expect(late?.kind).to.equal('buildSuperseded');
  });

  it('leaves no lock alive when it is aborted, at whatever moment', async () => {
    register(BUILD);
    for (let afterMs = 0; afterMs <= 40; afterMs++) {
      const subject = await writer();
      const life = new AbortController();
      const aborted = world.runtime.sleep(afterMs, NEVER).then(() => life.abort(new StoppedError()));
      const batch = { delta: viewDelta([1, BigInt(afterMs), 1n]) };
      await world.drive(subject.write(batch, {}, life.signal).catch(() => undefined));
      await world.drive(aborted);
      const next = await writer();
      const startedMs = world.runtime.monotonicMs();
      await world.drive(next.write(undefined, { rowsWritten: BigInt(afterMs) }, NEVER));
      expect(world.runtime.monotonicMs() - startedMs, `after ${afterMs} ms`).to.be.below(1_000);
    }
  });

  it('says that two rows have one key', async () => {
    register(BUILD);
    const subject = await writer();
    await world.drive(subject.write({ delta: viewDelta([1, 1n, 1n]) }, {}, NEVER));
    for (const delta of [viewDelta([1, 1n, 5n]), viewDelta([1, 2n, 2n], [1, 2n, 3n])]) {
      const error = await world.drive(failureOf(subject.write({ delta }, {}, NEVER)));
      expect(error).to.have.property('errno', 1062);
    }
  });

  it('ends when its table is gone', async () => {
    register(BUILD);
    world.dropTable();
    const subject = await writer();
    const error = await world.drive(failureOf(subject.write({ delta: viewDelta([1, 1n, 1n]) }, {}, NEVER)));
    expect(error?.kind).to.equal('buildTableGone');
  });

  it('survives lost answers and a stranger’s lock', async () => {
    register(BUILD);
    const subject = await writer();
    world.lock(rowKeyOf(1n), Op.pessimisticLock);
    let lost = 0;
    world.cluster.script = (name) => (name === 'KvCommit' && lost++ === 0 ? 'lost reply' : undefined);
    await world.drive(subject.write({ delta: viewDelta([1, 1n, 1n]) }, { rowsWritten: 1n }, NEVER));
    await world.drive(subject.finished());
    expect(ids()).to.deep.equal([1n]);
    expect(registered().rowsWritten).to.equal(1n);
  });
});
