/** A session that does nothing wrong, beside those that do: it must be served all the while. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from './scenario.js';

const PING = Uint8Array.of(1, 0, 0, 0, 0x0e);
const PAUSE_MS = 25;
const LOGINS_MAX = 10;

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
    for (let attempt = 1; ; attempt++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.on('error', () => socket.destroy());
      await once(socket, 'data');
      socket.write(login.client[0] ?? PING);
      const [answer] = (await once(socket, 'data')) as Buffer[];
      if (answer?.[4] === 0) return new Neighbour(socket, answerMs);
      socket.destroy();
      // Deadlines are a tenth of what they are: a busy machine may miss one.
      if (attempt === LOGINS_MAX) throw new Error(`a neighbour cannot log in: ${String(answer)}`);
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#pings.catch(() => undefined);
    this.#socket.destroy();
  }

  async #ping(answerMs: number): Promise<void> {
    while (!this.#isStopping) {
      const sentMs = performance.now();
      const chunk = await this.#answer(answerMs);
      if (chunk[4] !== 0) throw new Error(`a neighbour got ${chunk.toString('hex')}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - sentMs);
      await sleep(PAUSE_MS);
    }
  }

  #answer(answerMs: number): Promise<Buffer> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const settle = (error?: Error, chunk?: Buffer): void => {
        clearTimeout(timer);
        socket.off('data', onData).off('close', onClose);
        if (chunk === undefined) reject(error ?? new Error('nothing'));
        else resolve(chunk);
      };
      const onData = (chunk: Buffer): void => settle(undefined, chunk);
      const onClose = (): void => settle(new Error('a neighbour was sent away'));
      const late = new Error(`a neighbour was not answered within ${answerMs} ms`);
      const timer = setTimeout(() => settle(late), answerMs);
      socket.on('data', onData).on('close', onClose);
      socket.write(PING);
    });
  }
}
