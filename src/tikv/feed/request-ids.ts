/**
 * Request ids of one stream. Events carry (request id, region id), and resolved timestamps are sent in one message for
 * all regions of a request id; so a span uses as few ids as it can, one for nearly all its regions, but a pair must
 * never stand for two subscriptions at once, not even while late events of the first are on their way: an INITIALIZED
 * of a dead scan, taken for that of its successor, would lose rows.
 *
 * Therefore a pair is used again only if TiKV ended its subscription, and did so after the scan was complete: from
 * then on events come from one queue, of which the error is the last. (A scan that is cut short may still send; TiKV
 * before 7.5.7 and 8.1.2 does.) Otherwise the region's next subscription gets the span's next id.
 */
import { present } from '../../base/assert.js';

interface SpanIds {
  /** Ids of the span, in the order in which regions use them. */
  readonly ids: number[];
  readonly regions: Map<number, RegionIds>;
}

interface RegionIds {
  /** How many of the span's ids the region has used. */
  used: number;
  /** Of these, indexes of those that it may use again. */
  readonly free: number[];
}

/** Gives each subscription of a region its request id. */
export class RequestIds {
  readonly #nextId: () => number;
  readonly #spans = new Map<object, SpanIds>();

  /** @param nextId - gives ids that no span of this client has had. */
  constructor(nextId: () => number) {
    this.#nextId = nextId;
  }

  /** An id for a new subscription of a region. */
  take(span: object, regionId: number): number {
    let spanIds = this.#spans.get(span);
    if (spanIds === undefined) this.#spans.set(span, (spanIds = { ids: [], regions: new Map() }));
    let region = spanIds.regions.get(regionId);
    if (region === undefined) spanIds.regions.set(regionId, (region = { used: 0, free: [] }));
    const index = region.free.pop() ?? region.used++;
    if (index === spanIds.ids.length) spanIds.ids.push(this.#nextId());
    return present(spanIds.ids[index], `request id ${index}`);
  }

  /** A subscription has ended, and nothing more can come of it. */
  reuse(span: object, regionId: number, requestId: number): void {
    const spanIds = this.#spans.get(span);
    const index = spanIds?.ids.indexOf(requestId) ?? -1;
    if (index >= 0) spanIds?.regions.get(regionId)?.free.push(index);
  }

  /** The span is given up; its ids are never used again. */
  forget(span: object): void {
    this.#spans.delete(span);
  }
}
