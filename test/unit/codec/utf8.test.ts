import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { BROKEN_RUNE, runeAt, runeCount, runeLength, runePrefix, runesEnd } from '../../../src/codec/utf8.js';

describe('UTF-8 as Go reads it', () => {
  it('reads characters of every length', () => {
    for (const character of [
      'a',
      '\u007f',
      '\u0080',
      'é',
      '\u07ff',
      '\u0800',
      '中',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '😀',
      '\u{10ffff}',
    ]) {
      const bytes = utf8(character);
      const rune = runeAt(bytes, 0, bytes.length);
      expect(rune).to.equal(character.codePointAt(0));
      expect(runeLength(rune)).to.equal(bytes.length);
    }
  });

  for (const [what, hex] of [
    ['a continuation byte', '80'],
    ['an overlong form of two', 'c080'],
    ['an overlong form of three', 'e08080'],
    ['an overlong form of four', 'f0808080'],
    ['a surrogate', 'eda080'],
    ['what lies beyond the last character', 'f4908080'],
    ['a first byte of five', 'f8888080'],
    ['a sequence of two cut short', 'c3'],
    ['a sequence of three cut short', 'e4b8'],
    ['a sequence of four cut short', 'f09f98'],
    ['a wrong second byte', 'c341'],
    ['a wrong third byte', 'e4b841'],
    ['a wrong fourth byte', 'f09f9841'],
  ] as const) {
    it(`takes ${what} for a broken byte`, () => {
      const bytes = fromHex(hex);
      expect(runeAt(bytes, 0, bytes.length)).to.equal(BROKEN_RUNE);
      expect(runeLength(BROKEN_RUNE)).to.equal(1);
    });
  }

  it('counts a broken byte as one character', () => {
    expect(runeCount(utf8('aé中😀'))).to.equal(4);
    expect(runeCount(fromHex('61ffe4b8'))).to.equal(4);
  });

  it('cuts after so many characters', () => {
    const bytes = utf8('aé中😀');
    expect(runesEnd(bytes, 0, bytes.length, 2)).to.equal(3);
    expect(toHex(runePrefix(bytes, 3))).to.equal(toHex(utf8('aé中')));
    expect(runePrefix(bytes, 4)).to.equal(bytes);
    expect(runePrefix(bytes, 9)).to.equal(bytes);
  });

  it('repairs broken bytes only in what it cuts off', () => {
    expect(toHex(runePrefix(fromHex('61ff6263'), 3))).to.equal('61efbfbd62');
    expect(toHex(runePrefix(fromHex('61ff6263'), 4))).to.equal('61ff6263');
  });
});
