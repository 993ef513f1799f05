import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import {
  compareBytes,
  concatBytes,
  fromHex,
  keyBytes,
  keyString,
  nextKey,
  prefixEnd,
  toHex,
} from '../../../src/base/bytes.js';

describe('bytes', () => {
  it('orders a prefix before what it is a prefix of', () => {
    expect(compareBytes(fromHex('01'), fromHex('0100'))).to.be.lessThan(0);
    expect(compareBytes(fromHex('ff'), fromHex('0100'))).to.be.greaterThan(0);
    expect(compareBytes(fromHex('7f80'), fromHex('7f80'))).to.equal(0);
  });

  it('keeps byte order in key strings, also above 0x7f', () => {
    const keys = ['', '00', '7f', '80', '80ff', 'ff', 'ff00'].map(fromHex);
    for (const a of keys) {
      for (const b of keys) {
        const byString = keyString(a) < keyString(b) ? -1 : keyString(a) > keyString(b) ? 1 : 0;
        expect(byString).to.equal(compareBytes(a, b), `${toHex(a)} ${toHex(b)}`);
      }
      expect(keyBytes(keyString(a))).to.deep.equal(a);
    }
  });

  it('finds the end of a prefix, and none for 0xff', () => {
    expect(toHex(prefixEnd(fromHex('74ff')))).to.equal('75');
    expect(toHex(prefixEnd(fromHex('7401')))).to.equal('7402');
    expect(toHex(prefixEnd(fromHex('ffff')))).to.equal('');
    expect(toHex(nextKey(fromHex('74')))).to.equal('7400');
  });

  it('joins parts', () => {
    expect(toHex(concatBytes(fromHex('01'), fromHex(''), fromHex('0203')))).to.equal('010203');
  });
});

describe('ByteWriter', () => {
  it('grows over its capacity and keeps what was written', () => {
    const writer = new ByteWriter(1);
    writer
      .u8(1)
      .u16le(0x0203)
      .u32be(0x04050607)
      .u64be(-2n)
      .u64le(1n)
      .utf8('é')
      .fill(9, 3)
      .bytes(fromHex('aa'));
    expect(toHex(writer.take())).to.equal(
      '01' + '0302' + '04050607' + 'fffffffffffffffe' + '0100000000000000' + 'c3a9' + '090909' + 'aa',
    );
    writer.setU32le(0, 0x01020304);
    expect(toHex(writer.view().subarray(0, 4))).to.equal('04030201');
    expect(writer.reset().length).to.equal(0);
  });
});
