import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { concatBytes, fromHex, toHex } from '../../../src/base/bytes.js';
import { writeLenencBigint, writeLenencInt, writeNulText } from '../../../src/wire/length-encoding.js';
import { FULL_PAYLOAD } from '../../../src/wire/packet-header.js';
import { PacketFollower } from '../../../src/wire/packet-follower.js';
import { PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { PacketWriter, frame, framePayload } from '../../../src/wire/packet-writer.js';
import { PayloadReader } from '../../../src/wire/payload-reader.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';

describe('length-encoded integers', () => {
  const samples: readonly (readonly [bigint, string])[] = [
    [0n, '00'],
    [250n, 'fa'],
    [251n, 'fcfb00'],
    [0xffffn, 'fcffff'],
    [0x10000n, 'fd000001'],
    [0xff_ff_ffn, 'fdffffff'],
    [0x1_00_00_00n, 'fe0000000100000000'],
    [(1n << 64n) - 1n, 'feffffffffffffffff'],
  ];
  for (const [value, bytes] of samples) {
    it(`take ${bytes.length / 2} bytes for ${String(value)}`, () => {
      const out = new ByteWriter();
      writeLenencBigint(out, value);
      expect(toHex(out.take())).to.equal(bytes);
      expect(new PayloadReader(fromHex(bytes), 'tidb', 'test').lenencInt()).to.equal(value);
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) return;
      writeLenencInt(out.reset(), Number(value));
      expect(toHex(out.take())).to.equal(bytes);
    });
  }

  it('are never negative, broken or too large', () => {
    for (const value of [-1, 1.5, 2 ** 53]) {
      expect(() => writeLenencInt(new ByteWriter(), value)).to.throw(AssertionError);
    }
    expect(() => writeLenencBigint(new ByteWriter(), 1n << 64n)).to.throw(AssertionError);
    expect(() => writeNulText(new ByteWriter(), 'a\0b')).to.throw(AssertionError);
  });

  it('refuse the two first bytes that begin none', () => {
    for (const first of ['fb', 'ff']) {
      expect(() => new PayloadReader(fromHex(first), 'client', 'test').lenencInt()).to.throw(ProtocolError);
    }
  });
});

describe('packet writer', () => {
  it('frames messages one after the other', () => {
    const writer = new PacketWriter(254);
    writer.message((out) => out.u8(7)).payload(fromHex('0102'));
    writer.message(() => undefined);
    expect(toHex(writer.take())).to.equal('010000fe07' + '020000ff0102' + '00000000');
    expect(writer.sequence).to.equal(1);
    expect(writer.length).to.equal(0);
  });

  for (const extra of [-1, 0, 1, FULL_PAYLOAD]) {
    it(`continues a message of 16 MiB − 1 ${extra < 0 ? '−' : '+'} ${Math.abs(extra)} bytes as long as it must`, () => {
      const payload = new Uint8Array(FULL_PAYLOAD + extra).fill(5);
      const framed = framePayload(3, payload);
      expect(
        Buffer.compare(
          framed,
          frame(3, (out) => out.bytes(payload)),
        ),
      ).to.equal(0);
      const packets = extra < 0 ? 1 : extra === FULL_PAYLOAD ? 3 : 2;
      expect(framed.length).to.equal(payload.length + 4 * packets);
      const last = framed.length - 4 - (payload.length % FULL_PAYLOAD);
      expect(framed[last + 3]).to.equal(3 + packets - 1);
      const splitter = new PacketSplitter('client', 2 * FULL_PAYLOAD);
      splitter.feed(framed);
      const message = splitter.next();
      expect(message?.sequence).to.equal(3 + packets - 1);
      expect(Buffer.compare(message?.payload ?? new Uint8Array(), payload)).to.equal(0);
    });
  }
});

describe('packet follower', () => {
  const stream = concatBytes(
    frame(0, (out) => out.fill(1, 5)),
    frame(1, () => undefined),
    frame(2, (out) => out.fill(2, 300)),
  );

  it('finds the same packets wherever the stream is cut', () => {
    for (let step = 1; step <= stream.length; step++) {
      const follower = new PacketFollower();
      const found: [number, number][] = [];
      let isInside = false;
      for (let from = 0; from < stream.length; from += step) {
        const end = Math.min(stream.length, from + step);
        let at = from;
        while (at < end || (isInside && follower.left === 0)) {
          if (!isInside) {
            at = follower.enter(stream, at, end);
            if (at < 0) break;
            isInside = true;
          }
          at = follower.pass(at, end);
          if (follower.left > 0) break;
          found.push([follower.length, follower.sequence]);
          isInside = false;
        }
      }
      expect(found, `steps of ${step}`).to.deep.equal([
        [5, 0],
        [0, 1],
        [300, 2],
      ]);
      expect(follower.isInHeader).to.equal(false);
    }
  });
});

describe('packet splitter', () => {
  it('refuses a message over its bound before it has arrived', () => {
    const splitter = new PacketSplitter('client', 10);
    splitter.feed(fromHex('0b000000'));
    expect(() => splitter.next()).to.throw(ProtocolError, '10 bytes');
  });

  it('gives out what is no message', () => {
    const splitter = new PacketSplitter('client', 10);
    splitter.feed(fromHex('01000000ff'));
    splitter.feed(fromHex('160301'));
    expect(toHex(splitter.next()?.payload ?? new Uint8Array())).to.equal('ff');
    expect(splitter.next()).to.equal(undefined);
    splitter.feed(fromHex('02'));
    expect(toHex(splitter.rest())).to.equal('16030102');
    expect(splitter.next()).to.equal(undefined);
  });

  it('does not keep the chunk it was given', () => {
    const splitter = new PacketSplitter('client', 10);
    const chunk = fromHex('01000000aa');
    splitter.feed(chunk);
    chunk.fill(0);
    expect(toHex(splitter.next()?.payload ?? new Uint8Array())).to.equal('aa');
  });
});

describe('payload reader', () => {
  it('goes back only over what was read', () => {
    const reader = new PayloadReader(fromHex('0102'), 'client', 'test');
    expect(reader.u8()).to.equal(1);
    reader.back(1);
    expect(reader.u16()).to.equal(0x0201);
    expect(reader.at).to.equal(2);
    expect(() => reader.back(3)).to.throw(AssertionError);
  });

  it('names the message and what is wrong with it', () => {
    const reader = new PayloadReader(fromHex('0102'), 'client', 'greeting');
    expect(() => reader.u24()).to.throw(ProtocolError, 'malformed greeting: 2 bytes, 3 needed');
  });
});
