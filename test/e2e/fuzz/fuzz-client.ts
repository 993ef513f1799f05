/** Plays the client's side of a scenario, and waits for the end that the proxy must bring about. */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Capability } from '../../../src/wire/capability.js';
import { HEADER_BYTES } from '../../../src/wire/packet-header.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { SSL_REQUEST_BYTES } from '../../../src/wire/ssl-request.js';
import type { Scenario } from './scenario.js';
import { sendCut } from './send-cut.js';

/** An answer is over when nothing has come for so long. */
const QUIET_MS = 2;
/** Nothing at all need come: then the client goes on after this. */
const ANSWER_MS = 15;
/** A lazy client begins to read after this. */
const LAZY_MS = 100;
/** A silent client waits so long for the proxy's deadline for logins (ten seconds on the proxy's clock) to pass. */
const SILENCE_MS = 1_500;

/** @returns when the connection has closed. @throws Error — when that takes longer than `endMs`, or nobody listens. */
export async function playClient(port: number, scenario: Scenario, endMs: number): Promise<void> {
  const { client, options } = scenario;
  const plain = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => plain.once('close', () => resolve()));
  const failures: (string | undefined)[] = [];
  plain.on('error', (error: NodeJS.ErrnoException) => {
    failures.push(error.code);
    plain.destroy();
  });
  const received = new Received(plain);
  if (options.lazy) {
    plain.pause();
    setTimeout(() => plain.resume(), LAZY_MS);
  }
  await received.answer();
  const [response, ...commands] = client;
  const isSecure =
    options.tls && response !== undefined && response.length > HEADER_BYTES + SSL_REQUEST_BYTES;
  const socket = isSecure ? await secure(plain, received, response) : plain;
  const turns = isSecure ? [relabelled(response), ...commands] : client;
  for (const turn of turns) {
    if (!socket.writable) break;
    sendCut(socket, turn, options.clientCut);
    if (!options.pipelined) await received.answer();
  }
  if (options.pipelined) await received.answer();
  if (options.clientEnd === 'silence') await Promise.race([closed, sleep(SILENCE_MS)]);
  if (options.clientEnd === 'reset') plain.resetAndDestroy();
  else socket.end();
  // TLS that never came about, since the proxy had ended before, keeps its own end for itself.
  if (plain.readableEnded) plain.end();
  else plain.once('end', () => plain.end());
  const isClosed = await Promise.race([closed.then(() => true), sleep(endMs, false)]);
  plain.destroy();
  if (failures.includes('ECONNREFUSED')) throw new Error('the proxy does not listen any more');
  if (!isClosed) throw new Error(`the session did not end within ${endMs} ms`);
}

/** Notes when something comes. */
class Received {
  #bytes = 0;
  #atMs = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.listen(socket);
    socket.once('close', () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      this.#atMs = performance.now();
      this.#wake();
    });
  }

  /** Waits until something has come and no more comes, or nothing does, or the connection has closed. */
  async answer(): Promise<void> {
    const until = performance.now() + ANSWER_MS;
    if (this.#bytes === 0 && !this.#isClosed) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ANSWER_MS);
      });
      clearTimeout(timer);
    }
    while (!this.#isClosed && this.#bytes > 0 && performance.now() < until) {
      const left = this.#atMs + QUIET_MS - performance.now();
      if (left <= 0) break;
      await sleep(left);
    }
    this.#bytes = 0;
  }
}

/** Asks for TLS with the head of a response. @returns the encrypted connection, or the plain one if none comes about. */
async function secure(plain: Socket, received: Received, response: Uint8Array): Promise<Socket> {
  const head = response.slice(HEADER_BYTES, HEADER_BYTES + SSL_REQUEST_BYTES);
  head[1] = (head[1] ?? 0) | (Capability.ssl >> 8);
  plain.write(framePayload(1, head));
  plain.removeAllListeners('data');
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  socket.on('error', () => plain.destroy());
  received.listen(socket);
  await Promise.race([
    once(socket, 'secureConnect').catch(() => undefined),
    once(plain, 'close'),
    sleep(500),
  ]);
  return socket;
}

/** The response as it is within TLS: one packet later. */
function relabelled(response: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(response);
  copy[3] = (copy[3] ?? 0) + 1;
  copy[HEADER_BYTES + 1] = (copy[HEADER_BYTES + 1] ?? 0) | (Capability.ssl >> 8);
  return copy;
}
