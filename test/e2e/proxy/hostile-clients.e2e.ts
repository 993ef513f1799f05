// Clients that mean no good, or are broken, before a proxy in a process of its own: whatever they do, nothing of them
// is left behind, memory stays bounded, and a well-behaved neighbour hardly notices.
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect } from 'chai';
import selfsigned from 'selfsigned';
import { NO_BYTES, utf8 } from '../../../src/base/bytes.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';
import { ChildProxy, type ProxyStats } from './child-proxy.js';
import { MB } from './process-memory.js';
import { RawClient } from './raw-client.js';
import { type Tidb, startTidb } from './tidb.js';

const HANDSHAKE_MS = 3_000;
/** What a neighbour's point query may take while others misbehave, in the middle and at most: machines may be busy. */
const NEIGHBOUR_MS_MEDIAN = 250;
const NEIGHBOUR_MS_MAX = 5_000;
/** TCP handles with nobody there but the neighbour: the listening one, and two of his. */
const NEIGHBOUR_SOCKETS = 3;
/** What may be left of memory after all: caches and fragments, of no client's. */
const LEFT_BYTES_MAX = 8 * MB;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const many = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const ignore = (): undefined => undefined;

/** A connection of which errors are not looked at, and that is read from. */
function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  socket.on('error', ignore);
  socket.resume();
  return socket;
}

const closed = (socket: Socket): Promise<unknown> =>
  socket.closed || socket.destroyed ? Promise.resolve() : once(socket, 'close').catch(ignore);

/** The response that a well-behaved client would send. */
function response(user = 'root', more = 0, attributes: [string, string][] = []): Uint8Array {
  const capabilities =
    Capability.protocol41 |
    Capability.secureConnection |
    Capability.pluginAuth |
    Capability.connectAttributes |
    more;
  return frame(1, (out) =>
    printHandshakeResponse(
      {
        ...{ capabilities, maxPacketBytes: 1 << 24, collation: 45, user, authData: NO_BYTES },
        ...{ database: undefined, authPlugin: 'mysql_native_password', attributes, zstdLevel: undefined },
      },
      out,
    ),
  );
}

describe('hostile clients', function () {
  this.timeout(180_000);
  let tidb: Tidb;
  let proxy: ChildProxy;
  let neighbour: RawClient;
  let start: ProxyStats;

  /** Bytes in use that a garbage collection does not free. */
  const inUse = ({ heapUsed, external }: ProxyStats): number => heapUsed + external;

  let stopNeighbour: () => Promise<readonly number[]>;

  before(async () => {
    tidb = await startTidb();
    const pems = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
    proxy = await ChildProxy.startWith(
      {
        limits: { handshakeMs: HANDSHAKE_MS },
        clientTls: { cert: pems.cert, key: pems.private },
        refuses: true,
      },
      tidb.address,
    );
    neighbour = await RawClient.login(proxy.port);
    // What is made once (TLS, buffers) is made before anything is measured.
    for (let i = 0; i < 3; i++) {
      const secure = await tlsLogin();
      secure.destroy();
      const raw = await RawClient.login(proxy.port);
      await raw.query(`SELECT REPEAT('x', 1000000)`);
      await raw.quit();
    }
    await settled();
  });

  after(async () => {
    await neighbour.quit();
    await proxy.stop();
    await tidb.stop();
  });

  beforeEach(async () => {
    start = await settled();
    let isOver = false;
    const asking = (async () => {
      const tookMs: number[] = [];
      while (!isOver) {
        const startMs = performance.now();
        await neighbour.query('SELECT 1');
        tookMs.push(performance.now() - startMs);
        await sleep(5);
      }
      return tookMs.sort((a, b) => a - b);
    })();
    stopNeighbour = () => {
      isOver = true;
      return asking;
    };
  });

  afterEach(async () => {
    const tookMs = await stopNeighbour();
    const medianMs = tookMs[tookMs.length >> 1] ?? 0;
    const slowestMs = tookMs.at(-1) ?? 0;
    let after = await settled();
    // What a collection has found to be free is given back a moment later.
    for (let i = 0; i < 100 && inUse(after) - inUse(start) > LEFT_BYTES_MAX; i++) {
      await sleep(50);
      after = await settled();
    }
    const leftBytes = inUse(after) - inUse(start);
    console.log(
      `      neighbour: ${tookMs.length} queries, ${medianMs.toFixed(1)} ms, at most ${slowestMs.toFixed(0)} ms; ` +
        `${(leftBytes / MB).toFixed(1)} MB left`,
    );
    expect(after.timers).to.be.at.most(start.timers + 1);
    expect(leftBytes).to.be.lessThan(LEFT_BYTES_MAX);
    expect(medianMs).to.be.lessThan(NEIGHBOUR_MS_MEDIAN);
    expect(slowestMs).to.be.lessThan(NEIGHBOUR_MS_MAX);
  });

  /** Waits until nobody but the neighbour is there; the test's own time limit is the bound. */
  async function settled(): Promise<ProxyStats> {
    for (;;) {
      const stats = await proxy.stats();
      // Health checks come and go.
      if (stats.openConnections === 1 && stats.sockets === NEIGHBOUR_SOCKETS) return stats;
      await sleep(50);
    }
  }

  async function tlsLogin(): Promise<Socket> {
    const plain = open(proxy.port);
    await once(plain, 'data');
    plain.write(framePayload(1, response('root', Capability.ssl).slice(4, 36)));
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    secure.on('error', ignore);
    await once(secure, 'secureConnect');
    return secure;
  }

  it('that send a byte now and then are sent away when the time for a login is over', async () => {
    const loris = many(100, () => open(proxy.port));
    const bytes = response();
    const startMs = performance.now();
    const dripping = loris.map(async (socket) => {
      for (const byte of bytes.subarray(0, -1)) {
        await sleep(40);
        if (socket.destroyed || !socket.writable) break;
        socket.write(Uint8Array.of(byte));
      }
      await closed(socket);
    });
    for (const socket of loris) socket.on('end', () => socket.end());
    await Promise.all(dripping);
    expect(performance.now() - startMs).to.be.lessThan(30_000);
  });

  it('that say nothing, close one half, or vanish, at any point of a login, leave nothing behind', async () => {
    const bytes = response();
    const ends: ((socket: Socket) => unknown)[] = [
      (socket) => socket.end(),
      (socket) => socket.destroy(),
      (socket) => socket.resetAndDestroy(),
      (socket) => once(socket, 'data').then(() => socket.end(), ignore),
      (socket) => once(socket, 'data').then(() => socket.end(bytes.subarray(0, 20)), ignore),
      (socket) => once(socket, 'data').then(() => socket.end(bytes), ignore),
      (socket) =>
        once(socket, 'data').then(() => socket.write(bytes, () => socket.resetAndDestroy()), ignore),
      ignore,
    ];
    const sockets = many(160, (i) => {
      const socket = open(proxy.port);
      socket.on('connect', () => void ends[i % ends.length]?.(socket));
      socket.on('end', () => socket.end());
      return socket;
    });
    await Promise.all(sockets.map(closed));
  });

  it('whose response is cut, lies about lengths, or is of no protocol, are told so or sent away', async () => {
    const good = response('root', 0, [['_client_name', 'x'.repeat(40)]]);
    const bad: Uint8Array[] = [];
    for (let length = 4; length < good.length; length++) {
      // Cut, with a header that says so; and with one that does not.
      bad.push(framePayload(1, good.subarray(4, length)), good.subarray(0, length));
    }
    for (let at = 0; at < good.length; at++) {
      for (const byte of [0x00, 0xff, 0xfb, 0xfe]) {
        const copy = good.slice();
        copy[at] = byte;
        bad.push(copy);
      }
    }
    bad.push(
      framePayload(7, good.subarray(4)),
      framePayload(1, utf8('GET / HTTP/1.1\r\n\r\n')),
      new Uint8Array(4),
    );
    const outcomes = new Map<string, number>();
    const play = async (bytes: Uint8Array): Promise<void> => {
      const raw = RawClient.open(proxy.port);
      await raw.chunk();
      raw.socket.write(bytes);
      // Those that are not cut in their header are answered at once, the others when no more comes.
      raw.socket.end();
      const text = (await raw.untilEnd()).toString('latin1');
      const outcome = /#([0-9A-Z]{5})/.exec(text)?.[1] ?? (text.length > 0 ? 'answered' : 'closed');
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      raw.socket.destroy();
    };
    for (let i = 0; i < bad.length; i += 20) await Promise.all(bad.slice(i, i + 20).map(play));
    console.log(
      `      ${bad.length}: ${[...outcomes].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    );
    expect(outcomes.get('08S01')).to.be.greaterThan(20);
  });

  it('with huge names, attributes and packets are refused before they are held', async () => {
    const attributes = many(500, (i): [string, string] => [`key${i}`, 'v'.repeat(100)]);
    const plays: [Uint8Array, RegExp][] = [
      [response('u'.repeat(200 * 1024)), /#(28000|08S01|08004|HY000|42000)/],
      [response('root', 0, attributes), /^OK$|#/],
      [response('root', 0, [['key', 'v'.repeat(250 * 1024)]]), /^OK$|#/],
      [response('u'.repeat(300 * 1024)), /#08S01Bad handshake: a message of over/],
      [Uint8Array.of(0xff, 0xff, 0xff, 1), /#08S01Bad handshake: a message of over/],
    ];
    for (const [bytes, expected] of plays) {
      await Promise.all(
        many(10, async () => {
          const raw = RawClient.open(proxy.port);
          await raw.chunk();
          raw.socket.write(bytes);
          const answer = await raw.chunk();
          expect(answer?.[4] === 0 ? 'OK' : answer?.toString('latin1')).to.match(expected);
          raw.socket.destroy();
        }),
      );
    }
  });

  it('that break TLS off, or close one half of it, leave nothing behind', async () => {
    const ssl = framePayload(1, response('root', Capability.ssl).slice(4, 36));
    const sockets = many(60, (i) => {
      const socket = open(proxy.port);
      socket.on('end', () => socket.end());
      void once(socket, 'data').then(() => {
        socket.write(ssl);
        // Nothing, noise, the beginning of a record, or the end, where TLS begins.
        if (i % 5 === 1) socket.write('noise that is no TLS record at all');
        if (i % 5 === 2) socket.write(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
        if (i % 5 === 3) socket.end();
        if (i % 5 === 4) socket.resetAndDestroy();
      }, ignore);
      return socket;
    });
    await Promise.all(sockets.map(closed));
    const secured = await Promise.all(many(20, () => tlsLogin()));
    secured.forEach((secure, i) => {
      if (i % 3 === 0) secure.end();
      if (i % 3 === 1) secure.destroy();
      // The others say nothing on it.
      secure.resume();
      secure.on('end', () => secure.end());
    });
    await Promise.all(secured.map(closed));
  });

  it('that ask and do not read stop only themselves', async () => {
    const deaf: RawClient[] = [];
    const peaks: number[] = [];
    const commands: [string, () => Uint8Array][] = [
      ['refused statements', () => framePayload(0, utf8('\x03REFUSE it'))],
      ['pings', () => framePayload(0, Uint8Array.of(Command.ping))],
      ['large results', () => framePayload(0, utf8("\x03SELECT REPEAT('x', 60000)"))],
    ];
    try {
      for (const [what, command] of commands) {
        const one = command();
        // As much in a piece as the kernel likes to take.
        const piece = Buffer.concat(many(Math.ceil(32_768 / one.length), () => one));
        for (let i = 0; i < 5; i++) {
          const raw = await RawClient.login(proxy.port);
          raw.socket.pause();
          deaf.push(raw);
          // One piece at a time, so that this process has time for the neighbour.
          const feed = (): void => {
            if (raw.socket.writable && raw.socket.write(piece)) setImmediate(feed);
          };
          raw.socket.on('drain', feed);
          feed();
        }
        await sleep(3_000);
        const held = inUse(await proxy.stats()) - inUse(start);
        console.log(`      ${what}: ${(held / MB).toFixed(1)} MB held for ${deaf.length} clients`);
        peaks.push(held);
      }
    } finally {
      for (const raw of deaf) raw.socket.resetAndDestroy();
    }
    // What has arrived in one piece is answered in one go: thousands of refusals, and each is a write by itself.
    expect(peaks[0]).to.be.lessThan(5 * 40 * MB);
    // The others may hold relayHighWaterBytes towards them, as much of their input, and pieces under way.
    peaks.slice(1).forEach((held, i) => expect(held - (peaks[i] ?? 0)).to.be.lessThan(5 * 8 * MB));
  });

  it('that come in floods are served or refused, and gone again', async () => {
    const flood = async (count: number): Promise<void> => {
      const sockets = many(count, () => open(proxy.port));
      for (const socket of sockets) socket.on('connect', () => socket.end());
      for (const socket of sockets) socket.on('end', () => socket.end());
      await Promise.all(sockets.map(closed));
    };
    for (let round = 0; round < 4; round++) await flood(250);
  });
});

describe('a flood before a proxy that limits rates', function () {
  this.timeout(120_000);

  it('is refused by clear errors and costs TiDB nothing', async () => {
    const tidb = await startTidb();
    const proxy = await ChildProxy.startWith({ limits: { connectsPerSecondPerAddress: 20 } }, tidb.address);
    try {
      const texts = await Promise.all(
        many(400, async () => {
          const raw = RawClient.open(proxy.port);
          const text = (await raw.chunk())?.toString('latin1') ?? '';
          raw.socket.destroy();
          return text;
        }),
      );
      const refused = texts.filter((text) =>
        text.includes('Too many connections from 127.0.0.1 in one second'),
      );
      console.log(`      ${refused.length} of ${texts.length} refused`);
      expect(refused.length).to.be.greaterThan(200);
      expect(texts.filter((text) => text === '')).to.deep.equal([]);
      const { connections } = await proxy.stats();
      expect(connections + refused.length).to.equal(texts.length);
    } finally {
      await proxy.stop();
      await tidb.stop();
    }
  });
});
