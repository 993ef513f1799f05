import { expect } from 'chai';
import { fromUtf8, keyString, toHex, utf8 } from '../../../src/base/bytes.js';
import { limits } from '../../../src/base/limits.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import type {
  BatchRollbackRequest,
  CommitRequest,
  PrewriteRequest,
  TxnHeartBeatRequest,
} from '../../../src/tikv/proto-types.js';
import type { Transaction } from '../../../src/tikv/transaction.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { failureOf } from '../../support/failure.js';
import { NEVER, World, key } from '../../sim/tikv/world.js';

describe('tikv/transaction', () => {
  let world: World;
  let client: TikvCluster;

  beforeEach(async () => {
    world = new World(1);
    client = await world.connect();
  });
  afterEach(async () => {
    await world.close();
    world.checkSafe();
  });

  const put = (i: number, value = `v${i}`): Mutation => ({ kind: 'put', key: key(i), value: utf8(value) });

  async function begin(mutations: readonly Mutation[], primary = mutations[0]!.key): Promise<Transaction> {
    const startTs = await world.drive(client.tso.next(NEVER));
    return client.transactions.begin({ startTs, primary, mutations, txnSource: 9 });
  }

  async function prewritten(mutations: readonly Mutation[]): Promise<Transaction> {
    const txn = await begin(mutations);
    expect(await world.drive(txn.prewrite(0, NEVER))).to.deep.equal({ kind: 'ok' });
    return txn;
  }

  async function write(...mutations: readonly Mutation[]): Promise<bigint> {
    const txn = await prewritten(mutations);
    const outcome = await world.drive(txn.commitPrimary(NEVER));
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    await world.drive(txn.commitSecondaries(NEVER));
    return outcome.commitTs;
  }

  const sent = <Q>(name: string): Q[] =>
    world.cluster.log.filter((entry) => entry.name === name).map(({ request }) => request as Q);
  const stored = (i: number): string | undefined => {
    const write = world.cluster.mvcc.committedAt(key(i), world.cluster.pd.highest);
    return write?.kind === 'put' ? fromUtf8(write.value) : undefined;
  };

  it('prewrites the primary’s batch before all others', async () => {
    world.cluster.regions.split(key(50));
    world.cluster.regions.split(key(100));
    const txn = await begin(
      Array.from({ length: 150 }, (_, i) => put(i)),
      key(70),
    );
    await world.drive(txn.prewrite(0, NEVER));
    const [first, ...others] = sent<PrewriteRequest>('KvPrewrite');
    const keys = (request: PrewriteRequest): string[] => request.mutations.map((m) => toHex(m.key));
    expect(keys(first!)).to.include(toHex(key(70)));
    expect(others.some((request) => keys(request).includes(toHex(key(70))))).to.equal(false);
    await world.drive(txn.rollback(NEVER));
  });

  it('sends small batches, no more than allowed at a time, and no key twice', async () => {
    const mutations = Array.from({ length: 2600 }, (_, i) => put(i, 'x'.repeat(600)));
    await write(...mutations);
    const prewrites = sent<PrewriteRequest>('KvPrewrite');
    for (const { mutations: some } of prewrites) {
      const bytes = some.reduce((sum, m) => sum + m.key.length + m.value.length, 0);
      expect(bytes).to.be.at.most(limits.prewriteBytesPerRpc);
    }
    const commits = sent<CommitRequest>('KvCommit');
    expect(commits[0]!.keys.map(toHex)).to.deep.equal([toHex(key(0))]);
    for (const { keys } of commits) expect(keys.length).to.be.within(1, limits.commitKeysPerRpc);
    expect(commits.reduce((sum, { keys }) => sum + keys.length, 0)).to.equal(2600);
    expect(prewrites.reduce((sum, q) => sum + q.mutations.length, 0)).to.equal(2600);
    expect(world.cluster.inFlightMax).to.equal(limits.transactionRpcsInFlight);
  });

  it('marks its requests with its source and its origin, and makes its locks pushable', async () => {
    await write(put(1), put(2));
    for (const name of ['KvPrewrite', 'KvCommit']) {
      for (const { context } of sent<PrewriteRequest>(name)) {
        expect(context!.txnSource).to.equal(9n);
        expect(context!.requestOrigin).to.equal(1);
        expect(context!.requestSource).to.equal('tiview');
      }
    }
    const [prewrite] = sent<PrewriteRequest>('KvPrewrite');
    expect(prewrite!.minCommitTs).to.equal(prewrite!.startVersion + 1n);
    expect(prewrite!.txnSize).to.equal(2n);
  });

  it('gives its locks a life that counts from now, not from its start', async () => {
    const txn = await begin([put(1)]);
    await world.runtime.advance(5000);
    await world.drive(txn.prewrite(0, NEVER));
    const [prewrite] = sent<PrewriteRequest>('KvPrewrite');
    expect(Number(prewrite!.lockTtl)).to.be.within(8000, 8100);
    await world.drive(txn.rollback(NEVER));
  });

  it('commits nothing but its primary when it has no other key', async () => {
    await write(put(1));
    expect(sent<CommitRequest>('KvCommit')).to.have.length(1);
  });

  it('halves a batch that is too large for a raft entry, and names a mutation that is', async () => {
    world.cluster.script = (name, request) => {
      if (name !== 'KvPrewrite' || (request as PrewriteRequest).mutations.length <= 2) return undefined;
      return { regionError: { message: 'too large', raftEntryTooLarge: { regionId: 1n, entrySize: 9n } } };
    };
    await write(...[1, 2, 3, 4, 5].map((i) => put(i)));
    expect([1, 2, 3, 4, 5].map(stored)).to.deep.equal(['v1', 'v2', 'v3', 'v4', 'v5']);
    world.cluster.script = (name) =>
      name === 'KvPrewrite' ? { regionError: { raftEntryTooLarge: { regionId: 1n } } } : undefined;
    const txn = await begin([put(7)]);
    expect((await world.drive(txn.prewrite(0, NEVER))).kind).to.equal('tooLarge');
    await world.drive(txn.rollback(NEVER));
  });

  it('takes a newer commit ts when a reader has pushed its lock above the one it had', async () => {
    const txn = await prewritten([put(1), put(2)]);
    let pushes = 0;
    world.cluster.script = (name, request) => {
      if (name !== 'KvCommit' || pushes === 2) return undefined;
      // A reader comes between the drawing of the commit ts and its use.
      pushes++;
      const { commitVersion } = request as CommitRequest;
      world.cluster.mvcc.locks.get(keyString(key(1)))!.minCommitTs = commitVersion + 1n;
      return undefined;
    };
    const outcome = await world.drive(txn.commitPrimary(NEVER));
    const tried = sent<CommitRequest>('KvCommit').map(({ commitVersion }) => commitVersion);
    expect(tried).to.have.length(3);
    expect(outcome).to.deep.equal({ kind: 'committed', commitTs: tried[2] });
    expect(tried[2]! > tried[1]! && tried[1]! > tried[0]!).to.equal(true);
  });

  it('keeps readers out of nobody’s way: they pass its locks and see what was before', async () => {
    await write(put(1, 'old'), put(2, 'old'));
    const txn = await prewritten([put(1, 'new'), put(2, 'new')]);
    const readTs = await world.drive(client.tso.next(NEVER));
    expect(fromUtf8((await world.drive(client.snapshots.get(key(2), readTs, NEVER)))!)).to.equal('old');
    const outcome = await world.drive(txn.commitPrimary(NEVER));
    expect(outcome.kind === 'committed' && outcome.commitTs > readTs).to.equal(true);
    await world.drive(txn.commitSecondaries(NEVER));
    expect(fromUtf8((await world.drive(client.snapshots.get(key(2), readTs, NEVER)))!)).to.equal('old');
  });

  it('is fenced off by a question about it, before it has written anything', async () => {
    const txn = await begin([put(1)]);
    const status = await world.drive(client.transactions.checkStatus(txn.ref, { force: false }, NEVER));
    expect(status).to.deep.equal({ kind: 'rolledBack' });
    const outcome = await world.drive(txn.prewrite(0, NEVER));
    expect(outcome.kind === 'conflict' && outcome.reason).to.equal('selfRolledBack');
    await world.drive(txn.rollback(NEVER));
  });

  it('calls a lost reply undetermined and asks nothing again by itself', async () => {
    const txn = await prewritten([put(1)]);
    world.cluster.script = (name) => (name === 'KvCommit' ? 'lost reply' : undefined);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('undetermined');
    expect(sent('KvCommit')).to.have.length(1);
    expect(txn.isUndetermined).to.equal(true);
    expect((await world.drive(failureOf(txn.rollback(NEVER))))?.name).to.equal('AssertionError');
    const settled = await world.drive(txn.settle({ force: true, patienceMs: 0 }, NEVER));
    const [{ commitVersion }] = sent<CommitRequest>('KvCommit') as [CommitRequest];
    expect(settled).to.deep.equal({ kind: 'committed', commitTs: commitVersion });
    expect(stored(1)).to.equal('v1');
  });

  it('settles a lost request as rolled back, at the latest when its time is over', async () => {
    const txn = await prewritten([put(1)]);
    world.cluster.script = (name) => (name === 'KvCommit' ? 'lost request' : undefined);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('undetermined');
    expect((await world.drive(txn.settle({ force: false, patienceMs: 0 }, NEVER))).kind).to.equal('alive');
    expect(await world.drive(txn.settle({ force: false, patienceMs: 10_000 }, NEVER))).to.deep.equal({
      kind: 'rolledBack',
    });
    expect(stored(1)).to.equal(undefined);
  });

  it('calls an undetermined result of the store undetermined too', async () => {
    const txn = await prewritten([put(1)]);
    const error = { message: 'raft timeout', undeterminedResult: { message: 'raft timeout' } };
    world.cluster.script = (name) => (name === 'KvCommit' ? { regionError: error } : undefined);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('undetermined');
    expect(sent('KvCommit')).to.have.length(1);
  });

  it('is undetermined when it is aborted while its commit is under way, and not before', async () => {
    const txn = await prewritten([put(1)]);
    const controller = new AbortController();
    world.cluster.script = (name) => {
      if (name === 'KvCommit') controller.abort(new Error('enough'));
      return undefined;
    };
    const failure = await world.drive(failureOf(txn.commitPrimary(controller.signal)));
    expect(failure?.message).to.equal('enough');
    expect(txn.isUndetermined).to.equal(true);
    expect((await world.drive(txn.settle({ force: true, patienceMs: 0 }, NEVER))).kind).to.equal('committed');

    const other = await prewritten([put(2)]);
    const early = AbortSignal.abort(new Error('early'));
    expect((await failureOf(other.commitPrimary(early)))?.message).to.equal('early');
    expect(other.isUndetermined).to.equal(false);
    await world.drive(other.rollback(NEVER));
  });

  it('is undetermined when its region did not serve it for the whole of its budget', async () => {
    const txn = await prewritten([put(1)]);
    world.cluster.script = (name) =>
      name === 'KvCommit' ? { regionError: { staleCommand: {} } } : undefined;
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('undetermined');
    world.cluster.script = () => undefined;
    expect((await world.drive(txn.settle({ force: true, patienceMs: 0 }, NEVER))).kind).to.equal(
      'rolledBack',
    );
  });

  it('asks what became of it when its lock is gone', async () => {
    const txn = await prewritten([put(1)]);
    await world.drive(client.transactions.settle(txn.ref, { force: true, patienceMs: 0 }, NEVER));
    expect(await world.drive(txn.commitPrimary(NEVER))).to.deep.equal({ kind: 'rolledBack' });

    // Somebody has committed it in our name: what counts is the ts on record.
    const other = await prewritten([put(2)]);
    const commitTs = await world.drive(client.tso.next(NEVER));
    world.cluster.script = (name) => {
      if (name !== 'KvCommit') return undefined;
      world.cluster.mvcc.commit([key(2)], other.ref.startTs, commitTs);
      return { error: { txnLockNotFound: { key: key(2) } } };
    };
    expect(await world.drive(other.commitPrimary(NEVER))).to.deep.equal({ kind: 'committed', commitTs });
  });

  it('counts the secondaries that did not get through, and leaves them to whoever meets them', async () => {
    world.cluster.regions.split(key(2));
    const txn = await prewritten([put(1), put(2), put(3)]);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('committed');
    world.cluster.script = (name) => (name === 'KvCommit' ? 'lost request' : undefined);
    expect(await world.drive(txn.commitSecondaries(NEVER))).to.equal(2);
    world.cluster.script = () => undefined;
    const now = await world.drive(client.tso.next(NEVER));
    expect(fromUtf8((await world.drive(client.snapshots.get(key(3), now, NEVER)))!)).to.equal('v3');
  });

  it('answers each kind of refusal with its own outcome', async () => {
    await write(put(1));
    const conflict = await begin([put(1, 'late')]);
    await write(put(1, 'newer'));
    expect((await world.drive(conflict.prewrite(0, NEVER))).kind).to.equal('conflict');
    await world.drive(conflict.rollback(NEVER));

    const absent = await begin([{ kind: 'put', key: key(1), value: utf8('x'), assert: 'notExist' }]);
    expect((await world.drive(absent.prewrite(0, NEVER))).kind).to.equal('assertionFailed');
    await world.drive(absent.rollback(NEVER));

    const holder = await prewritten([put(5)]);
    const waiting = await begin([put(5, 'mine')]);
    const startedMs = world.runtime.monotonicMs();
    const locked = await world.drive(waiting.prewrite(500, NEVER));
    expect(locked.kind === 'locked' && locked.lock.lockVersion).to.equal(holder.ref.startTs);
    expect(world.runtime.monotonicMs() - startedMs).to.be.within(400, 1000);
    await world.drive(waiting.rollback(NEVER));
    await world.drive(holder.rollback(NEVER));

    world.cluster.script = (name) => (name === 'KvPrewrite' ? { errors: [{ abort: 'because' }] } : undefined);
    const refused = await begin([put(6)]);
    const outcome = await world.drive(refused.prewrite(0, NEVER));
    expect(outcome.kind === 'rejected' && outcome.error.message).to.include('because');
    await world.drive(refused.rollback(NEVER));
  });

  it('waits for a dead transaction’s lock no longer than its life', async () => {
    const startTs = await world.drive(client.tso.next(NEVER));
    const dead = client.transactions.begin({
      startTs,
      primary: key(1),
      mutations: [put(1)],
      txnSource: 0,
      lockTtlMs: 50,
    });
    await world.drive(dead.prewrite(0, NEVER));
    await world.drive(dead[Symbol.asyncDispose]());
    await world.runtime.advance(100);
    const txn = await prewritten([put(1, 'after')]);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('committed');
    expect(stored(1)).to.equal('after');
  });

  it('rolls back what it has tried to lock, and nothing else', async () => {
    world.cluster.regions.split(key(2));
    world.cluster.script = (name, request) =>
      name === 'KvPrewrite' &&
      (request as PrewriteRequest).mutations.some((m) => toHex(m.key) === toHex(key(1)))
        ? { errors: [{ abort: 'no' }] }
        : undefined;
    const txn = await begin([put(1), put(2)]);
    expect((await world.drive(txn.prewrite(0, NEVER))).kind).to.equal('rejected');
    await world.drive(txn.rollback(NEVER));
    // The other batch had not been sent: the primary’s came first, and failed.
    const keys = sent<BatchRollbackRequest>('KvBatchRollback').flatMap((q) => q.keys.map(toHex));
    expect(keys).to.deep.equal([toHex(key(1))]);
    const untouched = await begin([put(8)]);
    await world.drive(untouched.rollback(NEVER));
    expect(sent('KvBatchRollback')).to.have.length(1);
  });

  it('beats every second while it is open, and not after', async () => {
    const txn = await prewritten([put(1)]);
    await world.runtime.advance(3500);
    const beats = sent<TxnHeartBeatRequest>('KvTxnHeartBeat');
    expect(beats).to.have.length(3);
    expect(Number(beats[2]!.adviseLockTtl)).to.be.within(5900, 6300);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('committed');
    await world.runtime.advance(5000);
    expect(sent('KvTxnHeartBeat')).to.have.length(3);
  });

  it('stops beating when it is abandoned', async () => {
    const txn = await prewritten([put(1)]);
    await world.drive(txn[Symbol.asyncDispose]());
    await world.runtime.advance(5000);
    expect(sent('KvTxnHeartBeat')).to.have.length(0);
  });

  it('learns by a beat that its lock is gone', async () => {
    const txn = await prewritten([put(1)]);
    expect(txn.lockGone.aborted).to.equal(false);
    await world.drive(client.transactions.settle(txn.ref, { force: true, patienceMs: 0 }, NEVER));
    await world.runtime.advance(1500);
    expect(txn.lockGone.aborted).to.equal(true);
    expect((txn.lockGone.reason as Error).name).to.equal('LockGoneError');
  });

  it('misses a beat without harm', async () => {
    const txn = await prewritten([put(1)]);
    world.cluster.script = (name) => (name === 'KvTxnHeartBeat' ? 'lost request' : undefined);
    await world.runtime.advance(1500);
    world.cluster.script = () => undefined;
    expect(txn.lockGone.aborted).to.equal(false);
    expect((await world.drive(txn.commitPrimary(NEVER))).kind).to.equal('committed');
  });

  it('refuses what makes no sense', async () => {
    const startTs = await world.drive(client.tso.next(NEVER));
    const spec = { startTs, primary: key(1), txnSource: 0 };
    const attempts: (() => unknown)[] = [
      () => client.transactions.begin({ ...spec, mutations: [] }),
      () => client.transactions.begin({ ...spec, mutations: [put(2)] }),
      () => client.transactions.begin({ ...spec, mutations: [put(1), put(1, 'twice')] }),
      () => client.transactions.begin({ ...spec, mutations: [put(1, '')] }),
      () => client.transactions.begin({ ...spec, mutations: [put(1)], txnSource: 256 }),
    ];
    for (const attempt of attempts) expect(attempt).to.throw().with.property('name', 'AssertionError');
    const txn = client.transactions.begin({ ...spec, mutations: [put(1)] });
    const names = [
      txn.commitPrimary(NEVER),
      txn.commitSecondaries(NEVER),
      txn.settle({ force: true, patienceMs: 0 }, NEVER),
    ];
    for (const early of names) expect((await failureOf(early))?.name).to.equal('AssertionError');
  });
});
