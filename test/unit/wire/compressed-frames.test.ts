import { deflateSync, inflateSync } from 'node:zlib';
import { expect } from 'chai';
import { NO_BYTES, concatBytes, fromHex, toHex } from '../../../src/base/bytes.js';
import { FRAME_HEADER_BYTES, printFrame } from '../../../src/wire/compressed-frame.js';
import { FrameReader } from '../../../src/wire/frame-reader.js';
import { FrameWriter } from '../../../src/wire/frame-writer.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';

const long = new Uint8Array(1000).fill(7);
/** Bytes that zlib only makes longer. */
const dense = Uint8Array.from({ length: 100 }, (_, i) => (i * 167 + ((i * i) % 251)) & 0xff);

/** A frame by hand: what is claimed, and what is there. */
function forged(sequence: number, claimed: number, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntLE(body.length, 0, 3);
  header[3] = sequence;
  header.writeUIntLE(claimed, 4, 3);
  return concatBytes(header, body);
}

const readAll = (reader: FrameReader): { sequence: number; contents: string }[] => {
  const frames: { sequence: number; contents: string }[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    frames.push({ sequence: frame.sequence, contents: toHex(frame.contents) });
  }
  return frames;
};

describe('frames of the compressed protocol', () => {
  it('hold what is short, or dense, as it is', () => {
    expect(toHex(printFrame(3, fromHex('0a0b')))).to.equal('02000003000000' + '0a0b');
    expect(toHex(printFrame(255, NO_BYTES))).to.equal('000000ff000000');
    expect(toHex(printFrame(0, long.subarray(0, 50)))).to.equal('32000000000000' + '07'.repeat(50));
    expect(toHex(printFrame(0, dense))).to.equal('64000000000000' + toHex(dense));
  });

  it('hold what is long as zlib packs it, with its length before', () => {
    const frame = Buffer.from(printFrame(9, long));
    expect(frame.readUIntLE(0, 3)).to.equal(frame.length - FRAME_HEADER_BYTES);
    expect(frame[3]).to.equal(9);
    expect(frame.readUIntLE(4, 3)).to.equal(1000);
    expect(toHex(inflateSync(frame.subarray(FRAME_HEADER_BYTES)))).to.equal(toHex(long));
    expect(frame.length).to.be.lessThan(40);
  });

  it('are read wherever chunks cut them', () => {
    const stream = concatBytes(printFrame(1, long), printFrame(2, NO_BYTES), printFrame(3, fromHex('aa')));
    const expected = [
      { sequence: 1, contents: toHex(long) },
      { sequence: 2, contents: '' },
      { sequence: 3, contents: 'aa' },
    ];
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new FrameReader('client');
      reader.feed(stream.subarray(0, cut));
      const first = readAll(reader);
      reader.feed(stream.subarray(cut));
      expect([...first, ...readAll(reader)]).to.deep.equal(expected);
    }
    const reader = new FrameReader('client');
    const frames = [...stream].flatMap((byte) => {
      reader.feed(Uint8Array.of(byte));
      return readAll(reader);
    });
    expect(frames).to.deep.equal(expected);
  });

  it('do not keep the chunk they came in', () => {
    const reader = new FrameReader('tidb');
    const chunk = printFrame(0, fromHex('0102'));
    reader.feed(chunk);
    chunk.fill(0);
    expect(toHex(reader.next()?.contents ?? NO_BYTES)).to.equal('0102');
  });

  for (const [what, bytes] of [
    ['hold more than they say', forged(0, 999, deflateSync(long))],
    ['hold less than they say', forged(0, 1001, deflateSync(long))],
    ['would fill the memory', forged(0, 1000, deflateSync(new Uint8Array(16 * 1024 * 1024)))],
    ['are no zlib', forged(0, 10, fromHex('00112233445566'))],
    ['break off', forged(0, 1000, deflateSync(long).subarray(0, 10))],
    ['are empty and claim not to be', forged(0, 10, NO_BYTES)],
  ] as const) {
    it(`are refused if they ${what}`, () => {
      const reader = new FrameReader('client');
      reader.feed(bytes);
      expect(() => reader.next()).to.throw(ProtocolError);
    });
  }

  it('are numbered on from where it is said, and cut where they would be long', () => {
    const writer = new FrameWriter();
    writer.restart(254);
    writer.add(new Uint8Array(200_000), 0, 200_000);
    writer.add(fromHex('aabbcc'), 1, 2);
    const reader = new FrameReader('tidb');
    for (const frame of writer.take()) reader.feed(frame);
    const frames = readAll(reader);
    expect(frames.map(({ sequence }) => sequence)).to.deep.equal([254, 255, 0, 1, 2]);
    expect(frames.map(({ contents }) => contents.length / 2)).to.deep.equal([65536, 65536, 65536, 3392, 1]);
    expect(frames.at(-1)?.contents).to.equal('bb');
    expect(writer.sequence).to.equal(2);
    expect(writer.take()).to.deep.equal([]);
  });
});
