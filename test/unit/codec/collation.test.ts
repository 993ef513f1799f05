import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { collationOf, isCollationSupported } from '../../../src/codec/collation.js';
import { generalCiWeights } from '../../../src/codec/general-ci-weights.js';

function key(collation: string, text: string): string {
  return toHex(collationOf(collation, true).sortKey(utf8(text)));
}

describe('the weights of general_ci', () => {
  it('are those that were compared with TiDB, character by character', () => {
    // What test/e2e/codec/general-ci-weights.e2e.ts agreed with, as little-endian 16-bit numbers.
    const weights = generalCiWeights();
    const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(
      '787ea411c0600e485ae7dd52ce4b609848b5b832c179f2aed6deaf1e3a173d61',
    );
    expect(weights.filter((weight, rune) => weight !== rune)).to.have.length(1108);
  });
});

describe('collations', () => {
  for (const name of ['utf8mb4_bin', 'utf8_bin', 'latin1_bin', 'ascii_bin']) {
    it(`ignores trailing spaces under ${name}, and nothing else`, () => {
      const collation = collationOf(name, true);
      expect(collation.isPadSpace).to.equal(true);
      expect(key(name, 'a  ')).to.equal('61');
      expect(key(name, '  ')).to.equal('');
      expect(collation.equals(utf8('a'), utf8('a '))).to.equal(true);
      expect(collation.equals(utf8('a'), utf8('A'))).to.equal(false);
      expect(collation.compare(utf8('a'), utf8('a\t'))).to.be.below(0);
    });
  }

  for (const name of ['binary', 'utf8mb4_0900_bin']) {
    it(`compares bytes under ${name}`, () => {
      const collation = collationOf(name, true);
      expect(collation.isPadSpace).to.equal(false);
      expect(key(name, 'a ')).to.equal('6120');
      expect(collation.equals(utf8('a'), utf8('a '))).to.equal(false);
      expect(collation.compare(utf8('a'), utf8('a '))).to.be.below(0);
    });
  }

  for (const name of ['utf8mb4_general_ci', 'utf8_general_ci']) {
    it(`weighs characters under ${name}`, () => {
      const collation = collationOf(name, true);
      expect(collation.isBytewise).to.equal(false);
      expect(collation.isPadSpace).to.equal(true);
      expect(key(name, 'aÄß ')).to.equal('004100410053');
      expect(key(name, '😀')).to.equal('fffd');
      expect(collation.equals(utf8('STRASE'), utf8('straße'))).to.equal(true);
      expect(collation.equals(utf8('ss'), utf8('ß'))).to.equal(false);
      expect(collation.equals(utf8('😀'), utf8('😁'))).to.equal(true);
      expect(collation.compare(utf8('a'), utf8('B'))).to.be.below(0);
      expect(collation.compare(utf8('ab'), utf8('a'))).to.be.above(0);
    });
  }

  it('ends a key at the first broken byte, and takes strings for equal from there on', () => {
    const collation = collationOf('utf8mb4_general_ci', true);
    expect(toHex(collation.sortKey(fromHex('61ff62')))).to.equal('0041');
    expect(collation.equals(fromHex('61ff62'), utf8('A'))).to.equal(true);
    expect(collation.equals(fromHex('61ff62'), utf8('Ab'))).to.equal(false);
    expect(collation.compare(fromHex('61ff62'), utf8('Ab'))).to.equal(0);
    expect(collation.compare(fromHex('61ff62'), utf8('b'))).to.be.below(0);
    expect(collation.compare(fromHex('61ff'), utf8('a'))).to.be.above(0);
  });

  it('writes the key of a piece of a buffer', () => {
    for (const name of ['utf8mb4_bin', 'utf8mb4_general_ci']) {
      const out = new ByteWriter();
      collationOf(name, true).writeSortKey(out, utf8('xab  y'), 1, 5);
      expect(toHex(out.take())).to.equal(key(name, 'ab'));
    }
  });

  it('refuses what it does not know, by name', () => {
    expect(() => collationOf('utf8mb4_unicode_ci', true))
      .to.throw(SqlError, 'utf8mb4_unicode_ci')
      .with.property('errno', 1235);
    expect(isCollationSupported('gbk_bin')).to.equal(false);
    expect(isCollationSupported('binary')).to.equal(true);
  });

  it('compares bytes whatever the name, in clusters without new collations', () => {
    const collation = collationOf('utf8mb4_unicode_ci', false);
    expect(collation.name).to.equal('utf8mb4_unicode_ci');
    expect(collation.equals(utf8('a'), utf8('A'))).to.equal(false);
    expect(collation.equals(utf8('a'), utf8('a '))).to.equal(false);
  });
});
