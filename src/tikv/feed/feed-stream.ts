/**
 * One stream of change events from one store: a multiplexed EventFeedV2 for all subscriptions of the store, or, where
 * a store knows no EventFeedV2 (TiKV before 7.5), an EventFeed for one region.
 *
 * It lives once: when it breaks, its subscriptions become gaps and whoever wants them again opens another. What it
 * receives is handed on at once; then it reads no further until the consumer has room, and so the bound on what is
 * held here becomes back-pressure on TiKV.
 *
 * Silence counts for nothing while we ourselves do not listen. So the stream has clocks of its own: one that runs only
 * while it waits for messages, and, for streams that never have to wait, TiKV's: the newest resolved ts of all.
 */
import { Alarm } from '../../base/alarm.js';
import type { Runtime } from '../../base/runtime.js';
import type { Metadata, Transport } from '../../base/transport.js';
import { physicalMs, type Ts } from '../../codec/tso.js';
import { RequestIds } from './request-ids.js';

/** `multiplexed`: EventFeedV2 for many; `single`: EventFeed for one region. */
export type StreamMode = 'multiplexed' | 'single';

const METHODS = {
  multiplexed: '/cdcpb.ChangeData/EventFeedV2',
  single: '/cdcpb.ChangeData/EventFeed',
} as const;
const METADATA: Record<StreamMode, Metadata> = {
  multiplexed: { features: 'stream-multiplexing' },
  single: {},
};

/** After so many bytes other work gets a turn. */
const BYTES_PER_TURN = 1024 * 1024;

/** What a stream is made of and for. */
export interface FeedStreamOptions {
  readonly runtime: Runtime;
  readonly transport: Transport;
  readonly storeId: bigint;
  readonly address: string;
  readonly mode: StreamMode;
  readonly nextRequestId: () => number;
}

/** What a stream has to know of the subscriptions it carries. */
export interface StreamMember {
  readonly requestId: number;
  readonly regionKey: number;
}

/** Where a stream's messages go. */
export interface MessageSink<Member extends StreamMember> {
  /** Takes a message; its bytes are not kept. */
  receive(stream: FeedStream<Member>, message: Uint8Array): void;
  /** Resolves when the consumer has room for more. */
  room(signal: AbortSignal): Promise<void>;
}

/** A stream and the subscriptions that it carries. */
export class FeedStream<Member extends StreamMember> {
  readonly storeId: bigint;
  readonly address: string;
  readonly mode: StreamMode;
  readonly requestIds: RequestIds;
  /** Subscriptions whose scan is not complete. */
  scanning = 0;
  readonly #options: FeedStreamOptions;
  /** By request id, then region id. */
  readonly #feeds = new Map<number, Map<number, Member>>();
  #outgoing: Uint8Array[] = [];
  readonly #alarm = new Alarm();
  #hasReceived = false;
  #listenedMs = 0;
  #listeningSinceMs: number | undefined;
  #heardMs = 0;
  #storeMs = 0;

  constructor(options: FeedStreamOptions) {
    this.#options = options;
    this.storeId = options.storeId;
    this.address = options.address;
    this.mode = options.mode;
    this.requestIds = new RequestIds(options.nextRequestId);
  }

  /** Whether the store has ever sent something. */
  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  /** When the last message came, by the stream's clock. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** The stream's clock: how long it has waited for messages, in all. */
  listenedMs(nowMs: number): number {
    return this.#listenedMs + (this.#listeningSinceMs === undefined ? 0 : nowMs - this.#listeningSinceMs);
  }

  /** TiKV's clock as last heard: physical milliseconds of the newest resolved ts; 0 before the first. */
  get storeMs(): number {
    return this.#storeMs;
  }

  /** A resolved ts has come. */
  sawResolved(resolved: Ts): void {
    this.#storeMs = Math.max(this.#storeMs, Number(physicalMs(resolved)));
  }

  find(requestId: number, regionId: number): Member | undefined {
    return this.#feeds.get(requestId)?.get(regionId);
  }

  /** Whom a resolved ts concerns: without multiplexing TiKV sends request id 0 for whatever is on the stream. */
  *resolvedFor(requestId: number, regionId: number): Iterable<Member> {
    if (requestId !== 0) {
      const feed = this.find(requestId, regionId);
      if (feed !== undefined) yield feed;
      return;
    }
    for (const feeds of this.#feeds.values()) {
      const feed = feeds.get(regionId);
      if (feed !== undefined) yield feed;
    }
  }

  *feeds(): Iterable<Member> {
    for (const feeds of this.#feeds.values()) yield* feeds.values();
  }

  add(feed: Member): void {
    let feeds = this.#feeds.get(feed.requestId);
    if (feeds === undefined) this.#feeds.set(feed.requestId, (feeds = new Map<number, Member>()));
    feeds.set(feed.regionKey, feed);
  }

  remove(feed: Member): void {
    const feeds = this.#feeds.get(feed.requestId);
    feeds?.delete(feed.regionKey);
    if (feeds?.size === 0) this.#feeds.delete(feed.requestId);
  }

  /** Queues a request; there are at most a few a subscription. */
  send(message: Uint8Array): void {
    this.#outgoing.push(message);
    this.#alarm.ring();
  }

  /**
   * Opens the stream and serves it until it breaks or the signal is aborted. Never resolves.
   *
   * @throws whatever broke it; an Error if the store ended it in order.
   */
  async run(sink: MessageSink<Member>, signal: AbortSignal): Promise<never> {
    const { transport } = this.#options;
    const both = new AbortController();
    const onAbort = (): void => both.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      const duplex = transport.duplex(this.address, METHODS[this.mode], METADATA[this.mode], both.signal);
      await Promise.race([
        this.#read(duplex, sink, both.signal),
        this.#write((message) => duplex.write(message), both.signal),
      ]);
      throw new Error(`store ${this.storeId} ended its change feed`);
    } finally {
      signal.removeEventListener('abort', onAbort);
      both.abort(new Error('the change feed stream is closed'));
    }
  }

  async #read(
    messages: AsyncIterable<Uint8Array>,
    sink: MessageSink<Member>,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime } = this.#options;
    let bytes = 0;
    this.#listen(runtime.monotonicMs());
    for await (const message of messages) {
      this.#hear(runtime.monotonicMs());
      sink.receive(this, message);
      bytes += message.length;
      if (bytes >= BYTES_PER_TURN) {
        bytes = 0;
        await runtime.yieldToIo();
      }
      await sink.room(signal);
      signal.throwIfAborted();
      this.#listen(runtime.monotonicMs());
    }
  }

  async #write(send: (message: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<never> {
    for (;;) {
      while (this.#outgoing.length === 0) await this.#alarm.wait(signal);
      const batch = this.#outgoing;
      this.#outgoing = [];
      for (const message of batch) await send(message);
    }
  }

  #listen(nowMs: number): void {
    this.#listeningSinceMs = nowMs;
  }

  #hear(nowMs: number): void {
    this.#hasReceived = true;
    this.#listenedMs = this.listenedMs(nowMs);
    this.#listeningSinceMs = undefined;
    this.#heardMs = this.#listenedMs;
  }
}
