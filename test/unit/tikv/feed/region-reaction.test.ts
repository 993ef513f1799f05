import { expect } from 'chai';
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import { comparableBytes } from '../../../../src/codec/memcomparable.js';
import { busyDelayMs, missDelayMs, reactTo } from '../../../../src/tikv/feed/region-reaction.js';

describe('reactTo', () => {
  it('waits 20 to 100 ms for PD to catch up, and up to 2 s for what goes on failing', () => {
    for (let failures = 0; failures < 8; failures++) {
      expect(missDelayMs(failures, 0)).to.be.at.least(20);
      expect(missDelayMs(failures, 0.999)).to.be.at.most(100);
    }
    expect(missDelayMs(20, 0)).to.equal(1000);
    expect(missDelayMs(2000, 0.999)).to.be.at.most(2000);
    expect(busyDelayMs(0, 0)).to.equal(25);
    expect(busyDelayMs(2000, 0.999)).to.be.at.most(2000);
  });

  it('looks a region up anew when TiKV does not say where it is', () => {
    for (const error of [
      { kind: 'regionNotFound' },
      { kind: 'epochNotMatch', regions: [] },
      { kind: 'notLeader', leader: undefined },
    ] as const) {
      expect(reactTo(error, 0, 1n, 0)).to.deep.equal({
        kind: 'retry',
        correction: { kind: 'invalidate' },
        delayMs: 20,
      });
    }
  });

  it('believes what TiKV says at once the first time, and with a pause when that failed', () => {
    const leader = { peerId: 5n, storeId: 2n };
    const first = reactTo({ kind: 'notLeader', leader }, 0, 1n, 0);
    expect(first).to.deep.equal({ kind: 'retry', correction: { kind: 'setLeader', leader }, delayMs: 0 });
    expect(reactTo({ kind: 'notLeader', leader }, 1, 1n, 0)).to.deep.include({ delayMs: 40 });
  });

  it('takes the store that spoke for the leader of the regions it names', () => {
    const peers = [
      { peerId: 7n, storeId: 3n },
      { peerId: 5n, storeId: 1n },
    ];
    const encodedStart = comparableBytes(fromHex('7401'));
    const named = {
      id: 9n,
      epoch: { confVer: 1n, version: 4n },
      encodedStart,
      encodedEnd: new Uint8Array(0),
      peers,
    };
    const regions = [named, { ...named, id: 10n, peers: [] }];
    const reaction = reactTo({ kind: 'epochNotMatch', regions }, 0, 1n, 0);
    if (reaction.kind !== 'retry' || reaction.correction.kind !== 'learn') throw new Error(reaction.kind);
    const [region, ...others] = reaction.correction.regions;
    expect(others).to.deep.equal([]);
    expect([region!.id, region!.leader, toHex(region!.start), toHex(region!.end)]).to.deep.equal([
      9n,
      peers[1],
      '7401',
      '',
    ]);
  });

  it('waits for a busy server no longer than a minute', () => {
    const reaction = reactTo({ kind: 'serverIsBusy', reason: '', backoffMs: 1e9 }, 0, 1n, 0);
    expect(reaction).to.deep.include({ kind: 'retry', delayMs: 60_000 });
  });
});
