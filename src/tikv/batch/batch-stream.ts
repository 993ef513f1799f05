/**
 * One stream of batches to one store. Commands that are sent in the same turn of the event loop go as one message, and
 * each is answered by itself: nothing waits for a batch to fill, and no answer for another.
 *
 * The stream fails as a whole: then every command on it is without an answer, and may have been executed.
 *
 * @see tikv/client-go internal/client/client_batch.go
 */
import { Alarm } from '../../base/alarm.js';
import { TiviewError, asError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Runtime } from '../../base/runtime.js';
import type { DuplexStream } from '../../base/transport.js';
import { RpcCode, RpcError } from '../rpc-error.js';
import {
  BATCH_METHOD,
  type BatchResponse,
  type BatchedMessage,
  batchRequest,
  batchResponse,
} from './batch-messages.js';

/** A command on its way. */
export interface BatchedCall {
  /** Full name of its method. */
  readonly method: string;
  /** Its name in a batch. */
  readonly command: string;
  readonly body: Uint8Array;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** A command whose answer is awaited, and since when. */
interface Sent {
  readonly call: BatchedCall;
  readonly sinceMs: number;
}

/** Between two looks for commands that have waited too long. */
const LOOK_MS = 1_000;

/** A stream; when it has failed another must be opened. */
export class BatchStream {
  readonly #address: string;
  readonly #runtime: Runtime;
  readonly #alarm = new Alarm();
  readonly #life = new AbortController();
  /** In the order in which they were sent. */
  readonly #sent = new Map<bigint, Sent>();
  #queue: { readonly id: bigint; readonly call: BatchedCall }[] = [];
  #lastId = 0n;
  #lastHeardMs = 0;
  #isOver = false;

  /** @param open - opens the stream, which ends with the signal. */
  constructor(address: string, runtime: Runtime, open: (signal: AbortSignal) => DuplexStream) {
    this.#address = address;
    this.#runtime = runtime;
    const stream = open(this.#life.signal);
    runtime.spawn('batch stream: send', (signal) => this.#ending(this.#send(stream, signal)));
    runtime.spawn('batch stream: receive', (signal) => this.#ending(this.#receive(stream, signal)));
  }

  /** Whether it takes no more commands. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a command. @returns to be called when nobody waits for the answer any more. */
  send(call: BatchedCall): () => void {
    const id = ++this.#lastId;
    this.#queue.push({ id, call });
    this.#sent.set(id, { call, sinceMs: this.#runtime.monotonicMs() });
    this.#alarm.ring();
    return () => {
      this.#sent.delete(id);
      // What has not left need not leave.
      this.#queue = this.#queue.filter((queued) => queued.id !== id);
    };
  }

  /** Ends it: every command on it fails. */
  close(code: number, details: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue = [];
    for (const { call } of this.#sent.values()) call.reject(this.#error(call, code, details));
    this.#sent.clear();
    this.#life.abort(new RpcError(code, details, { address: this.#address, method: BATCH_METHOD }));
  }

  /** Whatever ends one half ends the stream. */
  async #ending(half: Promise<void>): Promise<void> {
    try {
      await half;
      this.close(RpcCode.unavailable, 'the stream has ended');
    } catch (error) {
      const code = error instanceof RpcError ? error.code : RpcCode.unavailable;
      this.close(code, error instanceof RpcError ? error.details : asError(error).message);
      if (!(error instanceof TiviewError) && !this.#life.signal.aborted) throw error;
    }
  }

  async #send(stream: DuplexStream, taskSignal: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([taskSignal, this.#life.signal]);
    this.#lastHeardMs = this.#runtime.monotonicMs();
    for (;;) {
      if (this.#queue.length === 0) await this.#alarm.waitAtMost(LOOK_MS, this.#runtime, signal);
      this.#expire();
      // Whoever sends several commands does so in one turn.
      await this.#runtime.yieldToIo();
      signal.throwIfAborted();
      for (let batch = this.#next(); batch !== undefined; batch = this.#next()) await stream.write(batch);
    }
  }

  /** The next message; undefined: there is nothing to be sent. */
  #next(): Uint8Array | undefined {
    const requests: BatchedMessage[] = [];
    const requestIds: bigint[] = [];
    let bytes = 0;
    for (const { id, call } of this.#queue) {
      const isFull = requests.length >= limits.batchCommands || bytes + call.body.length > limits.batchBytes;
      if (isFull && requests.length > 0) break;
      requests.push({ [call.command]: call.body });
      requestIds.push(id);
      bytes += call.body.length;
    }
    this.#queue.splice(0, requests.length);
    return requests.length === 0 ? undefined : batchRequest.encode({ requests, requestIds });
  }

  async #receive(stream: DuplexStream, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.close(RpcCode.cancelled, 'stopped');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const message of stream) this.#answer(message);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #answer(message: Uint8Array): void {
    this.#lastHeardMs = this.#runtime.monotonicMs();
    const { responses, requestIds } = this.#decode(message);
    responses.forEach((response, place) => {
      const id = requestIds[place];
      const sent = id === undefined ? undefined : this.#sent.get(id);
      // Nobody waits for it any more.
      if (id === undefined || sent === undefined) return;
      this.#sent.delete(id);
      const { call } = sent;
      const body = response[call.command];
      if (body !== undefined && Object.hasOwn(response, call.command)) call.resolve(body);
      else call.reject(this.#error(call, RpcCode.unknown, 'an answer to something else'));
    });
  }

  #decode(message: Uint8Array): BatchResponse {
    try {
      return batchResponse.decode(message);
    } catch (error) {
      const target = { address: this.#address, method: BATCH_METHOD };
      throw new RpcError(RpcCode.internal, 'a message that cannot be read', target, error);
    }
  }

  /** Commands that have waited too long fail; where nothing at all comes any more, so does the stream. */
  #expire(): void {
    const nowMs = this.#runtime.monotonicMs();
    for (const [id, { call, sinceMs }] of this.#sent) {
      if (nowMs - sinceMs < limits.rpcAttemptMs) return;
      if (this.#lastHeardMs < sinceMs) {
        this.close(RpcCode.deadlineExceeded, 'the store is silent');
        return;
      }
      this.#sent.delete(id);
      this.#queue = this.#queue.filter((queued) => queued.id !== id);
      call.reject(this.#error(call, RpcCode.deadlineExceeded, 'no answer in time'));
    }
  }

  #error({ method }: BatchedCall, code: number, details: string): RpcError {
    return new RpcError(code, details, { address: this.#address, method });
  }
}
