/** One stream of a feed, without its socket: messages come in, messages wait to go out, at some point it is over. */
import type { CallFailure } from '../call-outcome.js';
import { decodeRequest } from '../malformed-request.js';
import { type ChangeDataRequest, requestCodec } from './feed-messages.js';
import { Outbox } from './outbox.js';
import type { Subscription } from './subscription.js';

/** Since when clients understand resolved timestamps of many regions in one message. */
const BATCHING_VERSION = [4, 0, 8] as const;

/** Who answers requests. */
export interface FeedServer {
  onRequest(connection: FeedConnection, request: ChangeDataRequest): void;
  onClose(connection: FeedConnection): void;
}

/** A stream to one store. */
export class FeedConnection {
  readonly storeId: bigint;
  readonly outbox = new Outbox();
  /** By request and region. */
  readonly subscriptions = new Map<string, Subscription>();
  readonly #server: FeedServer;
  #isOver = false;
  #failure: CallFailure | undefined;
  #getsResolved: boolean | undefined;
  #onChange: () => void = () => undefined;

  constructor(storeId: bigint, server: FeedServer) {
    this.storeId = storeId;
    this.#server = server;
  }

  /** Called when there is something to take, or the stream has failed. */
  set onChange(listener: () => void) {
    this.#onChange = listener;
  }

  /** Why it ended from this side. */
  get failure(): CallFailure | undefined {
    return this.#failure;
  }

  /**
   * Whether this client is sent resolved timestamps at all: a multiplexed one without a bare version of 4.0.8 or
   * later, as its first request gives it, never gets any (TRUTH §1).
   */
  get getsResolved(): boolean {
    return this.#getsResolved ?? false;
  }

  /** A message of the client. */
  receive(message: Uint8Array): void {
    if (this.#isOver) return;
    const request = decodeRequest(requestCodec, message);
    this.#getsResolved ??= understandsBatches(request.header?.ticdcVersion ?? '');
    this.#server.onRequest(this, request);
  }

  /** The next message to the client; undefined: none now. */
  take(): Uint8Array | undefined {
    return this.outbox.take();
  }

  /** There is something new in the outbox. */
  announce(): void {
    this.#onChange();
  }

  /** Ends it from this side. */
  fail(failure: CallFailure): void {
    if (this.#isOver) return;
    this.#failure = failure;
    this.close();
    this.#onChange();
  }

  /** Its client has left. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#server.onClose(this);
  }
}

function understandsBatches(version: string): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(version);
  if (match === null) return false;
  for (const [i, wanted] of BATCHING_VERSION.entries()) {
    const part = Number(match[i + 1]);
    if (part !== wanted) return part > wanted;
  }
  return true;
}
