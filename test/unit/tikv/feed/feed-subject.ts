/** A feed over scripted stores, with a consumer that takes whatever comes. */
import { fromHex } from '../../../../src/base/bytes.js';
import { ts } from '../../../../src/codec/tso.js';
import { ChangeFeed, type ChangeFeedOptions } from '../../../../src/tikv/feed/change-feed.js';
import type { FeedEvent, SpanRequest } from '../../../../src/tikv/feed/feed-event.js';
import { VirtualRuntime } from '../../../sim/feed/virtual-runtime.js';
import { rowsOf } from './batch-rows.js';
import type { RowInit } from './cdc-proto.js';
import { region, ScriptedRegions, type ScriptedStream, ScriptedTransport, settle } from './scripted-store.js';

/** The key of all rows. */
export const KEY = fromHex('7401');

/** A one-phase commit. */
export const committed = (commitTs: number, more: Partial<RowInit> = {}): RowInit => ({
  type: 'COMMITTED',
  op_type: 'PUT',
  start_ts: BigInt(commitTs - 1),
  commit_ts: BigInt(commitTs),
  key: KEY,
  value: fromHex('80'),
  ...more,
});

/** The feed and all it talks to. */
export class FeedSubject {
  readonly runtime = new VirtualRuntime(1);
  readonly transport = new ScriptedTransport();
  readonly regions: ScriptedRegions;
  readonly feed: ChangeFeed;
  readonly events: FeedEvent[] = [];

  constructor(options: Partial<ChangeFeedOptions> = {}, regions = new ScriptedRegions(region(20, '', ''))) {
    const { runtime, transport } = this;
    this.regions = regions;
    this.feed = new ChangeFeed({ runtime, transport, regions, clusterId: 5n, ...options });
  }

  consume(): void {
    this.runtime.spawn('consumer', async (signal) => {
      for (;;) this.events.push(await this.feed.take(signal));
    });
  }

  /** Subscribes and lets the request go out. */
  async subscribe(more: Partial<SpanRequest> = {}): Promise<void> {
    this.feed.subscribe({ id: 'a', start: fromHex('74'), end: fromHex('75'), checkpoint: ts(10n), ...more });
    await this.settle();
  }

  settle(ms = 0): Promise<void> {
    return settle(this.runtime, ms);
  }

  /** The stream opened last. */
  get stream(): ScriptedStream {
    return this.transport.streams.at(-1)!;
  }

  /** Events in short. */
  get story(): string[] {
    return this.events.map((event) => {
      if (event.kind === 'rows')
        return `rows ${rowsOf(event.batch)
          .map((row) => row.commitTs)
          .join()}`;
      if (event.kind === 'resolved') return `resolved ${event.ts}`;
      if (event.kind === 'gap') return `gap ${event.from} ${event.cause.kind}`;
      return event.kind;
    });
  }
}
