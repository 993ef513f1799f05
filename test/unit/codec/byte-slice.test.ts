import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';

describe('byte slices', () => {
  it('point at a piece of a buffer, then at another one', () => {
    const slice = new ByteSlice(utf8('abcdef'), 1, 3);
    expect(fromUtf8(slice.view())).to.equal('bc');
    expect(slice.length).to.equal(2);
    slice.set(utf8('xyz'));
    expect(fromUtf8(slice.view())).to.equal('xyz');
    slice.set(utf8('xyz'), 1);
    expect(fromUtf8(slice.view())).to.equal('yz');
  });

  it('are equal if their bytes are', () => {
    const slice = new ByteSlice(utf8('abcabd'), 0, 2);
    expect(slice.equals(new ByteSlice(utf8('abcabd'), 3, 5))).to.equal(true);
    expect(slice.equals(new ByteSlice(utf8('abcabd'), 3, 6))).to.equal(false);
    expect(slice.equals(new ByteSlice(utf8('ba')))).to.equal(false);
  });
});
