import { expect } from 'chai';
import { NO_BYTES, utf8 } from '../../../src/base/bytes.js';
import { limits } from '../../../src/base/limits.js';
import { MAX_TS, type Ts, ts } from '../../../src/codec/tso.js';
import { Guard, type TimestampSource } from '../../../src/tikv/guard.js';
import { kvMethods } from '../../../src/tikv/kv-methods.js';
import { AssertionLevel, CommitRole, Op } from '../../../src/tikv/proto-types.js';
import { failureOf } from '../../support/failure.js';

const NEVER = new AbortController().signal;

/** PD has given 1000; asked, it gives 1001, 1002, … */
class Source implements TimestampSource {
  highest: Ts = ts(1000n);
  asked = 0;

  next(): Promise<Ts> {
    this.asked++;
    this.highest = ts(this.highest + 1n);
    return Promise.resolve(this.highest);
  }
}

describe('tikv/guard', () => {
  let source: Source;
  let guard: Guard;

  beforeEach(() => {
    source = new Source();
    guard = new Guard(source);
  });

  const outcome = async (inspection: Parameters<Guard['admit']>[1]): Promise<string> =>
    (await failureOf(guard.admit('Method', inspection, NEVER)))?.name ?? 'admitted';

  it('refuses empty lists of keys: each aborts a TiKV process', async () => {
    const startVersion = ts(5n);
    const mutations = { mutations: [], primaryLock: utf8('p'), startVersion, lockTtl: 1n, txnSize: 1n };
    const empty = [
      kvMethods.prewrite.inspect({ ...mutations, minCommitTs: 6n, assertionLevel: AssertionLevel.off }),
      kvMethods.commit.inspect({
        keys: [],
        startVersion,
        commitVersion: 9n,
        commitRole: CommitRole.primary,
        primaryKey: utf8('p'),
      }),
      kvMethods.batchRollback.inspect({ keys: [], startVersion }),
      kvMethods.checkSecondaryLocks.inspect({ keys: [], startVersion }),
      kvMethods.batchGet.inspect({ keys: [], version: 5n }),
      kvMethods.pessimisticRollback.inspect({ keys: [], startVersion, forUpdateTs: MAX_TS }),
    ];
    for (const inspection of empty) expect(await outcome(inspection)).to.equal('AssertionError');
  });

  it('lets a resolve-lock pass without keys: it means the region', async () => {
    const body = { startVersion: 5n, commitVersion: 0n, keys: [] };
    expect(await outcome(kvMethods.resolveLock.inspect(body))).to.equal('admitted');
  });

  it('refuses empty and long keys, and large values', async () => {
    expect(await outcome({ keys: [NO_BYTES] })).to.equal('AssertionError');
    expect(await outcome({ keys: [new Uint8Array(limits.keyBytes)] })).to.equal('admitted');
    expect(await outcome({ keys: [new Uint8Array(limits.keyBytes + 1)] })).to.equal('AssertionError');
    expect(await outcome({ bounds: [NO_BYTES, NO_BYTES] })).to.equal('admitted');
    expect(await outcome({ bounds: [new Uint8Array(limits.keyBytes + 1)] })).to.equal('AssertionError');
    expect(await outcome({ values: [new Uint8Array(limits.valueBytes + 1)] })).to.equal('AssertionError');
  });

  it('admits what PD has given without asking', async () => {
    expect(await outcome({ timestamps: [1000n] })).to.equal('admitted');
    expect(source.asked).to.equal(0);
  });

  it('asks PD about a greater timestamp, and admits it if PD is beyond', async () => {
    expect(await outcome({ timestamps: [1001n] })).to.equal('admitted');
    expect(source.asked).to.equal(1);
  });

  it('refuses a timestamp that PD has not given', async () => {
    expect(await outcome({ timestamps: [2000n] })).to.equal('AssertionError');
    expect(await outcome({ timestampsOrMax: [2000n] })).to.equal('AssertionError');
    expect(await outcome({ timestamps: [0n] })).to.equal('AssertionError');
  });

  it('admits u64::MAX where TiKV does', async () => {
    expect(await outcome({ timestampsOrMax: [MAX_TS] })).to.equal('admitted');
    expect(await outcome({ timestamps: [MAX_TS] })).to.equal('AssertionError');
    expect(await outcome(kvMethods.get.inspect({ key: utf8('k'), version: MAX_TS }))).to.equal('admitted');
    const scan = {
      startKey: NO_BYTES,
      endKey: NO_BYTES,
      limit: 1,
      version: MAX_TS,
      keyOnly: false,
      reverse: false,
    };
    expect(await outcome(kvMethods.scan.inspect(scan))).to.equal('AssertionError');
  });

  it('admits a status check that reads nothing, but not one at a future ts', async () => {
    const body = {
      primaryKey: utf8('p'),
      lockTs: 5n,
      callerStartTs: 0n,
      currentTs: 900n,
      rollbackIfNotExist: true,
      forceSyncCommit: false,
      resolvingPessimisticLock: false,
      verifyIsPrimary: true,
    };
    expect(await outcome(kvMethods.checkTxnStatus.inspect(body))).to.equal('admitted');
    const future = kvMethods.checkTxnStatus.inspect({ ...body, callerStartTs: 5000n });
    expect(await outcome(future)).to.equal('AssertionError');
  });

  it('refuses a commit at or before its start', async () => {
    const body = {
      keys: [utf8('k')],
      startVersion: 900n,
      commitRole: CommitRole.primary,
      primaryKey: utf8('k'),
    };
    expect(await outcome(kvMethods.commit.inspect({ ...body, commitVersion: 900n }))).to.equal(
      'AssertionError',
    );
    expect(await outcome(kvMethods.commit.inspect({ ...body, commitVersion: 901n }))).to.equal('admitted');
  });

  it('looks at every key of a prewrite', async () => {
    const mutation = { op: Op.put, value: utf8('v'), assertion: 0 };
    const inspection = kvMethods.prewrite.inspect({
      mutations: [
        { ...mutation, key: utf8('a') },
        { ...mutation, key: new Uint8Array(limits.keyBytes + 1) },
      ],
      primaryLock: utf8('a'),
      startVersion: 5n,
      lockTtl: 1n,
      txnSize: 2n,
      minCommitTs: 6n,
      assertionLevel: AssertionLevel.strict,
    });
    expect(await outcome(inspection)).to.equal('AssertionError');
  });
});
