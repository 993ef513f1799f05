/**
 * Puts load on a MySQL server and counts. Run by relay.bench.ts in a process of its own; told what to do by IPC.
 */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { NO_BYTES, utf8 } from '../../src/base/bytes.js';
import { AnswerFollower } from '../../src/wire/answer-follower.js';
import { AnswerKind } from '../../src/wire/answer-kind.js';
import { Capability } from '../../src/wire/capability.js';
import { printTextCommand } from '../../src/wire/com-text.js';
import { Command } from '../../src/wire/command.js';
import { printHandshakeResponse } from '../../src/wire/handshake-response.js';
import { frame } from '../../src/wire/packet-writer.js';

/** A round of load. */
export interface Load {
  /** `idle` opens connections that ask once, and leaves them open until `release`. */
  readonly kind: 'point' | 'stream' | 'login' | 'idle' | 'release';
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly sql: string;
}

/** What it came to. */
export interface LoadResult {
  readonly count: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Of point selects. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const response = frame(1, (out) =>
  printHandshakeResponse(
    {
      capabilities:
        Capability.protocol41 | Capability.secureConnection | Capability.pluginAuth | Capability.deprecateEof,
      ...{ maxPacketBytes: 1 << 24, collation: 46, user: 'root', authData: NO_BYTES, database: undefined },
      ...{ authPlugin: 'mysql_native_password', attributes: undefined, zstdLevel: undefined },
    },
    out,
  ),
);
const quit = frame(0, (out) => out.u8(Command.quit));
const queryOf = (sql: string): Uint8Array =>
  frame(0, (out) => printTextCommand({ command: Command.query, text: utf8(sql) }, out));

function login(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = 0;
    const onData = (chunk: Buffer): void => {
      if (received++ === 0) {
        socket.write(response);
      } else if (chunk[4] === 0) {
        socket.off('data', onData);
        socket.off('error', reject);
        resolve(socket);
      } else {
        reject(new Error(`login refused: ${chunk.toString('latin1')}`));
      }
    };
    socket.on('data', onData);
    socket.on('error', reject);
  });
}

async function points({ port, connections, seconds, sql }: Load): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => login(port)));
  const query = queryOf(sql);
  const times: number[] = [];
  let bytes = 0;
  const begun = performance.now();
  const until = begun + seconds * 1000;
  const load = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      const follower = new AnswerFollower(true, 0);
      let sentMs = 0;
      const send = (): void => {
        follower.expect(AnswerKind.result);
        sentMs = performance.now();
        socket.write(query);
      };
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        follower.feed(chunk, 0, chunk.length);
        if (follower.pendingCount > 0) return;
        const nowMs = performance.now();
        times.push(nowMs - sentMs);
        if (nowMs > until) resolve();
        else send();
      });
      send();
    });
  await Promise.all(sockets.map(load));
  const elapsed = (performance.now() - begun) / 1000;
  for (const socket of sockets) socket.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { count: times.length, bytes, seconds: elapsed, p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function streams({ port, sql }: Load): Promise<LoadResult> {
  const socket = await login(port);
  const follower = new AnswerFollower(true, 0);
  follower.expect(AnswerKind.result);
  let bytes = 0;
  const begun = performance.now();
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      follower.feed(chunk, 0, chunk.length);
      if (follower.pendingCount === 0) resolve();
    });
    socket.write(queryOf(sql));
  });
  socket.destroy();
  return { count: 1, bytes, seconds: (performance.now() - begun) / 1000, p50Ms: 0, p99Ms: 0 };
}

async function logins({ port, connections, seconds }: Load): Promise<LoadResult> {
  const begun = performance.now();
  const until = begun + seconds * 1000;
  let count = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const socket = await login(port);
      count++;
      socket.resume().end(quit);
      await new Promise((resolve) => socket.once('close', resolve));
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return { count, bytes: 0, seconds: (performance.now() - begun) / 1000, p50Ms: 0, p99Ms: 0 };
}

/** Connections at once while idle ones are opened. */
const OPENING = 64;
let idle: Socket[] = [];

async function open({ port, connections, sql }: Load): Promise<LoadResult> {
  const begun = performance.now();
  const query = queryOf(sql);
  const openNext = async (): Promise<void> => {
    while (idle.length < connections) {
      const place = idle.length;
      idle.length++;
      const socket = await login(port);
      socket.write(query);
      await once(socket, 'data');
      idle[place] = socket;
    }
  };
  await Promise.all(Array.from({ length: OPENING }, openNext));
  const seconds = (performance.now() - begun) / 1000;
  return { count: connections, bytes: 0, seconds, p50Ms: 0, p99Ms: 0 };
}

async function release(): Promise<LoadResult> {
  const closed = idle.map((socket) => once(socket, 'close'));
  for (const socket of idle) socket.destroy();
  await Promise.all(closed);
  idle = [];
  return { count: 0, bytes: 0, seconds: 0, p50Ms: 0, p99Ms: 0 };
}

const runs = { point: points, stream: streams, login: logins, idle: open, release };

process.on('message', (message) => {
  const load = message as Load;
  runs[load.kind](load).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit());
