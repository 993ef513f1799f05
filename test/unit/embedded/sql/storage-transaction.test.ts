import { expect } from 'chai';
import { SqlError } from '../../../../src/base/errors.js';
import { limits } from '../../../../src/base/limits.js';
import { ts } from '../../../../src/codec/tso.js';
import { StorageTransaction } from '../../../../src/embedded/sql/storage-transaction.js';
import type { TikvCluster } from '../../../../src/tikv/client.js';

describe('embedded/sql/StorageTransaction', () => {
  // What is written is kept here until it is committed: nobody is asked.
  const cluster = { snapshots: { at: () => ({}) } } as unknown as TikvCluster;
  const key = (i: number): Uint8Array => Uint8Array.of(0x74, i);
  const errnoOf = (work: () => void): number | undefined => {
    try {
      work();
      return undefined;
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      return error.errno;
    }
  };

  it('takes no value that TiDB would not take', () => {
    const transaction = new StorageTransaction(cluster, ts(1n));
    const value = new Uint8Array(limits.embeddedEntryBytes - 2);
    expect(errnoOf(() => transaction.write(key(1), value))).equal(undefined);
    expect(errnoOf(() => transaction.write(key(1), new Uint8Array(value.length + 1)))).equal(8025);
  });

  it('is bounded as a whole, and gets room back by what is taken back', () => {
    const transaction = new StorageTransaction(cluster, ts(1n));
    const value = new Uint8Array(5 * 1024 * 1024);
    for (let i = 0; i < 18; i++) transaction.write(key(i), value);
    const saved = transaction.save();
    expect(errnoOf(() => transaction.write(key(0), value))).equal(undefined);
    expect(errnoOf(() => transaction.write(key(19), value))).equal(undefined);
    expect(errnoOf(() => transaction.write(key(20), value))).equal(8004);
    transaction.revertTo(saved);
    expect(errnoOf(() => transaction.write(key(19), value))).equal(undefined);
    transaction.write(key(19), undefined);
    expect(errnoOf(() => transaction.write(key(20), value))).equal(undefined);
  });
});
