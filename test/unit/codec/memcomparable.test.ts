import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import {
  comparableBytes,
  comparableBytesEnd,
  readComparableBytes,
  readComparableFloat,
  readComparableI64,
  writeComparableBytes,
  writeComparableFloat,
  writeComparableI64,
  writeComparableInt,
  writeComparableUint,
} from '../../../src/codec/memcomparable.js';

function written(write: (out: ByteWriter) => void): string {
  const out = new ByteWriter(1);
  write(out);
  return toHex(out.take());
}

describe('memcomparable bytes', () => {
  // The examples of TiDB's own source, and lengths around a group.
  const cases = [
    ['', '0000000000000000f7'],
    ['010203', '0102030000000000fa'],
    ['01020300', '0102030000000000fb'],
    ['0102030405060708', '0102030405060708ff0000000000000000f7'],
    ['010203040506070809', '0102030405060708ff0900000000000000f8'],
  ] as const;

  for (const [plain, comparable] of cases) {
    it(`writes ${plain === '' ? 'nothing' : plain} as groups of eight, and reads it back`, () => {
      expect(toHex(comparableBytes(fromHex(plain)))).to.equal(comparable);
      expect(written((out) => writeComparableBytes(out, fromHex(plain)))).to.equal(comparable);
      expect(toHex(readComparableBytes(new ByteReader(fromHex(comparable))))).to.equal(plain);
    });
  }

  it('writes a piece of a buffer', () => {
    expect(written((out) => writeComparableBytes(out, fromHex('aabbccdd'), 1, 3))).to.equal(
      'bbcc000000000000f9',
    );
  });

  it('reads up to its own end and no further', () => {
    const from = new ByteReader(fromHex('0102030000000000fa' + 'ff'));
    expect(toHex(readComparableBytes(from))).to.equal('010203');
    expect(from.remaining).to.equal(1);
  });

  it('keeps a prefix before what it is a prefix of, also at the border of a group', () => {
    const keys = ['', 'a', 'aaaaaaa', 'aaaaaaaa', 'aaaaaaaaa', 'aaaaaaab', 'b'].map((text) =>
      comparableBytes(utf8(text)),
    );
    const sorted = [...keys].sort((a, b) => Buffer.compare(a, b));
    expect(sorted).to.deep.equal(keys);
  });

  for (const [what, hex] of [
    ['a group that is cut short', '010203'],
    ['an impossible marker', '0102030000000000f6'],
    ['padding that is not zero', '0102030000010000fa'],
    ['a full group without another one', '0102030405060708ff'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const bytes = fromHex(hex);
      expect(() => comparableBytesEnd(bytes, 0, bytes.length))
        .to.throw(CodecError)
        .with.property('kind', 'malformed');
    });
  }
});

describe('memcomparable numbers', () => {
  it('flips the sign of signed integers', () => {
    expect(written((out) => writeComparableI64(out, 0n))).to.equal('8000000000000000');
    expect(written((out) => writeComparableI64(out, -1n))).to.equal('7fffffffffffffff');
    expect(written((out) => writeComparableI64(out, -(1n << 63n)))).to.equal('0000000000000000');
    expect(written((out) => writeComparableInt(out, -3, -1))).to.equal('7ffffffffffffffd');
    expect(written((out) => writeComparableUint(out, -3, -1))).to.equal('fffffffffffffffd');
    for (const value of [0n, 1n, -1n, 1n << 62n, -(1n << 63n)]) {
      const bytes = fromHex(written((out) => writeComparableI64(out, value)));
      expect(readComparableI64(new ByteReader(bytes))).to.equal(value);
    }
  });

  it('orders floating-point numbers, and has one zero', () => {
    const values = [-Infinity, -1e300, -1.5, -5e-324, 0, 5e-324, 1.5, 1e300, Infinity];
    const keys = values.map((value) => written((out) => writeComparableFloat(out, value)));
    expect([...keys].sort()).to.deep.equal(keys);
    expect(written((out) => writeComparableFloat(out, -0))).to.equal(
      written((out) => writeComparableFloat(out, 0)),
    );
    expect(keys[2]).to.equal('4007ffffffffffff');
    for (const [i, key] of keys.entries()) {
      expect(readComparableFloat(new ByteReader(fromHex(key)))).to.equal(values[i]);
    }
  });

  it('refuses numbers that are cut short', () => {
    expect(() => readComparableI64(new ByteReader(new Uint8Array(7)))).to.throw(CodecError);
    expect(() => readComparableFloat(new ByteReader(new Uint8Array(7)))).to.throw(CodecError);
  });
});
