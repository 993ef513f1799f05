import { expect } from 'chai';
import type { KeyString } from '../../../../../src/base/bytes.js';
import { GarbageCollector, keptRecords } from '../../../../../src/embedded/storage/mvcc/garbage-collector.js';
import { MvccStore } from '../../../../../src/embedded/storage/mvcc/mvcc-store.js';
import type { ChangeKind, WriteRecord } from '../../../../../src/embedded/storage/mvcc/records.js';

function record(kind: WriteRecord['kind'], commitTs: number): WriteRecord {
  const value = new Uint8Array(0);
  return {
    kind,
    startTs: BigInt(commitTs - 1),
    commitTs: BigInt(commitTs),
    value,
    txnSource: 0n,
    placedAt: 1,
    writtenAt: 2,
  };
}

describe('embedded/storage/mvcc: garbage collection', () => {
  for (const [name, history, safePoint, kept] of [
    ['keeps the newest version at or below the safe point', ['put 10', 'put 20', 'put 30'], 25, [20, 30]],
    ['keeps what is at the safe point', ['put 10', 'put 20'], 20, [20]],
    ['forgets a deletion with what it hides', ['put 10', 'delete 20'], 30, []],
    [
      'keeps a deletion above the safe point, and what is still seen below',
      ['put 10', 'delete 20'],
      15,
      [10, 20],
    ],
    ['forgets locks and rollbacks', ['put 10', 'lock 20', 'rollback 25', 'lock 40'], 30, [10, 40]],
    ['does nothing before there is a safe point', ['put 10', 'put 20'], 0, [10, 20]],
  ] as const) {
    it(name, () => {
      const records = history.map((text) => {
        const [kind, commitTs] = text.split(' ');
        return record(kind as WriteRecord['kind'], Number(commitTs));
      });
      expect(keptRecords(records, BigInt(safePoint)).map(({ commitTs }) => Number(commitTs))).to.deep.equal(
        kept,
      );
    });
  }

  it('visits keys that have garbage, some at a time', () => {
    const store = new MvccStore();
    const write = (key: KeyString, kind: ChangeKind, startTs: bigint): void => {
      store.beginCommand();
      store.placeLock(key, {
        kind,
        startTs,
        primary: new Uint8Array(0),
        value: new Uint8Array(1),
        ttlMs: 0n,
        txnSize: 1n,
        minCommitTs: 0n,
        txnSource: 0n,
      });
      store.commitLock(key, startTs + 1n);
      store.takeChanges();
    };
    for (let i = 0; i < 100; i++) write(`k${i}` as KeyString, 'put', 10n);
    for (let i = 0; i < 30; i++) write(`k${i}` as KeyString, i % 3 === 0 ? 'delete' : 'put', 20n);
    const collector = new GarbageCollector(store);
    collector.collectBelow(50n);
    let steps = 0;
    for (; collector.isBusy; steps++) collector.work(10);
    expect(steps).to.equal(4);
    expect(store.keyCount).to.equal(90);
    expect(store.historyOf('k1' as KeyString)).to.have.length(1);
    expect([...store.untidyKeys()]).to.deep.equal([]);
    collector.collectBelow(50n);
    expect(collector.isBusy).to.equal(false);
  });
});
