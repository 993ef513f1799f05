/** One EventFeed stream, recorded: everything it says is kept in order, and awaited by condition, not by time. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Ts } from '../../../src/codec/tso.js';
import {
  decode,
  encode,
  type Fields,
  type Peer,
  type Region,
  type RegionMeta,
  type TestClient,
} from './client.js';
import { encodeBytes } from './keys.js';

export interface FeedRow {
  readonly kind: 'row';
  readonly requestId: bigint;
  readonly regionId: bigint;
  readonly type: 'PREWRITE' | 'COMMIT' | 'ROLLBACK' | 'COMMITTED' | 'INITIALIZED';
  readonly opType: 'NONE' | 'PUT' | 'DELETE';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly oldValue: Uint8Array;
  readonly startTs: bigint;
  readonly commitTs: bigint;
  readonly txnSource: bigint;
}

export interface FeedFailure {
  readonly kind: 'error';
  readonly requestId: bigint;
  readonly regionId: bigint;
  /** The error's field that is set, empty if none is. */
  readonly cause: string;
  readonly leader: Peer | null;
  readonly currentRegions: readonly RegionMeta[];
  readonly request: bigint | undefined;
}

export interface FeedResolved {
  readonly kind: 'resolved';
  /** `batched`: ChangeDataEvent.resolved_ts; `single`: Event.resolved_ts. */
  readonly form: 'batched' | 'single';
  readonly requestId: bigint;
  readonly regionIds: readonly bigint[];
  readonly ts: bigint;
}

export type FeedEntry =
  FeedRow | FeedFailure | FeedResolved | { readonly kind: 'end'; readonly code: number };

interface WireEvent {
  readonly regionId: bigint;
  readonly requestId: bigint;
  readonly event: 'entries' | 'error' | 'resolvedTs';
  readonly entries: { entries: readonly Omit<FeedRow, 'kind' | 'requestId' | 'regionId'>[] };
  readonly error: Readonly<Record<string, Fields | null>>;
  readonly resolvedTs: bigint;
}

interface WireMessage {
  readonly events: readonly WireEvent[];
  readonly resolvedTs: { regions: readonly bigint[]; ts: bigint; requestId: bigint } | null;
}

/** What to ask for; raw bounds, by default the whole region. */
export interface Registration {
  readonly requestId?: bigint;
  readonly checkpointTs?: Ts;
  readonly start?: Uint8Array;
  readonly end?: Uint8Array;
  /** Message fields that differ from the usual. */
  readonly more?: Fields;
}

const UNTIL_MS = 8_000;

/** A stream to one store. */
export class Feed {
  readonly log: FeedEntry[] = [];
  /** Told of every entry when it comes. */
  onEntry: (entry: FeedEntry) => void = () => undefined;
  readonly #stream: ClientDuplexStream<Uint8Array, Uint8Array>;
  readonly #header: Fields;
  #waiting: (() => void)[] = [];

  /** `version` is what the client says of itself; `api` and `features` choose the dialect. */
  constructor(
    client: TestClient,
    storeId = 1n,
    dialect: { api?: 'EventFeed' | 'EventFeedV2'; features?: string; version?: string } = {},
  ) {
    const { api = 'EventFeedV2', features = 'stream-multiplexing', version = '8.5.0' } = dialect;
    this.#header = { clusterId: client.rig.clusterId, ticdcVersion: version };
    this.#stream = client.stream(
      client.storeAddress(storeId),
      `/cdcpb.ChangeData/${api}`,
      features === '' ? {} : { features },
    );
    this.#stream.on('data', (bytes: Uint8Array) => this.#take(decode('FeedMessage', bytes) as WireMessage));
    this.#stream.on('error', (error: Error & { code: number }) =>
      this.#add({ kind: 'end', code: error.code }),
    );
    this.#stream.on('end', () => {
      if (!this.log.some((entry) => entry.kind === 'end')) this.#add({ kind: 'end', code: 0 });
    });
  }

  /** Subscribes to a region. */
  register(region: Region, what: Registration = {}): void {
    this.#send({
      header: this.#header,
      regionId: region.region.id,
      regionEpoch: region.region.regionEpoch,
      checkpointTs: what.checkpointTs ?? 0n,
      startKey: what.start === undefined ? region.region.startKey : encodeBytes(what.start),
      endKey: what.end === undefined ? region.region.endKey : encodeBytes(what.end),
      requestId: what.requestId ?? 7n,
      register: {},
      ...what.more,
    });
  }

  /** Ends a subscription; region 0 ends all of the request. */
  deregister(requestId: bigint, regionId: bigint): void {
    this.#send({ header: this.#header, requestId, regionId, deregister: {} });
  }

  #send(fields: Fields): void {
    this.#stream.write(encode('FeedRequest', fields));
  }

  /** Ends the stream from our side. */
  close(): void {
    this.#stream.cancel();
  }

  /** Rows so far. */
  get rows(): readonly FeedRow[] {
    return this.log.filter((entry) => entry.kind === 'row');
  }

  /** Errors so far. */
  get failures(): readonly FeedFailure[] {
    return this.log.filter((entry) => entry.kind === 'error');
  }

  /** Resolved timestamps of one request so far. */
  resolved(requestId = 7n): readonly bigint[] {
    return this.log
      .filter((entry) => entry.kind === 'resolved' && entry.requestId === requestId)
      .map((entry) => (entry as FeedResolved).ts);
  }

  /**
   * Waits until `found` gives something.
   *
   * @throws Error — when it has not after some seconds, with what the feed said.
   */
  async until<T>(what: string, found: (feed: this) => T | undefined | false): Promise<T> {
    const deadline = Date.now() + UNTIL_MS;
    for (;;) {
      const result = found(this);
      if (result !== undefined && result !== false) return result;
      if (Date.now() > deadline) throw new Error(`no ${what} in ${this.#show()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now() + 1);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Waits for INITIALIZED of a request. */
  async initialized(requestId = 7n): Promise<void> {
    await this.until('INITIALIZED', (feed) =>
      feed.rows.some((row) => row.type === 'INITIALIZED' && row.requestId === requestId),
    );
  }

  /** Waits for a resolved timestamp of a request at or above `least`. */
  async resolvedPast(least: bigint, requestId = 7n): Promise<void> {
    await this.until(`resolved ts ${least}`, (feed) => feed.resolved(requestId).some((ts) => ts >= least));
  }

  /** Waits for that many further resolved timestamps of a request: the feed's own clock. */
  async ticks(count: number, requestId = 7n): Promise<void> {
    const before = this.resolved(requestId).length;
    await this.until(`${count} ticks`, (feed) => feed.resolved(requestId).length >= before + count);
  }

  #take(message: WireMessage): void {
    for (const event of message.events) {
      const at = { requestId: event.requestId, regionId: event.regionId };
      if (event.event === 'entries') {
        for (const row of event.entries.entries) this.#add({ ...row, kind: 'row', ...at });
      } else if (event.event === 'resolvedTs') {
        this.#add({
          kind: 'resolved',
          form: 'single',
          requestId: at.requestId,
          regionIds: [at.regionId],
          ts: event.resolvedTs,
        });
      } else {
        this.#add(failure(event));
      }
    }
    if (message.resolvedTs !== null) {
      const { regions, ts, requestId } = message.resolvedTs;
      this.#add({ kind: 'resolved', form: 'batched', requestId, regionIds: regions, ts });
    }
  }

  #add(entry: FeedEntry): void {
    this.log.push(entry);
    this.onEntry(entry);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #show(): string {
    return this.log
      .slice(-20)
      .map((entry) =>
        entry.kind === 'row'
          ? `${entry.type}@${entry.commitTs}`
          : entry.kind === 'error'
            ? entry.cause
            : entry.kind,
      )
      .join(', ');
  }
}

function failure(event: WireEvent): FeedFailure {
  const [cause = '', detail] = Object.entries(event.error).find(([, value]) => value !== null) ?? [];
  const details = (detail ?? {}) as {
    leader?: Peer;
    currentRegions?: readonly RegionMeta[];
    request?: bigint;
  };
  return {
    kind: 'error',
    requestId: event.requestId,
    regionId: event.regionId,
    cause,
    leader: details.leader ?? null,
    currentRegions: details.currentRegions ?? [],
    request: details.request,
  };
}
