/** What a stream has yet to send: events in order, packed into messages as TiKV packs them. */
import { type ChangeDataEvent, type FeedEvent, type FeedRow, eventCodec } from './feed-messages.js';

/** A message holds at most so many events, and so many bytes unless one event alone has more. */
const MESSAGE_EVENTS = 64;
const MESSAGE_BYTES = 6 * 1024 * 1024;
/** An event holds at most so many rows, and so many bytes unless one row alone has more. */
const EVENT_ROWS = 1024;
const EVENT_BYTES = 32 * 1024;
/** Bytes of a row or event besides what is in it. */
const OVERHEAD_BYTES = 48;

type Item =
  | { readonly kind: 'event'; readonly event: FeedEvent; readonly bytes: number }
  | { readonly kind: 'resolved'; readonly message: ChangeDataEvent; readonly bytes: number };

/** The queue of one stream. */
export class Outbox {
  #items: Item[] = [];
  #head = 0;
  #bytes = 0;

  /** Bytes that wait, nearly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds rows of a subscription, in as many events as it takes. */
  addRows(subscription: Pick<FeedEvent, 'regionId' | 'requestId'>, rows: readonly FeedRow[]): void {
    const { regionId, requestId } = subscription;
    let from = 0;
    while (from < rows.length) {
      const entries: FeedRow[] = [];
      let bytes = OVERHEAD_BYTES;
      for (let row = rows[from]; row !== undefined && entries.length < EVENT_ROWS; row = rows[from]) {
        const size = sizeOf(row);
        if (entries.length > 0 && bytes + size > EVENT_BYTES) break;
        entries.push(row);
        bytes += size;
        from++;
      }
      this.#add({ kind: 'event', event: { regionId, requestId, entries: { entries } }, bytes });
    }
  }

  /** Adds an event without rows. */
  addEvent(event: FeedEvent): void {
    this.#add({ kind: 'event', event, bytes: OVERHEAD_BYTES });
  }

  addResolved(resolvedTs: NonNullable<ChangeDataEvent['resolvedTs']>): void {
    const bytes = OVERHEAD_BYTES + 8 * resolvedTs.regions.length;
    this.#add({ kind: 'resolved', message: { resolvedTs }, bytes });
  }

  /** The next message; undefined: there is none. */
  take(): Uint8Array | undefined {
    const first = this.#items[this.#head];
    if (first === undefined) return undefined;
    if (first.kind === 'resolved') {
      this.#shift(first);
      return eventCodec.encode(first.message);
    }
    const events: FeedEvent[] = [];
    let bytes = 0;
    for (let item: Item | undefined = first; item?.kind === 'event'; item = this.#items[this.#head]) {
      if (events.length > 0 && (events.length >= MESSAGE_EVENTS || bytes + item.bytes > MESSAGE_BYTES)) break;
      events.push(item.event);
      bytes += item.bytes;
      this.#shift(item);
    }
    return eventCodec.encode({ events });
  }

  #add(item: Item): void {
    this.#items.push(item);
    this.#bytes += item.bytes;
  }

  #shift(item: Item): void {
    this.#bytes -= item.bytes;
    this.#head++;
    if (this.#head < 1024 && this.#head < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

function sizeOf({ key, value, oldValue }: FeedRow): number {
  return OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + (oldValue?.length ?? 0);
}
