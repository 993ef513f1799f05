/** Scans of tables, as requests and replies: exactly the plans that our client sends (src/tikv/coprocessor). */
import { present } from '../../../base/assert.js';
import { keyBytes } from '../../../base/bytes.js';
import type {
  CopRequest,
  CopResponse,
  DagRequest,
  SelectResponse,
} from '../../../tikv/coprocessor/cop-types.js';
import { EncodeType } from '../../../tikv/coprocessor/cop-types.js';
import { kvMethods } from '../../../tikv/kv-methods.js';
import { messageCodec } from '../../../tikv/proto.js';
import type { MessageInput } from '../../../tikv/proto-types.js';
import type { MvccStore } from '../mvcc/mvcc-store.js';
import { decodeRequest, isMalformedRequest } from '../malformed-request.js';
import { readingOf } from '../mvcc/reads.js';
import { lockInfo } from '../mvcc/records.js';
import type { StoreRegion } from '../regions/store-region.js';
import { type RegionMethod, regionMethod } from '../store/region-method.js';
import { type GivenTimestamps, checkReadTs } from '../store/ts-check.js';
import { type DagOutcome, DagRun } from './dag-run.js';
import { PlanError, notServed } from './plan-error.js';

const REQUEST_TYPE_DAG = 103n;
const dagCodec = messageCodec<DagRequest>('tipb.DAGRequest');
const selectCodec = messageCodec<SelectResponse>('tipb.SelectResponse');

/** Coprocessor. */
export function coprocessorMethods(store: MvccStore, given: GivenTimestamps): readonly RegionMethod[] {
  return [
    regionMethod(
      kvMethods.coprocessor,
      (q) => q.ranges.map((range) => range.start),
      (q, region) => {
        checkReadTs(given, 'Coprocessor', q.startTs);
        return answer(store, q, region);
      },
    ),
  ];
}

function answer(store: MvccStore, request: CopRequest, region: StoreRegion): MessageInput<CopResponse> {
  try {
    return replyOf(request, run(store, request, region));
  } catch (error) {
    // A plan that is not served, or rows that are not the plan's.
    if (error instanceof PlanError || isMalformedRequest(error)) return { otherError: error.message };
    throw error;
  }
}

function run(store: MvccStore, request: CopRequest, region: StoreRegion): DagOutcome {
  if (request.tp !== REQUEST_TYPE_DAG) notServed(`requests of type ${String(request.tp)}`);
  const pageRows = request.pagingSize === 0n ? Infinity : Number(request.pagingSize);
  const reading = readingOf(request.context, request.startTs);
  return new DagRun(decodeRequest(dagCodec, request.data)).run(request.ranges, pageRows, {
    store,
    region,
    reading,
  });
}

function replyOf(request: CopRequest, outcome: DagOutcome): MessageInput<CopResponse> {
  if (outcome.kind === 'locked') return { locked: lockInfo(keyBytes(outcome.key), outcome.lock) };
  const data = selectCodec.encode({ chunks: [{ rowsData: outcome.data }], encodeType: EncodeType.default });
  if (request.pagingSize === 0n || request.ranges.length === 0) return { data };
  const [first, last] = [request.ranges[0], request.ranges.at(-1)];
  const start = present(first, 'a first range').start;
  return { data, range: { start, end: outcome.doneUpTo ?? present(last, 'a last range').end } };
}
