/**
 * Scans tables at a timestamp where the data is: columns are picked and conditions tested by TiKV, and cells go from
 * the reply straight into columns.
 *
 * Pages come in key order. Each says how far the scan has come, so that it can go on from there in another life. The
 * next page's request is under way while a page is being consumed.
 *
 * @see tikv/tikv components/tidb_query_executors/src/runner.rs, pingcap/tidb pkg/store/copr/coprocessor.go
 */
import { assert, present } from '../../base/assert.js';
import { Backoff } from '../../base/backoff.js';
import { limits } from '../../base/limits.js';
import { StoppedError } from '../../base/runtime.js';
import type { Column } from '../../codec/column.js';
import type { Ts } from '../../codec/tso.js';
import { kvMethods } from '../kv-methods.js';
import type { LockResolver } from '../locks/lock-resolver.js';
import { type ReadOptions, Reader } from '../locks/reader.js';
import { messageCodec } from '../proto.js';
import type { RegionRequester } from '../region-request.js';
import { BadReplyError } from './bad-reply.js';
import { type CopRange, type CopResponse, EncodeType, type SelectResponse } from './cop-types.js';
import { type TableScanPlan, encodePlan, outputTypes } from './dag-request.js';
import { PageDecoder } from './page-decoder.js';
import { assertAscending, rangesBelow, rangesFrom } from './scan-ranges.js';

const REQUEST_TYPE_DAG = 103n;
const selectResponse = messageCodec<SelectResponse>('tipb.SelectResponse');

/** A scan of a table. */
export interface TableScan {
  readonly plan: TableScanPlan;
  /** Raw keys; not empty, ascending, without overlap. */
  readonly ranges: readonly CopRange[];
  /** From PD; the history must still be there. */
  readonly ts: Ts;
  readonly read?: ReadOptions;
}

/** Some rows. */
export interface ScanPage {
  /** What the plan gives, in its order. */
  readonly columns: readonly Column[];
  /** May be 0: then the conditions held nowhere in a whole page. */
  readonly rows: number;
  /** Size of the rows as they came. */
  readonly bytes: number;
  /** All rows below this key have been given, in this page or before. */
  readonly doneUpTo: Uint8Array;
}

/** Sends table scans. */
export class Coprocessor {
  readonly #requester: RegionRequester;
  readonly #resolver: LockResolver;

  constructor(requester: RegionRequester, resolver: LockResolver) {
    this.#requester = requester;
    this.#resolver = resolver;
  }

  /**
   * The table's rows in key order, page by page.
   *
   * @throws BudgetError — a region or a lock could not be got past; BadReplyError — TiKV cannot run the plan.
   */
  async *scanTable(scan: TableScan, signal: AbortSignal): AsyncGenerator<ScanPage, void, undefined> {
    assertAscending(scan.ranges);
    const pages = new PageFetcher(this.#requester, new Reader(this.#resolver, scan.ts, scan.read), scan);
    const controller = new AbortController();
    const shared = AbortSignal.any([signal, controller.signal]);
    try {
      let pending = pages.fetch(shared);
      for (;;) {
        const page = await pending;
        if (page === undefined) return;
        pending = pages.fetch(shared);
        // If it fails it does so when it is awaited, or nobody wants it any more.
        pending.catch(() => undefined);
        yield decodePage(page, scan);
      }
    } finally {
      controller.abort(new StoppedError('the scan is over'));
    }
  }
}

interface RawPage {
  readonly data: Uint8Array;
  readonly doneUpTo: Uint8Array;
}

function decodePage(page: RawPage, { plan }: TableScan): ScanPage {
  const response = selectResponse.decode(page.data);
  if (response.error !== null) throw new BadReplyError(`${response.error.msg} (${response.error.code})`);
  if (response.encodeType !== EncodeType.default) throw new BadReplyError(`encoding ${response.encodeType}`);
  const decoder = new PageDecoder(outputTypes(plan));
  let bytes = 0;
  for (const { rowsData } of response.chunks) {
    decoder.add(rowsData);
    bytes += rowsData.length;
  }
  return { columns: decoder.finish(), rows: decoder.rows, bytes, doneUpTo: page.doneUpTo };
}

/** Fetches one page after the other; what remains is its state. */
class PageFetcher {
  readonly #requester: RegionRequester;
  readonly #reader: Reader;
  readonly #data: Uint8Array;
  #remaining: readonly CopRange[];
  #pageRows: number = limits.scanFirstPageRows;

  constructor(requester: RegionRequester, reader: Reader, scan: TableScan) {
    this.#requester = requester;
    this.#reader = reader;
    this.#data = encodePlan(scan.plan);
    this.#remaining = scan.ranges;
  }

  /** undefined: there are no more. Not to be called again before it has settled. */
  async fetch(signal: AbortSignal): Promise<RawPage | undefined> {
    const backoff = new Backoff(this.#requester.runtime, 'table scan', 'tikv', limits.rpcBudgetMs);
    for (;;) {
      const [first] = this.#remaining;
      if (first === undefined) return undefined;
      const region = await this.#requester.regions.locate(first.start, signal);
      const ranges = rangesBelow(this.#remaining, region.end);
      const body = {
        tp: REQUEST_TYPE_DAG,
        data: this.#data,
        ranges,
        startTs: this.#reader.ts,
        pagingSize: BigInt(this.#pageRows),
      };
      const options = { backoff, context: this.#reader.context };
      const reply = await this.#requester.send(kvMethods.coprocessor, region, body, options, signal);
      if (reply.kind !== 'reply') continue;
      const { locked, otherError } = reply.response;
      if (locked !== null) await this.#reader.meet([locked], backoff, signal);
      else if (otherError !== '') throw new BadReplyError(otherError);
      else return this.#accept(reply.response, ranges);
    }
  }

  #accept(response: CopResponse, ranges: readonly CopRange[]): RawPage {
    const last = present(ranges.at(-1), 'a request without ranges').end;
    // Without a range in the reply, all that was asked for has been read.
    const consumed = response.range?.end ?? last;
    const doneUpTo = consumed.length === 0 ? last : consumed;
    const before = this.#remaining[0]?.start;
    this.#remaining = rangesFrom(this.#remaining, doneUpTo);
    assert(this.#remaining[0]?.start !== before || before === undefined, 'a page of a scan made no progress');
    const fitting = Math.ceil((limits.scanPageBytes * this.#pageRows) / Math.max(1, response.data.length));
    this.#pageRows = Math.max(1, Math.min(fitting, this.#pageRows * 4, limits.scanPageRows));
    return { data: response.data, doneUpTo };
  }
}
