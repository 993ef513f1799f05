// Sequence ids of packets and of frames on compressed connections, as clients and TiDB send and want them.
import { expect } from 'chai';
import { NO_BYTES, concatBytes } from '../../../src/base/bytes.js';
import { CompressedClientLeg } from '../../../src/wire/compressed-client-leg.js';
import { CompressedServerLeg } from '../../../src/wire/compressed-server-leg.js';
import { printFrame } from '../../../src/wire/compressed-frame.js';
import type { CompressedLeg } from '../../../src/wire/compressed-leg.js';
import { FrameReader } from '../../../src/wire/frame-reader.js';
import { HeaderWalker } from '../../../src/wire/header-walker.js';
import { FULL_PAYLOAD } from '../../../src/wire/packet-header.js';
import { framePayload } from '../../../src/wire/packet-writer.js';

/** A message of so many bytes. */
const packet = (id: number, bytes = 1): Uint8Array => framePayload(id, new Uint8Array(bytes));

/** Ids of the packets in a stream. */
function ids(bytes: Uint8Array): number[] {
  const found: number[] = [];
  new HeaderWalker().walk(bytes, ({ sequence }) => found.push(sequence));
  return found;
}

/** What the session gets of a frame: the ids of its packets. */
function receive(leg: CompressedLeg, frameId: number, ...packets: readonly Uint8Array[]): number[] {
  leg.feed(printFrame(frameId, concatBytes(...packets)));
  return ids(leg.next() ?? NO_BYTES);
}

/** What is sent for packets: each frame's id, and the ids of its packets. */
function send(leg: CompressedLeg, ...packets: readonly Uint8Array[]): [number, number[]][] {
  const reader = new FrameReader('tidb');
  for (const frame of leg.frame(concatBytes(...packets))) reader.feed(frame);
  const sent: [number, number[]][] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    sent.push([frame.sequence, ids(frame.contents)]);
  }
  return sent;
}

describe('the compressed connection of a client', () => {
  it('numbers the frames of each answer on from those of its command', () => {
    const leg = new CompressedClientLeg();
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
    expect(send(leg, packet(1), packet(2))).to.deep.equal([[1, [1, 2]]]);
    expect(send(leg, packet(3))).to.deep.equal([[2, [3]]]);
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
    expect(send(leg, packet(1))).to.deep.equal([[1, [1]]]);
  });

  it('knows commands by their frame, whatever number their packets have', () => {
    const leg = new CompressedClientLeg();
    for (let round = 0; round < 3; round++) {
      expect(receive(leg, 0, packet(round * 5))).to.deep.equal([0]);
      expect(send(leg, packet(1))).to.deep.equal([[1, [1]]]);
    }
  });

  it('knows an answer of 256 packets from the next one', () => {
    const leg = new CompressedClientLeg();
    receive(leg, 0, packet(0));
    send(leg, ...Array.from({ length: 256 }, (_, i) => packet((i + 1) & 0xff)));
    receive(leg, 0, packet(0));
    expect(send(leg, packet(1), packet(2))).to.deep.equal([[1, [1, 2]]]);
  });

  it('begins a frame for each of several answers', () => {
    const leg = new CompressedClientLeg();
    expect(receive(leg, 0, packet(0), packet(0))).to.deep.equal([0, 0]);
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
    expect(send(leg, packet(1), packet(2), packet(1), packet(2), packet(1))).to.deep.equal([
      [1, [1, 2]],
      [1, [1, 2]],
      [1, [1]],
    ]);
  });

  it('joins a command of several frames and packets', () => {
    const leg = new CompressedClientLeg();
    const command = packet(0, FULL_PAYLOAD + 10);
    const half = FULL_PAYLOAD - 1;
    // The second packet's header is cut in two.
    leg.feed(printFrame(0, command.subarray(0, half)));
    leg.feed(printFrame(1, command.subarray(half, FULL_PAYLOAD + 6)));
    leg.feed(printFrame(2, command.subarray(FULL_PAYLOAD + 6)));
    const parts = [leg.next(), leg.next(), leg.next()].map((part) => part ?? NO_BYTES);
    expect(ids(concatBytes(...parts))).to.deep.equal([0, 1]);
    expect(Buffer.compare(concatBytes(...parts), command)).to.equal(0);
    expect(send(leg, packet(2))).to.deep.equal([[3, [2]]]);
  });

  it('counts a file on from the packet that asked for it, as the server’s side would', () => {
    const leg = new CompressedClientLeg();
    receive(leg, 0, packet(0));
    // Three results, and then the request.
    expect(send(leg, packet(1), packet(2), packet(3), packet(4))).to.deep.equal([[1, [1, 2, 3, 4]]]);
    // libmysql counts on from the frame.
    expect(receive(leg, 2, packet(2), packet(3))).to.deep.equal([5, 6]);
    expect(receive(leg, 3, packet(4))).to.deep.equal([7]);
    expect(receive(leg, 4, packet(5, 0))).to.deep.equal([8]);
    expect(send(leg, packet(9))).to.deep.equal([[5, [9]]]);
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
  });

  it('takes no part of a long file for a command', () => {
    const leg = new CompressedClientLeg();
    receive(leg, 0, packet(0));
    send(leg, packet(1));
    for (let i = 2; i < 600; i++) expect(receive(leg, i & 0xff, packet(i & 0xff))).to.deep.equal([i & 0xff]);
    expect(receive(leg, 600 & 0xff, packet(600 & 0xff, 0))).to.deep.equal([600 & 0xff]);
    expect(send(leg, packet(601 & 0xff))).to.deep.equal([[601 & 0xff, [601 & 0xff]]]);
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
  });

  it('counts on where both sides take turns, as after COM_CHANGE_USER', () => {
    const leg = new CompressedClientLeg();
    receive(leg, 0, packet(0));
    expect(send(leg, packet(1))).to.deep.equal([[1, [1]]]);
    expect(receive(leg, 2, packet(2))).to.deep.equal([2]);
    expect(send(leg, packet(3))).to.deep.equal([[3, [3]]]);
    expect(receive(leg, 4, packet(4))).to.deep.equal([4]);
    expect(send(leg, packet(5))).to.deep.equal([[5, [5]]]);
    expect(receive(leg, 0, packet(0))).to.deep.equal([0]);
    expect(send(leg, packet(1))).to.deep.equal([[1, [1]]]);
  });
});

describe('the compressed connection to a server', () => {
  it('begins a frame of id 0 for each command', () => {
    const leg = new CompressedServerLeg();
    expect(send(leg, packet(0), packet(0))).to.deep.equal([
      [0, [0]],
      [0, [0]],
    ]);
    expect(receive(leg, 1, packet(1))).to.deep.equal([1]);
    expect(receive(leg, 1, packet(1))).to.deep.equal([1]);
    expect(send(leg, packet(0))).to.deep.equal([[0, [0]]]);
  });

  it('numbers packets as if TiDB did not flush', () => {
    const leg = new CompressedServerLeg();
    send(leg, packet(0));
    expect(receive(leg, 1, packet(1), packet(2), packet(3))).to.deep.equal([1, 2, 3]);
    expect(receive(leg, 2, packet(2))).to.deep.equal([4]);
    expect(receive(leg, 3)).to.deep.equal([]);
    expect(receive(leg, 4, packet(4), packet(5))).to.deep.equal([5, 6]);
    send(leg, packet(0));
    // An empty frame may come first.
    expect(receive(leg, 1)).to.deep.equal([]);
    expect(receive(leg, 2, packet(1))).to.deep.equal([1]);
  });

  it('numbers the answer to a long command as TiDB does', () => {
    const leg = new CompressedServerLeg();
    const command = packet(0, FULL_PAYLOAD + 10);
    const frames = leg.frame(command);
    expect(frames.map((frame) => frame[3])).to.deep.equal(frames.map((_, i) => i & 0xff));
    const reader = new FrameReader('client');
    const sent = frames.map((frame) => {
      reader.feed(frame);
      return reader.next()?.contents ?? NO_BYTES;
    });
    expect(Buffer.compare(concatBytes(...sent), command)).to.equal(0);
    const next = (frames.at(-1)?.[3] ?? 0) + 1;
    expect(receive(leg, next & 0xff, packet(2))).to.deep.equal([2]);
    expect(receive(leg, (next + 1) & 0xff, packet(next + 1))).to.deep.equal([3]);
  });

  it('knows an answer of 256 frames from the next one', () => {
    const leg = new CompressedServerLeg();
    send(leg, packet(0));
    for (let i = 1; i <= 256; i++) {
      expect(receive(leg, i & 0xff, packet(i === 1 ? 1 : i & 0xff))).to.deep.equal([i & 0xff]);
    }
    send(leg, packet(0));
    expect(receive(leg, 1, packet(1))).to.deep.equal([1]);
  });

  it('counts a file, and its packets, on from the frame that asked for it', () => {
    const leg = new CompressedServerLeg();
    send(leg, packet(0));
    // Two results, flushed one by one, and the request.
    expect(receive(leg, 1, packet(1), packet(2))).to.deep.equal([1, 2]);
    expect(receive(leg, 2, packet(2))).to.deep.equal([3]);
    expect(send(leg, packet(4), packet(5))).to.deep.equal([[3, [3, 4]]]);
    expect(send(leg, packet(6, 0))).to.deep.equal([[4, [5]]]);
    // What follows is counted by TiDB from what it was sent, and must be by what the client was sent.
    expect(receive(leg, 5, packet(6))).to.deep.equal([7]);
    expect(receive(leg, 6, packet(6))).to.deep.equal([8]);
    expect(send(leg, packet(0))).to.deep.equal([[0, [0]]]);
  });

  it('takes no part of a long file for a command', () => {
    const leg = new CompressedServerLeg();
    send(leg, packet(0));
    receive(leg, 1, packet(1));
    for (let i = 2; i < 600; i++) expect(send(leg, packet(i & 0xff))).to.deep.equal([[i & 0xff, [i & 0xff]]]);
    expect(send(leg, packet(600 & 0xff, 0))).to.deep.equal([[600 & 0xff, [600 & 0xff]]]);
    expect(receive(leg, 601 & 0xff, packet(601 & 0xff))).to.deep.equal([601 & 0xff]);
  });

  it('leaves the bytes that it is lent as they are', () => {
    const leg = new CompressedServerLeg();
    send(leg, packet(0));
    receive(leg, 1, packet(1), packet(2), packet(3));
    const file = packet(4);
    expect(send(leg, file)).to.deep.equal([[2, [2]]]);
    expect(ids(file)).to.deep.equal([4]);
  });
});
