import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { NameIndex, foldName, unquoteName } from '../../../../src/sql/scan/name-index.js';

describe('sql/scan/name-index', () => {
  const index = new NameIndex([
    'Sales',
    'b`c',
    'été',
    ...Array.from({ length: 2000 }, (_, i) => `view_${i}`),
  ]);

  it('finds names in bytes, in any case of ASCII letters', () => {
    for (const name of ['sales', 'SALES', 'view_0', 'View_1999']) {
      const bytes = utf8(`(${name})`);
      expect(index.filter.mayHave(bytes, 1, bytes.length - 1), name).equal(true);
      expect(index.hasAscii(bytes, 1, bytes.length - 1), name).equal(true);
    }
    for (const name of ['sale', 'salesx', 'view_2000', '_view_1']) {
      const bytes = utf8(name);
      expect(index.hasAscii(bytes, 0, bytes.length), name).equal(false);
    }
  });

  it('finds names as text, folded letter by letter', () => {
    expect(index.hasText('ÉTÉ')).equal(true);
    expect(index.hasText('\u212a')).equal(false);
    expect(new NameIndex(['K']).hasText('\u212a')).equal(true);
    expect(index.hasHigh).equal(true);
  });

  it('folds as Go does: one letter for one letter', () => {
    expect(foldName('AbC_1$')).equal('abc_1$');
    expect(foldName('İ')).equal('i');
    expect(foldName('ΑΣ')).equal('ας'.replace('ς', 'σ'));
    expect(foldName('𐐀')).equal('𐐨');
  });

  it('takes quotes off names', () => {
    const bytes = utf8('`b``c`');
    expect(unquoteName(bytes, 0, bytes.length)).equal('b`c');
  });
});
