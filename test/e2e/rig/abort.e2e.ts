import { expect } from 'chai';
import { composeTs, MAX_TS, physicalMs, type Ts } from '../../../src/codec/tso.js';
import { startRig } from '../../support/rig.js';
import { type Fields, type Region, TestClient } from './client.js';

const KEY = Buffer.from('t-key');

/** Sends one request to a rig without TiDB; how the rig ended, or undefined if it still answers. */
async function fate(
  send: (client: TestClient, region: Region, now: Ts) => Promise<unknown>,
): Promise<{ code: number | null; stderr: string } | undefined> {
  await using rig = await startRig({ tidb: false });
  const client = new TestClient(rig);
  try {
    const region = await client.regionOf(KEY);
    const outcome = await Promise.race([
      send(client, region, await rig.tso()).then(
        () => 'answered',
        () => 'failed',
      ),
      rig.exited,
    ]);
    return outcome === 'answered' ? undefined : await rig.exited;
  } finally {
    client.close();
  }
}

describe('rig: §12.10, what aborts TiKV for everybody ends the rig', function () {
  this.timeout(60_000);

  const later = (now: Ts, ms: bigint): Ts => composeTs(physicalMs(now) + ms, 0n);
  const cases: Record<string, { method: string; fields: (now: Ts) => Fields; says: string | undefined }> = {
    'a prewrite without mutations': {
      method: 'KvPrewrite',
      fields: (now) => ({ startVersion: now, primaryLock: KEY }),
      says: 'KvPrewrite with no keys',
    },
    'a commit without keys': {
      method: 'KvCommit',
      fields: (now) => ({ startVersion: now, commitVersion: now + 1n }),
      says: 'KvCommit with no keys',
    },
    'a rollback without keys': {
      method: 'KvBatchRollback',
      fields: (now) => ({ startVersion: now }),
      says: 'KvBatchRollback with no keys',
    },
    'a check of no secondary locks': {
      method: 'KvCheckSecondaryLocks',
      fields: (now) => ({ startVersion: now }),
      says: 'KvCheckSecondaryLocks with no keys',
    },
    'a read ten minutes ahead': {
      method: 'KvGet',
      fields: (now) => ({ key: KEY, version: later(now, 600_000n) }),
      says: 'KvGet with version',
    },
    'a scan ten minutes ahead': {
      method: 'KvScan',
      fields: (now) => ({ startKey: KEY, limit: 1, version: later(now, 600_000n) }),
      says: 'KvScan with version',
    },
    'a coprocessor request ten minutes ahead': {
      method: 'Coprocessor',
      fields: (now) => ({ tp: 103n, startTs: later(now, 600_000n) }),
      says: 'Coprocessor with start_ts',
    },
    'a status check with current_ts a second ahead': {
      method: 'KvCheckTxnStatus',
      fields: (now) => ({ primaryKey: KEY, lockTs: now, currentTs: later(now, 1000n) }),
      says: 'KvCheckTxnStatus with current_ts',
    },
    'a status check with caller_start_ts a second ahead': {
      method: 'KvCheckTxnStatus',
      fields: (now) => ({ primaryKey: KEY, lockTs: now, callerStartTs: later(now, 1000n) }),
      says: 'KvCheckTxnStatus with caller_start_ts',
    },
    'a read fifty seconds ahead': {
      method: 'KvGet',
      fields: (now) => ({ key: KEY, version: later(now, 50_000n) }),
      says: undefined,
    },
    'a read of the latest version': {
      method: 'KvGet',
      fields: () => ({ key: KEY, version: MAX_TS }),
      says: undefined,
    },
    'a status check with the greatest timestamps': {
      method: 'KvCheckTxnStatus',
      fields: (now) => ({ primaryKey: KEY, lockTs: now, callerStartTs: MAX_TS, currentTs: MAX_TS }),
      says: undefined,
    },
  };
  for (const [name, { method, fields, says }] of Object.entries(cases)) {
    it(`${name}: ${says === undefined ? 'harmless' : 'abort'}`, async () => {
      const exit = await fate((client, region, now) => client.kv(method, region, fields(now)));
      if (says === undefined) {
        expect(exit).to.equal(undefined);
      } else {
        expect(exit?.code).to.equal(134);
        expect(exit?.stderr).to.contain(`rig: TiKV would abort: ${says}`);
      }
    });
  }
});
