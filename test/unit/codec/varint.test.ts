import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { readLength, readUvarint, readVarint, writeUvarint, writeVarint } from '../../../src/codec/varint.js';

const I64_MIN = -(1n << 63n);
const U64_MAX = (1n << 64n) - 1n;

describe('varints', () => {
  for (const [value, hex] of [
    [0n, '00'],
    [127n, '7f'],
    [128n, '8001'],
    [300n, 'ac02'],
    [U64_MAX, 'ffffffffffffffffff01'],
  ] as const) {
    it(`writes unsigned ${value} as ${hex}, and reads it back`, () => {
      const out = new ByteWriter();
      writeUvarint(out, value);
      expect(toHex(out.take())).to.equal(hex);
      expect(readUvarint(new ByteReader(fromHex(hex)))).to.equal(value);
    });
  }

  for (const [value, hex] of [
    [0n, '00'],
    [-1n, '01'],
    [1n, '02'],
    [-64n, '7f'],
    [64n, '8001'],
    [I64_MIN, 'ffffffffffffffffff01'],
    [-I64_MIN - 1n, 'feffffffffffffffff01'],
  ] as const) {
    it(`writes signed ${value} as ${hex}, and reads it back`, () => {
      const out = new ByteWriter();
      writeVarint(out, value);
      expect(toHex(out.take())).to.equal(hex);
      expect(readVarint(new ByteReader(fromHex(hex)))).to.equal(value);
    });
  }

  for (const [what, hex] of [
    ['one that does not end', 'ffff'],
    ['one of eleven bytes', 'ffffffffffffffffffff01'],
    ['one of more than 64 bits', 'ffffffffffffffffff02'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => readUvarint(new ByteReader(fromHex(hex)))).to.throw(CodecError);
    });
  }

  it('refuses lengths beyond what is left, and negative ones', () => {
    expect(readLength(new ByteReader(new Uint8Array(3)), 3n)).to.equal(3);
    expect(() => readLength(new ByteReader(new Uint8Array(3)), 4n)).to.throw(CodecError);
    expect(() => readLength(new ByteReader(new Uint8Array(3)), -1n)).to.throw(CodecError);
  });
});
