/** A store whose every word a test decides, and a map of regions that it can change. */
import type { DuplexStream, Metadata, Transport } from '../../../../src/base/transport.js';
import { compareBytes } from '../../../../src/base/bytes.js';
import type { FeedRegion, FeedRegions } from '../../../../src/tikv/feed/ports.js';
import { decodeRegionKey } from '../../../../src/tikv/region-key.js';
import type { VirtualRuntime } from '../../../sim/feed/virtual-runtime.js';
import { decodeCdc, encodeCdc, type RowInit } from './cdc-proto.js';

/** A request as the store reads it. */
export interface SeenRequest {
  readonly requestId: number;
  readonly regionId: number;
  readonly checkpoint: bigint;
  readonly kind: string;
  /** Hex, raw. */
  readonly start: string;
  readonly end: string;
}

/** One opened stream. */
export class ScriptedStream implements DuplexStream {
  readonly address: string;
  readonly method: string;
  readonly metadata: Metadata;
  readonly requests: SeenRequest[] = [];
  /** Messages that the client has taken. */
  taken = 0;
  isClosed = false;
  readonly #messages: Uint8Array[] = [];
  #error: Error | undefined;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(address: string, method: string, metadata: Metadata, signal: AbortSignal) {
    this.address = address;
    this.method = method;
    this.metadata = metadata;
    signal.addEventListener('abort', () => {
      this.isClosed = true;
      this.fail(signal.reason as Error);
    });
  }

  write(message: Uint8Array): Promise<void> {
    const fields = decodeCdc('ChangeDataRequest', message);
    const hex = (bound: unknown): string => Buffer.from(decodeRegionKey(bound as Uint8Array)).toString('hex');
    this.requests.push({
      requestId: Number(fields['request_id']),
      regionId: Number(fields['region_id']),
      checkpoint: BigInt(fields['checkpoint_ts'] as string),
      kind: fields['request'] as string,
      start: hex(fields['start_key']),
      end: hex(fields['end_key']),
    });
    return Promise.resolve();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** The last request. */
  get last(): SeenRequest {
    return this.requests.at(-1)!;
  }

  send(message: object | Uint8Array): void {
    this.#messages.push(message instanceof Uint8Array ? message : encodeCdc('ChangeDataEvent', message));
    this.#wake?.();
  }

  rows(request: SeenRequest, ...rows: readonly RowInit[]): void {
    const { requestId, regionId } = request;
    this.send({ events: [{ region_id: regionId, request_id: requestId, entries: { entries: rows } }] });
  }

  initialize(request: SeenRequest): void {
    this.rows(request, { type: 'INITIALIZED' });
  }

  resolve(request: SeenRequest, ts: number): void {
    this.send({ resolved_ts: { request_id: request.requestId, regions: [request.regionId], ts } });
  }

  refuse(request: SeenRequest, error: object): void {
    this.send({ events: [{ region_id: request.regionId, request_id: request.requestId, error }] });
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      if (this.isClosed && this.#error !== undefined) throw this.#error;
      const message = this.#messages.shift();
      if (message !== undefined) {
        this.taken++;
        yield message;
        continue;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** All streams that were opened. */
export class ScriptedTransport implements Transport {
  readonly streams: ScriptedStream[] = [];

  unary(): Promise<Uint8Array> {
    throw new Error('the feed makes no unary calls');
  }

  duplex(address: string, method: string, metadata: Metadata, signal: AbortSignal): DuplexStream {
    const stream = new ScriptedStream(address, method, metadata, signal);
    this.streams.push(stream);
    return stream;
  }

  forget(): void {
    // There is nothing to forget.
  }

  close(): void {
    // There is nothing to close.
  }
}

/** Regions that stay as they are until the test says otherwise. */
export class ScriptedRegions implements FeedRegions {
  regions: FeedRegion[];
  readonly invalidated: bigint[] = [];
  readonly forgotten: bigint[] = [];
  covered = 0;

  constructor(...regions: FeedRegion[]) {
    this.regions = regions;
  }

  cover(start: Uint8Array, end: Uint8Array): Promise<readonly FeedRegion[]> {
    this.covered++;
    return Promise.resolve(
      this.regions.filter(
        (region) =>
          (end.length === 0 || compareBytes(region.start, end) < 0) &&
          (region.end.length === 0 || compareBytes(region.end, start) > 0),
      ),
    );
  }

  invalidate(region: FeedRegion): void {
    this.invalidated.push(region.id);
  }

  setLeader(regionId: bigint, leader: FeedRegion['leader']): void {
    this.regions = this.regions.map((region) => (region.id === regionId ? { ...region, leader } : region));
  }

  learn(regions: readonly FeedRegion[]): void {
    const ids = regions.map(({ id }) => id);
    this.regions = [...this.regions.filter(({ id }) => !ids.includes(id)), ...regions].sort((a, b) =>
      compareBytes(a.start, b.start),
    );
  }

  storeAddress(storeId: bigint): Promise<string> {
    return Promise.resolve(`store-${storeId}`);
  }

  forgetStore(storeId: bigint): void {
    this.forgotten.push(storeId);
  }
}

/** A region of the test; keys are hex. */
export function region(id: number, start: string, end: string, storeId = 1, version = 1): FeedRegion {
  return {
    id: BigInt(id),
    epoch: { confVer: 1n, version: BigInt(version) },
    start: new Uint8Array(Buffer.from(start, 'hex')),
    end: new Uint8Array(Buffer.from(end, 'hex')),
    leader: { peerId: BigInt(id * 10 + storeId), storeId: BigInt(storeId) },
  };
}

/** Lets everything run that can, without letting time pass (or for so many milliseconds). */
export async function settle(runtime: VirtualRuntime, ms = 0): Promise<void> {
  await runtime.run(() => false, ms);
}
