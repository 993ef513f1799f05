/** A "tidb-server" that says what a scenario tells it to, to whoever connects. */
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { PacketFollower } from '../../../src/wire/packet-follower.js';
import type { Scenario } from './scenario.js';
import { sendCut } from './send-cut.js';

/** An answer to what no scenario knows: OK. */
const OK = Uint8Array.of(7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0);
/** Bytes that make no message get an answer after so long. */
const PATIENCE_MS = 10;

/** Listens; what it does with a connection is decided by the scenario that is set when it comes. */
export class FuzzServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  scenario: Scenario;

  private constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      play(socket, this.scenario);
    });
  }

  static async start(scenario: Scenario): Promise<FuzzServer> {
    const server = new FuzzServer(scenario);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function play(socket: Socket, { server, options }: Scenario): void {
  const { serverCut, serverTurns, serverEnd } = options;
  const packet = new PacketFollower();
  let turn = 0;
  let patience: NodeJS.Timeout | undefined;
  const answer = (): void => {
    if (turn === serverTurns) {
      if (serverEnd === 'reset') socket.resetAndDestroy();
      else socket.end();
    } else if (socket.writable) {
      sendCut(socket, server[turn] ?? OK, serverCut);
    }
    turn++;
  };
  let isInPacket = false;
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('close', () => clearTimeout(patience));
  socket.on('data', (chunk: Buffer) => {
    clearTimeout(patience);
    for (let at = 0; at < chunk.length;) {
      if (!isInPacket) at = packet.enter(chunk, at, chunk.length);
      if (at < 0) break;
      at = packet.pass(at, chunk.length);
      isInPacket = packet.left > 0;
      if (!isInPacket && !packet.isContinued) answer();
    }
    if (isInPacket || packet.isInHeader) patience = setTimeout(answer, PATIENCE_MS);
  });
  answer();
}
