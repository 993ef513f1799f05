/** Reads of keys and ranges at a timestamp, as requests and replies. */
import { kvMethods } from '../../../tikv/kv-methods.js';
import type {
  GetRequest,
  GetResponse,
  MessageInput,
  PairsResponse,
  ScanRequest,
} from '../../../tikv/proto-types.js';
import { lockedError } from '../mvcc/key-errors.js';
import type { MvccStore } from '../mvcc/mvcc-store.js';
import { readKey, readKeys, readingOf } from '../mvcc/reads.js';
import { type StoreRegion, lesserBound, rawKey } from '../regions/store-region.js';
import { type RegionMethod, regionMethod } from './region-method.js';
import { type GivenTimestamps, checkReadTs } from './ts-check.js';

/** KvGet, KvBatchGet, KvScan. */
export function readMethods(mvcc: MvccStore, given: GivenTimestamps): readonly RegionMethod[] {
  return [
    regionMethod(
      kvMethods.get,
      (q) => [q.key],
      (q) => get(mvcc, given, q),
    ),
    regionMethod(
      kvMethods.batchGet,
      (q) => q.keys,
      (q) => {
        checkReadTs(given, 'KvBatchGet', q.version);
        const reading = readingOf(q.context, q.version);
        return { pairs: readKeys(mvcc, q.keys.map(rawKey), reading, { pairs: Infinity, keysOnly: false }) };
      },
    ),
    regionMethod(
      kvMethods.scan,
      (q) => [q.startKey],
      (q, region) => scan(mvcc, given, q, region),
    ),
  ];
}

function get(mvcc: MvccStore, given: GivenTimestamps, request: GetRequest): MessageInput<GetResponse> {
  checkReadTs(given, 'KvGet', request.version);
  const key = rawKey(request.key);
  const found = readKey(mvcc, key, readingOf(request.context, request.version));
  switch (found.kind) {
    case 'value':
      return { value: found.value };
    case 'nothing':
      return { notFound: true };
    case 'locked':
      return { error: lockedError(key, found.lock) };
  }
}

function scan(
  mvcc: MvccStore,
  given: GivenTimestamps,
  request: ScanRequest,
  region: StoreRegion,
): MessageInput<PairsResponse> {
  checkReadTs(given, 'KvScan', request.version);
  if (request.reverse) return { error: { abort: 'reverse scans are not served' } };
  const start = rawKey(request.startKey);
  const end = lesserBound(rawKey(request.endKey), region.end);
  const limits = { pairs: request.limit, keysOnly: request.keyOnly };
  const reading = readingOf(request.context, request.version);
  return { pairs: readKeys(mvcc, mvcc.keysIn(start, end), reading, limits) };
}
