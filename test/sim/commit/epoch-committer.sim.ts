import { expect } from 'chai';
import { keyString } from '../../../src/base/bytes.js';
import { ts } from '../../../src/codec/tso.js';
import type { Frontier } from '../../../src/commit/frontier.js';
import { Op } from '../../../src/tikv/proto-types.js';
import { failureOf } from '../../support/failure.js';
import { indexJson } from '../../unit/catalog/support/table-json.js';
import { Crash, NEVER, seeds } from '../tikv/world.js';
import {
  CommitWorld,
  VIEW_ID,
  committedFrontier,
  idsAfter,
  nextEpoch,
  rowKeyOf,
  viewDelta,
  viewTableJson,
} from './commit-world.js';

describe('epoch committer', function () {
  this.timeout(60_000);
  let world: CommitWorld;

  beforeEach(() => (world = new CommitWorld(1)));
  afterEach(async () => {
    world.checkSafe();
    await world.close();
  });

  async function reigning(owner = 'one') {
    const parts = await world.committer();
    const frontier = await world.drive(parts.committer.takeOver(owner, NEVER));
    const commit = (from: Frontier, view = parts.view) => {
      return world.drive(parts.committer.commit(nextEpoch(from, view, world.cluster.pd.highest), NEVER));
    };
    return { ...parts, frontier, commit };
  }

  it('commits rows, frontier and history in one transaction', async () => {
    const { committer, frontier, commit } = await reigning();
    expect(frontier).to.include({ epoch: 0n, term: 1n, owner: 'one' });
    let last = frontier;
    for (let n = 0; n < 6; n++) last = committedFrontier(await commit(last));
    expect(last).to.deep.equal(await world.drive(committer.read(NEVER)));
    await world.runtime.advance(100);
    world.checkLaws();
    expect(world.idsAt(world.cluster.pd.highest)).to.deep.equal(idsAfter(6n));
    expect([...world.history().keys()]).to.deep.equal([1n, 2n, 3n, 4n, 5n]);
    await world.resolveAll();
  });

  it('forgets old epochs along with the next commit', async () => {
    const { committer, frontier, commit } = await reigning();
    let last = frontier;
    for (let n = 0; n < 4; n++) last = committedFrontier(await commit(last));
    committer.forget([1n, 2n]);
    last = committedFrontier(await commit(last));
    await commit(last);
    await world.runtime.advance(100);
    expect([...world.history().keys()]).to.deep.equal([3n, 4n, 5n]);
  });

  it('writes changes of the registry with the epoch', async () => {
    const { committer, frontier } = await reigning();
    const row = { group_id: 0n, epoch: 99n, applied_ts: 1n, commit_ts: 2n };
    const epoch = (from: Frontier, kind: 'put' | 'delete') => ({
      ...{ expect: from, upper: ts(world.cluster.pd.highest), views: [] },
      registry: [{ table: 'epochs' as const, kind, record: row }],
    });
    const first = committedFrontier(await world.drive(committer.commit(epoch(frontier, 'put'), NEVER)));
    await world.runtime.advance(100);
    expect(world.history().get(99n)).to.equal(2n);
    await world.drive(committer.commit(epoch(first, 'delete'), NEVER));
    await world.runtime.advance(100);
    expect(world.history().has(99n)).to.equal(false);
  });

  it('is deposed when somebody else has taken over', async () => {
    const { frontier, commit } = await reigning();
    const other = await reigning('two');
    const outcome = await commit(frontier);
    expect(outcome).to.deep.include({ kind: 'deposed', frontier: other.frontier });
    expect(world.idsAt(world.cluster.pd.highest)).to.deep.equal([]);
    committedFrontier(await other.commit(other.frontier));
  });

  it('cannot commit what it had under way when it was deposed', async () => {
    const one = await reigning();
    const two = await world.committer();
    let taken: Promise<Frontier> | undefined;
    // The owner stands still between its prewrite and its commit, for longer than anybody waits.
    world.cluster.script = (name) => {
      if (name !== 'KvCommit' || taken !== undefined) return undefined;
      taken = two.committer.takeOver('two', NEVER);
      return 'lost request';
    };
    const committing = one.committer.commit(
      nextEpoch(one.frontier, one.view, world.cluster.pd.highest),
      NEVER,
    );
    const outcome = await world.drive(committing);
    const frontier = await world.drive(taken!);
    expect(frontier.term).to.equal(2n);
    if (outcome.kind === 'deposed') expect(frontier.epoch).to.equal(0n);
    else expect(frontier.epoch).to.equal(1n);
    world.checkLaws();
  });

  it('finds out that a commit whose answer was lost has come to pass', async () => {
    const { frontier, commit } = await reigning();
    let lost = 0;
    world.cluster.script = (name) => (name === 'KvCommit' && lost++ === 0 ? 'lost reply' : undefined);
    const after = committedFrontier(await commit(frontier));
    expect(lost).to.be.greaterThan(0);
    expect(after.epoch).to.equal(1n);
    await world.runtime.advance(100);
    world.checkLaws();
    expect(world.reigns()).to.have.length(3);
  });

  it('commits again, once, when a commit was lost on its way', async () => {
    const { frontier, commit } = await reigning();
    let lost = 0;
    world.cluster.script = (name) => (name === 'KvCommit' && lost++ === 0 ? 'lost request' : undefined);
    expect(committedFrontier(await commit(frontier)).epoch).to.equal(1n);
    await world.runtime.advance(100);
    world.checkLaws();
    expect(world.reigns()).to.have.length(3);
  });

  it('rolls a stranger’s pessimistic lock on a row back', async () => {
    const { frontier, commit } = await reigning();
    world.lock(rowKeyOf(1n), Op.pessimisticLock);
    committedFrontier(await commit(frontier));
    await world.runtime.advance(100);
    world.checkLaws();
  });

  it('waits for a stranger who writes to its table, and finds the foreign row', async () => {
    const { committer, view, frontier } = await reigning();
    const startTs = world.lock(rowKeyOf(1n), Op.put);
    const epoch = nextEpoch(frontier, view, world.cluster.pd.highest);
    const committing = committer.commit(epoch, NEVER);
    committing.catch(() => undefined);
    await world.runtime.advance(3_000);
    expect(world.reigns()).to.have.length(2);
    world.cluster.mvcc.commit([rowKeyOf(1n)], startTs, ++world.cluster.pd.highest);
    const outcome = await world.drive(committing);
    expect(outcome).to.include({ kind: 'rejected', viewId: VIEW_ID });
    if (outcome.kind === 'rejected') expect(outcome.error).to.have.property('errno', 1062);
  });

  it('says when a row of the view has gone', async () => {
    const { frontier, commit, view, committer } = await reigning();
    let last = frontier;
    for (let n = 0; n < 3; n++) last = committedFrontier(await commit(last));
    await world.runtime.advance(100);
    world.plant(rowKeyOf(1n), undefined);
    const outcome = await world.drive(
      committer.commit(nextEpoch(last, view, world.cluster.pd.highest), NEVER),
    );
    if (outcome.kind !== 'rejected') throw new Error(outcome.kind);
    expect(outcome.viewId).to.equal(VIEW_ID);
    expect(outcome.error).to.have.property('errno', 1356);
  });

  it('refuses two rows of one key, and commits nothing', async () => {
    const { committer, view, frontier } = await reigning();
    const delta = viewDelta([1, 1n, 1n], [1, 1n, 2n]);
    const epoch = { expect: frontier, upper: ts(1n), views: [{ ...view, delta }], registry: [] };
    const outcome = await world.drive(committer.commit(epoch, NEVER));
    if (outcome.kind !== 'rejected') throw new Error(outcome.kind);
    expect(outcome.error).to.have.property('errno', 1062);
    expect(world.frontier).to.deep.equal(frontier);
  });

  it('follows an index that somebody adds to the table', async () => {
    const { frontier, commit } = await reigning();
    world.plantTable(viewTableJson({ index_info: [indexJson(5, 'i', [1])] }));
    committedFrontier(await commit(committedFrontier(await commit(frontier))));
    await world.runtime.advance(100);
    const entries = world.cluster.mvcc
      .keysIn(new Uint8Array([0x74]), new Uint8Array([0x75]))
      .filter((key) => Buffer.from(key).subarray(9, 11).toString() === '_i');
    expect(entries.length).to.be.greaterThan(1);
  });

  it('does not commit over a schema change that comes between', async () => {
    const { frontier, commit } = await reigning();
    let changes = 0;
    world.cluster.script = (name) => {
      if (name === 'KvPrewrite' && changes++ === 0) world.plantTable(viewTableJson({ comment: 'new' }));
      return undefined;
    };
    committedFrontier(await commit(frontier));
    expect(changes).to.be.greaterThan(1);
    const rolledBack = [...world.cluster.mvcc.writes.values()]
      .flat()
      .filter(({ kind }) => kind === 'rollback');
    expect(rolledBack.length).to.be.greaterThan(0);
    world.checkLaws();
  });

  it('asks for the table’s definition once a commit, also when it was moved', async () => {
    const { frontier, commit } = await reigning();
    let last = committedFrontier(await commit(frontier));
    world.dropTable();
    world.plantTable(viewTableJson(), 2);
    last = committedFrontier(await commit(last));
    await world.runtime.advance(100);
    world.cluster.log.length = 0;
    await commit(last);
    await world.runtime.advance(100);
    // The frontier record, and the definition: of the commit to come.
    expect(world.cluster.log.filter(({ name }) => name.endsWith('Get'))).to.have.length(2);
  });

  it('opens the next transaction ahead, but does not keep it for long', async () => {
    const { frontier, commit } = await reigning();
    let last = committedFrontier(await commit(frontier));
    for (const [idleMs, first] of [
      [100, 'KvPrewrite'],
      [2_000, 'KvGet'],
    ] as const) {
      await world.runtime.advance(idleMs);
      world.cluster.log.length = 0;
      last = committedFrontier(await commit(last));
      expect(world.cluster.log[0]?.name).to.equal(first);
    }
    await world.runtime.advance(100);
    world.checkLaws();
  });

  it('is deposed also when it had opened its transaction before', async () => {
    const one = await reigning('one');
    const frontier = committedFrontier(await one.commit(one.frontier));
    await world.runtime.advance(100);
    const two = await reigning('two');
    expect(await one.commit(frontier)).to.deep.include({ kind: 'deposed', frontier: two.frontier });
    world.checkLaws();
  });

  it('looks again before it refuses for what it has read ahead', async () => {
    const { frontier, commit } = await reigning();
    let commits = 0;
    world.cluster.script = (name) => {
      if (name === 'KvCommit' && commits++ === 0) world.dropTable();
      return undefined;
    };
    const last = committedFrontier(await commit(frontier));
    await world.runtime.advance(100);
    world.plantTable(viewTableJson());
    committedFrontier(await commit(last));
    await world.runtime.advance(100);
    world.checkLaws();
  });

  it('names views whose table is gone or cannot be written, and commits nothing', async () => {
    const { frontier, commit } = await reigning();
    world.dropTable();
    expect(await commit(frontier)).to.deep.equal({
      kind: 'broken',
      views: [{ viewId: VIEW_ID, reason: 'its table was dropped or truncated' }],
    });
    world.plantTable(viewTableJson({ pk_is_handle: 'odd' }));
    expect(await commit(frontier)).to.include({ kind: 'rejected', viewId: VIEW_ID });
    expect(world.frontier).to.deep.equal(frontier);
  });

  it('keeps the right commit ts in the history when reigns end before their first epoch', async () => {
    const one = await reigning('one');
    committedFrontier(await one.commit(one.frontier));
    await world.runtime.advance(100);
    await reigning('two');
    const three = await reigning('three');
    expect(three.frontier).to.include({ epoch: 1n, term: 3n });
    expect([...world.history().keys()]).to.deep.equal([1n]);
    committedFrontier(await three.commit(three.frontier));
    await world.runtime.advance(100);
    world.checkLaws();
  });

  it('takes over past a stranger’s lock on the record', async () => {
    world.lock(world.record.key, Op.pessimisticLock, rowKeyOf(77n));
    const { frontier } = await reigning();
    expect(frontier.term).to.equal(1n);
  });

  it('does not take over where there is no record', async () => {
    world.plant(world.record.key, undefined);
    const { committer } = await world.committer();
    expect(await world.drive(committer.read(NEVER))).to.equal(undefined);
    const error = await world.drive(failureOf(committer.takeOver('one', NEVER)));
    expect(error?.kind).to.equal('registryMissing');
  });

  it('gives up an epoch that cannot be committed for a minute', async () => {
    const { committer, view, frontier } = await reigning();
    world.lock(rowKeyOf(1n), Op.put);
    const epoch = nextEpoch(frontier, view, world.cluster.pd.highest);
    const error = await world.drive(failureOf(committer.commit(epoch, NEVER)));
    expect(error?.kind).to.equal('budget');
    expect(world.frontier).to.deep.equal(frontier);
  });
});

/** An owner that takes over, commits some epochs, and is then deposed, dies or has had enough. */
async function live(world: CommitWorld, owner: string, epochs: number, life: AbortSignal): Promise<void> {
  const { committer, view } = await world.committer(life);
  let left = epochs;
  while (left > 0 && !life.aborted) {
    let frontier = await committer.takeOver(owner, life);
    while (left-- > 0) {
      await world.runtime.sleep(world.random(40), life);
      const outcome = await committer.commit(nextEpoch(frontier, view, world.cluster.pd.highest), life);
      if (outcome.kind === 'deposed') break;
      frontier = committedFrontier(outcome);
    }
    await world.runtime.sleep(world.random(400), life);
  }
}

async function run(seed: number, loss: number): Promise<void> {
  const world = new CommitWorld(seed);
  const calm = new AbortController();
  const disturbing = world.disturb([1n, 5n, 9n].map(rowKeyOf), 50, calm.signal);
  const work: Promise<unknown>[] = [];
  for (let i = 0; i < 3; i++) {
    const life = new AbortController();
    if (i > 0) {
      work.push(world.runtime.sleep(100 + world.random(1_500), NEVER).then(() => life.abort(new Crash())));
    }
    work.push(
      live(world, `owner ${i}`, 12, life.signal).catch((error: unknown) => {
        if (!(life.signal.reason instanceof Crash)) throw error;
      }),
    );
    if (i === 0) world.cluster.faults = { lostRequest: loss, lostReply: loss, regionError: loss };
  }
  await world.drive(Promise.all(work));
  calm.abort();
  await world.drive(disturbing);
  world.cluster.faults = { lostRequest: 0, lostReply: 0, regionError: 0 };
  await world.resolveAll();
  world.checkSafe();
  world.checkLaws();
  expect(world.frontier.epoch > 0n).to.equal(true);
  const names = new Set(world.reigns().map(({ frontier }) => frontier.owner));
  expect(names.size).to.be.greaterThan(1);
  expect(world.cluster.mvcc.locks.has(keyString(world.record.key))).to.equal(false);
  await world.close();
}

describe('epochs under faults', function () {
  this.timeout(120_000);

  it('are applied once and in order when owners fight and die', async () => {
    for (const seed of seeds(3)) await run(seed, 0);
  });

  it('are applied once and in order when requests and replies are lost as well', async () => {
    for (const seed of seeds(4)) await run(seed, 0.04);
  });
});
