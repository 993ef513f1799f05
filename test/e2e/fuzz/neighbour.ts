/** A session that does nothing wrong, beside those that do: it must be served all the while. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from './scenario.js';

const PING = Uint8Array.of(1, 0, 0, 0, 0x0e);
const PAUSE_MS = 25;

/** Pings, and wants an answer each time. */
export class Neighbour {
  readonly #socket: Socket;
  readonly #pings: Promise<void>;
  #isStopping = false;
  /** The longest that an answer has taken. */
  slowestMs = 0;
  /** Rejects when it is not served. */
  readonly failed: Promise<never>;

  private constructor(socket: Socket, answerMs: number) {
    this.#socket = socket;
    this.#pings = this.#ping(answerMs);
    this.failed = new Promise((_, reject) => {
      this.#pings.catch(reject);
    });
    this.failed.catch(() => undefined);
  }

  /** @param login - whose first turns are a login. @param answerMs - the longest that an answer may take. */
  static async start(port: number, login: Scenario, answerMs: number): Promise<Neighbour> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => socket.destroy());
    await once(socket, 'data');
    socket.write(login.client[0] ?? PING);
    await once(socket, 'data');
    return new Neighbour(socket, answerMs);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#pings.catch(() => undefined);
    this.#socket.destroy();
  }

  async #ping(answerMs: number): Promise<void> {
    while (!this.#isStopping) {
      const sentMs = performance.now();
      const answer = once(this.#socket, 'data', { signal: AbortSignal.timeout(answerMs) });
      this.#socket.write(PING);
      const [chunk] = (await answer.catch((cause: unknown) => {
        throw new Error(`a neighbour was not answered within ${answerMs} ms`, { cause });
      })) as Buffer[];
      if (chunk?.[4] !== 0) throw new Error(`a neighbour got ${String(chunk?.toString('hex'))}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sentMs);
      await sleep(PAUSE_MS);
    }
  }
}
