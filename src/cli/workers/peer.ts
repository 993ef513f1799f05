/**
 * Typed calls between two processes over a channel that keeps order and loses nothing while it stands (Node's IPC).
 * Each end has duties: functions that the other end may call. A duty answers once, or as a stream that is pulled: a
 * part is made when the one before it has been used, so that nothing piles up on the way.
 *
 * Aborts: `ask` rejects at once, `follow` waits for what the other end makes of it, because a statement that is killed
 * has to be taken back before its client hears so. The channel's end fails everything that is under way.
 */
import { TiviewError } from '../../base/errors.js';
import { type PortableError, fromPortable, isForeseen, toPortable } from './portable-error.js';

/** What crosses the channel. `id` counts the calls of the end that calls. */
export type Message =
  | { readonly kind: 'call'; readonly id: number; readonly duty: string; readonly argument: unknown }
  /** The caller of a stream wants the next part. */
  | { readonly kind: 'next'; readonly id: number }
  /** The caller wants an end, and to hear of it. */
  | { readonly kind: 'abort'; readonly id: number; readonly reason: PortableError }
  /** The caller wants to hear no more. */
  | { readonly kind: 'leave'; readonly id: number; readonly reason: PortableError }
  | { readonly kind: 'part'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PortableError };

/** A duty: answers once, or with a stream. */
type Duty = (argument: never, signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>;

/** The duties of one end, by name. */
export type Duties<T> = { readonly [K in keyof T]: Duty };

type Argument<D> = D extends (argument: infer A, signal: AbortSignal) => unknown ? A : never;
type Answer<D> = D extends (argument: never, signal: AbortSignal) => Promise<infer R> ? R : never;
type Part<D> = D extends (argument: never, signal: AbortSignal) => AsyncIterable<infer R> ? R : never;

/** What this end needs. */
export interface PeerParts<Here extends Duties<Here>> {
  /** Hands a message to the channel. */
  readonly send: (message: Message) => void;
  /** What the other end may call. */
  readonly duties: Here;
  /** Told of what a duty throws that is no operating error; the caller has been answered. */
  readonly onBug: (error: unknown) => void;
}

/** A call of ours. */
interface Asked {
  part(value: unknown): void;
  done(value: unknown): void;
  failed(error: Error): void;
}

/** A call of theirs. */
interface Serving {
  readonly controller: AbortController;
  /** Lets a stream make its next part, or end. */
  next: () => void;
  /** Nobody waits for the answer any more. */
  isLeft: boolean;
}

/** The channel has ended: the other process has gone. */
export class ChannelError extends TiviewError {
  override readonly name = 'ChannelError';

  constructor() {
    super('the other process of this TiView has gone', {
      kind: 'channel',
      side: 'proxy',
      isRetryable: true,
    });
  }
}

const UNWANTED = new TiviewError('its caller wants no more of it', {
  kind: 'unwanted',
  side: 'proxy',
  isRetryable: false,
});

/** One end of a channel. */
export class Peer<Here extends Duties<Here>, There extends Duties<There>> {
  readonly #parts: PeerParts<Here>;
  readonly #asked = new Map<number, Asked>();
  readonly #serving = new Map<number, Serving>();
  #calls = 0;
  #isClosed = false;

  constructor(parts: PeerParts<Here>) {
    this.#parts = parts;
  }

  /**
   * Calls a duty of the other end.
   *
   * @throws what the duty throws (portable-error.ts); ChannelError; the signal's reason, at once: the duty is aborted.
   */
  ask<K extends keyof There & string>(
    duty: K,
    argument: Argument<There[K]>,
    signal: AbortSignal,
  ): Promise<Answer<There[K]>> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#isClosed) {
        reject(signal.aborted ? (signal.reason as Error) : new ChannelError());
        return;
      }
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      const id = this.#call(duty, argument, {
        part: () => undefined,
        done: (value) => {
          settle();
          resolve(value as Answer<There[K]>);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      });
      const onAbort = (): void => {
        this.#leave(id, signal.reason);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * Calls a duty of the other end that answers with a stream. An abort is passed on; what the other end makes of it is
   * the answer.
   *
   * @throws what the duty throws (portable-error.ts); ChannelError; the signal's reason, if it was aborted before.
   */
  async *follow<K extends keyof There & string>(
    duty: K,
    argument: Argument<There[K]>,
    signal: AbortSignal,
  ): AsyncGenerator<Part<There[K]>> {
    signal.throwIfAborted();
    this.#expectOpen();
    let settle: { resolve: (part: { value: unknown } | undefined) => void; reject: (e: Error) => void };
    const waiting = (): Promise<{ value: unknown } | undefined> =>
      new Promise((resolve, reject) => (settle = { resolve, reject }));
    let next = waiting();
    const id = this.#call(duty, argument, {
      part: (value) => settle.resolve({ value }),
      done: () => settle.resolve(undefined),
      failed: (error) => settle.reject(error),
    });
    const onAbort = (): void => {
      if (this.#asked.has(id)) this.#send({ kind: 'abort', id, reason: toPortable(signal.reason) });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const part = await next;
        if (part === undefined) return;
        yield part.value as Part<There[K]>;
        next = waiting();
        this.#expectOpen();
        this.#send({ kind: 'next', id });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#leave(id, UNWANTED);
    }
  }

  /** Takes a message of the other end. */
  receive(message: Message): void {
    const { id } = message;
    switch (message.kind) {
      case 'call':
        void this.#serve(message);
        return;
      case 'next':
        this.#serving.get(id)?.next();
        return;
      case 'abort':
        this.#serving.get(id)?.controller.abort(fromPortable(message.reason));
        return;
      case 'leave': {
        const serving = this.#serving.get(id);
        if (serving === undefined) return;
        serving.isLeft = true;
        serving.controller.abort(fromPortable(message.reason));
        serving.next();
        return;
      }
      case 'part':
        this.#asked.get(id)?.part(message.value);
        return;
      case 'done':
        this.#settled(id)?.done(message.value);
        return;
      case 'failed':
        this.#settled(id)?.failed(fromPortable(message.error));
    }
  }

  /** The channel has ended. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const error = new ChannelError();
    for (const asked of this.#asked.values()) asked.failed(error);
    this.#asked.clear();
    for (const serving of this.#serving.values()) {
      serving.isLeft = true;
      serving.controller.abort(error);
      serving.next();
    }
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new ChannelError();
  }

  #call(duty: string, argument: unknown, asked: Asked): number {
    const id = ++this.#calls;
    this.#asked.set(id, asked);
    this.#send({ kind: 'call', id, duty, argument });
    return id;
  }

  #leave(id: number, reason: unknown): void {
    if (this.#asked.delete(id)) this.#send({ kind: 'leave', id, reason: toPortable(reason) });
  }

  #settled(id: number): Asked | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    return asked;
  }

  #send(message: Message): void {
    if (!this.#isClosed) this.#parts.send(message);
  }

  async #serve({ id, duty, argument }: Extract<Message, { kind: 'call' }>): Promise<void> {
    const controller = new AbortController();
    const serving: Serving = { controller, next: () => undefined, isLeft: false };
    this.#serving.set(id, serving);
    try {
      const run = (this.#parts.duties as Readonly<Record<string, Duty | undefined>>)[duty];
      if (run === undefined) throw new TypeError(`no duty '${duty}'`);
      const answer = run(argument as never, controller.signal);
      let value: unknown;
      if (isStream(answer)) await this.#serveStream(id, answer, serving);
      else value = await answer;
      if (!serving.isLeft) this.#send({ kind: 'done', id, value });
    } catch (error) {
      if (!serving.isLeft) this.#send({ kind: 'failed', id, error: toPortable(error) });
      if (!isForeseen(error) && error !== controller.signal.reason) this.#parts.onBug(error);
    } finally {
      this.#serving.delete(id);
    }
  }

  async #serveStream(id: number, parts: AsyncIterable<unknown>, serving: Serving): Promise<void> {
    const isLeft = (): boolean => serving.isLeft;
    for await (const value of parts) {
      if (isLeft()) return;
      const next = new Promise<void>((resolve) => {
        serving.next = resolve;
      });
      this.#send({ kind: 'part', id, value });
      await next;
      if (isLeft()) return;
    }
  }
}

function isStream(answer: Promise<unknown> | AsyncIterable<unknown>): answer is AsyncIterable<unknown> {
  return Symbol.asyncIterator in answer;
}
