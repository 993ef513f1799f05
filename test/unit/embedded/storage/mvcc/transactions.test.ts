import { expect } from 'chai';
import { type KeyString, keyBytes, utf8 } from '../../../../../src/base/bytes.js';
import { MAX_TS, composeTs } from '../../../../../src/codec/tso.js';
import { commitKeys, resolveKeys, rollBackKeys } from '../../../../../src/embedded/storage/mvcc/decide.js';
import type { KeyError } from '../../../../../src/embedded/storage/mvcc/key-errors.js';
import { MvccStore, type StoreChange } from '../../../../../src/embedded/storage/mvcc/mvcc-store.js';
import { prewrite } from '../../../../../src/embedded/storage/mvcc/prewrite.js';
import { checkTxnStatus, heartBeat } from '../../../../../src/embedded/storage/mvcc/primary.js';
import { readKey, readingOf } from '../../../../../src/embedded/storage/mvcc/reads.js';
import {
  Assertion,
  AssertionLevel,
  type CheckTxnStatusRequest,
  ConflictReason,
  Op,
  TxnAction,
} from '../../../../../src/tikv/proto-types.js';

const A = 'a' as KeyString;
const B = 'b' as KeyString;

/** A store with the commands in their shortest form. A timestamp is milliseconds here. */
class Subject {
  readonly store = new MvccStore();

  prewrite(startMs: number, keys: readonly KeyString[], options: Record<string, unknown> = {}) {
    const { op = Op.put, assertion = Assertion.none, ...terms } = options as Record<string, never>;
    return this.run(() =>
      prewrite(
        this.store,
        keys.map((key) => ({ op, key: keyBytes(key), value: utf8(`v${startMs}`), assertion })),
        {
          primaryLock: keyBytes(keys[0]!),
          startVersion: at(startMs),
          lockTtl: 100n,
          txnSize: 1n,
          minCommitTs: at(startMs) + 1n,
          assertionLevel: AssertionLevel.strict,
          txnSource: 0n,
          ...terms,
        },
      ),
    ).result;
  }

  commit(startMs: number, commitMs: number, keys: readonly KeyString[]): KeyError | undefined {
    const decision = { startTs: at(startMs), commitTs: at(commitMs) };
    return this.run(() => commitKeys(this.store, keys, decision)).result;
  }

  rollBack(startMs: number, keys: readonly KeyString[]): KeyError | undefined {
    return this.run(() => rollBackKeys(this.store, keys, at(startMs))).result;
  }

  check(startMs: number, options: Partial<CheckTxnStatusRequest> = {}) {
    return this.run(() =>
      checkTxnStatus(this.store, {
        context: null,
        primaryKey: keyBytes(A),
        lockTs: at(startMs),
        callerStartTs: 0n,
        currentTs: at(startMs),
        rollbackIfNotExist: false,
        forceSyncCommit: false,
        resolvingPessimisticLock: false,
        verifyIsPrimary: true,
        ...options,
      }),
    ).result;
  }

  /** A transaction of one key, begun and committed. */
  write(startMs: number, commitMs: number, key: KeyString, op: number = Op.put): void {
    expect(this.prewrite(startMs, [key], { op })).to.deep.equal([]);
    expect(this.commit(startMs, commitMs, [key])).to.equal(undefined);
  }

  read(ms: number, key: KeyString): string | undefined {
    const found = readKey(this.store, key, readingOf(null, at(ms)));
    if (found.kind === 'locked') return 'locked';
    return found.kind === 'value' ? Buffer.from(found.value).toString() : undefined;
  }

  run<R>(command: () => R): { readonly result: R; readonly changes: readonly StoreChange[] } {
    this.store.beginCommand();
    const result = command();
    return { result, changes: this.store.takeChanges() };
  }
}

const at = (ms: number): bigint => composeTs(BigInt(ms), 0n);

describe('embedded/storage/mvcc: transactions', () => {
  let s: Subject;
  beforeEach(() => {
    s = new Subject();
  });

  it('are seen from their commit ts on, and before it not at all', () => {
    s.write(10, 20, A);
    s.write(30, 40, A, Op.del);
    s.write(50, 60, A, Op.lock);
    s.write(70, 80, A);
    expect([19, 20, 39, 40, 60, 79, 80].map((ms) => s.read(ms, A))).to.deep.equal([
      undefined,
      'v10',
      'v10',
      undefined,
      undefined,
      undefined,
      'v70',
    ]);
  });

  it('lock all of their keys or none', () => {
    s.prewrite(10, [B]);
    const [error] = s.prewrite(20, [A, B]);
    expect(error?.locked?.lockVersion).to.equal(at(10));
    expect(s.store.lockOn(A)).to.equal(undefined);
  });

  for (const [what, record] of [
    ['a put', () => s.write(20, 30, A)],
    ['a lock', () => s.write(20, 30, A, Op.lock)],
    ['a rollback', () => s.rollBack(30, [A])],
  ] as const) {
    it(`conflict with ${what} that is younger than their start`, () => {
      record();
      const [error] = s.prewrite(10, [A]);
      expect(error?.conflict?.reason).to.equal(ConflictReason.optimistic);
      expect(error?.conflict?.conflictCommitTs).to.equal(at(30));
    });
  }

  it('conflict with their own rollback, and find their lock gone', () => {
    s.rollBack(10, [A]);
    expect(s.prewrite(10, [A])[0]?.conflict?.reason).to.equal(ConflictReason.selfRolledBack);
    expect(s.commit(10, 20, [A])?.retryable).to.match(/TxnLockNotFound/);
  });

  it('may repeat each step', () => {
    expect(s.prewrite(10, [A])).to.deep.equal([]);
    expect(s.prewrite(10, [A])).to.deep.equal([]);
    expect(s.commit(10, 20, [A])).to.equal(undefined);
    expect(s.commit(10, 25, [A])).to.equal(undefined);
    expect(s.prewrite(10, [A])).to.deep.equal([]);
    expect(s.store.lockOn(A)).to.equal(undefined);
    expect(s.read(20, A)).to.equal('v10');
    s.rollBack(30, [A]);
    expect(s.rollBack(30, [A])).to.equal(undefined);
  });

  it('cannot be rolled back once committed', () => {
    s.write(10, 20, A);
    expect(s.rollBack(10, [A])?.abort).to.match(/Committed/);
  });

  it('cannot commit at or before their start', () => {
    s.prewrite(10, [A]);
    expect(s.commit(10, 10, [A])?.abort).to.match(/InvalidTxnTso/);
  });

  for (const [what, exists, options, error] of [
    ['insert what is there', true, { op: Op.insert }, 'alreadyExist'],
    ['insert what is not there', false, { op: Op.insert }, undefined],
    ['check for absence of what is there', true, { op: Op.checkNotExists }, 'alreadyExist'],
    ['assert what is there', true, { assertion: Assertion.exist }, undefined],
    ['assert what is not there', false, { assertion: Assertion.exist }, 'assertionFailed'],
    ['assert absence of what is there', true, { assertion: Assertion.notExist }, 'assertionFailed'],
    [
      'assert nothing in earnest',
      false,
      { assertion: Assertion.exist, assertionLevel: AssertionLevel.off },
      undefined,
    ],
    ['do what is not served', false, { op: Op.pessimisticLock }, 'abort'],
  ] as const) {
    it(`${error === undefined ? 'may' : 'may not'} ${what}`, () => {
      if (exists) s.write(10, 20, A);
      const [found] = s.prewrite(30, [A], options);
      expect(found === undefined ? undefined : Object.keys(found)[0]).to.equal(error);
      expect(s.store.lockOn(A) === undefined).to.equal(error !== undefined);
    });
  }

  it('leave no lock where they only check', () => {
    expect(s.prewrite(10, [A], { op: Op.checkNotExists })).to.deep.equal([]);
    expect(s.store.lockCount).to.equal(0);
  });

  describe('and readers', () => {
    it('stop at a lock that may be committed at or below their ts', () => {
      s.write(5, 6, A);
      s.prewrite(10, [A]);
      expect([9, 10, 11].map((ms) => s.read(ms, A))).to.deep.equal(['v5', 'v5', 'locked']);
    });

    it('pass locks that change nothing', () => {
      s.prewrite(10, [A], { op: Op.lock });
      expect(s.read(20, A)).to.equal(undefined);
    });

    it('pass a lock that was pushed above them, and its owner cannot commit below', () => {
      s.prewrite(10, [A]);
      const reply = s.check(10, { callerStartTs: at(20), currentTs: at(20) });
      expect(reply.action).to.equal(TxnAction.minCommitTsPushed);
      expect(s.read(20, A)).to.equal(undefined);
      expect(s.commit(10, 20, [A])?.commitTsExpired?.minCommitTs).to.equal(at(20) + 1n);
      expect(s.commit(10, 21, [A])).to.equal(undefined);
    });

    it('who know better ignore a lock or read through it', () => {
      s.write(5, 6, A);
      s.prewrite(10, [A]);
      const reading = { ts: at(20), ignored: new Set<bigint>(), readThrough: new Set<bigint>() };
      const value = (found: ReturnType<typeof readKey>): string =>
        found.kind === 'value' ? Buffer.from(found.value).toString() : found.kind;
      const ignoring = { ...reading, ignored: new Set([at(10)]) };
      const through = { ...reading, readThrough: new Set([at(10)]) };
      expect(value(readKey(s.store, A, ignoring))).to.equal('v5');
      expect(value(readKey(s.store, A, through))).to.equal('v10');
    });

    it('of the latest pass a primary', () => {
      s.prewrite(10, [A, B]);
      const latest = readingOf(null, MAX_TS);
      expect(readKey(s.store, A, latest).kind).to.equal('nothing');
      expect(readKey(s.store, B, latest).kind).to.equal('locked');
    });
  });

  describe('asked about', () => {
    it('live until their time is over, and are rolled back by the question then', () => {
      s.prewrite(10, [A, B]);
      expect(s.check(10, { currentTs: at(110) }).lockTtl).to.equal(100n);
      expect(s.check(10, { currentTs: at(111) }).action).to.equal(TxnAction.ttlExpireRollback);
      expect(s.check(10)).to.deep.equal({ action: TxnAction.none });
      expect(s.commit(10, 120, [A])?.retryable).to.match(/TxnLockNotFound/);
    });

    it('live longer after a heartbeat, never shorter', () => {
      s.prewrite(10, [A]);
      const beat = (ttl: bigint) =>
        s.run(() =>
          heartBeat(s.store, { primaryLock: keyBytes(A), startVersion: at(10), adviseLockTtl: ttl }),
        ).result;
      expect(beat(500n)).to.deep.equal({ lockTtl: 500n });
      expect(beat(200n)).to.deep.equal({ lockTtl: 500n });
      expect(s.check(10, { currentTs: at(500) }).lockTtl).to.equal(500n);
      s.rollBack(10, [A]);
      expect(beat(900n).error?.txnNotFound?.startTs).to.equal(at(10));
    });

    it('by force end at once', () => {
      s.prewrite(10, [A]);
      expect(s.check(10, { currentTs: MAX_TS }).action).to.equal(TxnAction.ttlExpireRollback);
    });

    it('that are not there are unknown, or fenced off', () => {
      expect(s.check(10).error?.txnNotFound?.startTs).to.equal(at(10));
      expect(s.check(10, { rollbackIfNotExist: true }).action).to.equal(TxnAction.lockNotExistRollback);
      expect(s.prewrite(10, [A])[0]?.conflict?.reason).to.equal(ConflictReason.selfRolledBack);
    });

    it('tell their commit ts, and when they were asked at the wrong key', () => {
      s.prewrite(10, [A, B]);
      expect(s.check(10, { primaryKey: keyBytes(B) }).error?.primaryMismatch).not.to.equal(undefined);
      s.commit(10, 20, [A]);
      expect(s.check(10)).to.deep.equal({ commitVersion: at(20) });
    });

    it('without a min commit ts cannot be pushed', () => {
      s.prewrite(10, [A], { minCommitTs: 0n });
      expect(s.check(10, { callerStartTs: at(20) }).action).to.equal(TxnAction.none);
    });
  });

  it('that are decided are resolved by others', () => {
    s.prewrite(10, [A, B]);
    s.commit(10, 20, [A]);
    const commit = { startTs: at(10), commitTs: at(20) };
    expect(s.run(() => resolveKeys(s.store, [A, B], commit)).result).to.equal(undefined);
    expect(s.read(20, B)).to.equal('v10');
    s.prewrite(30, [A, B]);
    s.run(() => resolveKeys(s.store, [A, B], { startTs: at(30), commitTs: 0n }));
    expect(s.store.lockCount).to.equal(0);
    expect(s.read(40, B)).to.equal('v10');
  });

  it('tell feeds what they change, command by command', () => {
    const kinds = (changes: readonly StoreChange[]): string[] =>
      changes.map(({ kind, key }) => `${kind} ${key}`);
    const two = [A, B];
    const prewritten = s.run(() =>
      prewrite(
        s.store,
        two.map((key) => ({ op: Op.put, key: keyBytes(key), value: utf8('v'), assertion: Assertion.none })),
        {
          primaryLock: keyBytes(A),
          startVersion: at(10),
          lockTtl: 100n,
          txnSize: 2n,
          minCommitTs: at(10) + 1n,
          assertionLevel: AssertionLevel.off,
          txnSource: 7n,
        },
      ),
    );
    expect(kinds(prewritten.changes)).to.deep.equal(['prewrite a', 'prewrite b']);
    const decided = s.run(() => rollBackKeys(s.store, two, at(10)));
    expect(kinds(decided.changes)).to.deep.equal(['rollback a', 'rollback b']);
    expect(decided.changes.map((change) => change.kind === 'rollback' && change.isProtected)).to.deep.equal([
      true,
      false,
    ]);
  });
});
