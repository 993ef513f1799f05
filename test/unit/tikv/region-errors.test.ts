import { expect } from 'chai';
import { messageCodec } from '../../../src/tikv/proto.js';
import type { MessageInput, RegionErrorMessage } from '../../../src/tikv/proto-types.js';
import { troubleOf } from '../../../src/tikv/region-errors.js';

const codec = messageCodec<RegionErrorMessage>('errorpb.Error');
const read = (error: MessageInput<RegionErrorMessage>) => troubleOf(codec.decode(codec.encode(error)));

describe('tikv/region-errors', () => {
  const regionId = 7n;
  const cases: readonly (readonly [string, MessageInput<RegionErrorMessage>, object])[] = [
    [
      'a leader that is named',
      { notLeader: { regionId, leader: { id: 3n, storeId: 2n } } },
      { kind: 'notLeader', leader: { peerId: 3n, storeId: 2n } },
    ],
    ['a leader that is not named', { notLeader: { regionId } }, { kind: 'notLeader', leader: undefined }],
    [
      'a leader of id 0',
      { notLeader: { regionId, leader: { id: 0n } } },
      { kind: 'notLeader', leader: undefined },
    ],
    ['a merge', { epochNotMatch: {} }, { kind: 'epochNotMatch', regions: [] }],
    ['another store', { storeNotMatch: { requestStoreId: 1n } }, { kind: 'storeNotMatch' }],
    ['a busy store', { serverIsBusy: { reason: 'x' } }, { kind: 'busy', pauseMs: 0 }],
    ['a busy store with a wish', { serverIsBusy: { backoffMs: 70n } }, { kind: 'busy', pauseMs: 70 }],
    [
      'a busy store with an estimate',
      { serverIsBusy: { estimatedWaitMs: 80 } },
      { kind: 'busy', pauseMs: 80 },
    ],
    ['a full disk', { diskFull: { reason: 'x' } }, { kind: 'diskFull' }],
    ['a large entry', { raftEntryTooLarge: { regionId, entrySize: 9n } }, { kind: 'tooLarge' }],
    ['an unknown result', { undeterminedResult: { message: '?' } }, { kind: 'undetermined' }],
    ['a flashback', { FlashbackInProgress: { regionId } }, { kind: 'refused', name: 'FlashbackInProgress' }],
    ['a stale command', { staleCommand: {} }, { kind: 'notReady', name: 'staleCommand' }],
    ['a new leader', { maxTimestampNotSynced: {} }, { kind: 'notReady', name: 'maxTimestampNotSynced' }],
    ['a read index', { readIndexNotReady: { reason: '' } }, { kind: 'notReady', name: 'readIndexNotReady' }],
    ['a merging region', { proposalInMergingMode: {} }, { kind: 'notReady', name: 'proposalInMergingMode' }],
    ['a starting region', { regionNotInitialized: {} }, { kind: 'notReady', name: 'regionNotInitialized' }],
    ['a recovery', { RecoveryInProgress: {} }, { kind: 'notReady', name: 'RecoveryInProgress' }],
    ['a missing region', { regionNotFound: { regionId } }, { kind: 'gone', name: 'regionNotFound' }],
    ['a key elsewhere', { keyNotInRegion: { regionId } }, { kind: 'gone', name: 'keyNotInRegion' }],
    ['another peer', { mismatchPeerId: {} }, { kind: 'gone', name: 'mismatchPeerId' }],
    ['a witness', { isWitness: {} }, { kind: 'gone', name: 'isWitness' }],
    [
      'a cause that is newer than this client',
      { message: 'something new' },
      { kind: 'gone', name: 'unknown' },
    ],
  ];

  for (const [name, error, expected] of cases) {
    it(`understands ${name}`, () => {
      expect(read(error)).to.deep.equal(expected);
    });
  }

  it('keeps the regions of an epoch that does not match', () => {
    const trouble = read({ epochNotMatch: { currentRegions: [{ id: 5n }, { id: 6n }] } });
    expect(trouble.kind === 'epochNotMatch' && trouble.regions.map(({ id }) => id)).to.deep.equal([5n, 6n]);
  });
});
