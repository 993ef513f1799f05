import { expect } from 'chai';
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import { intersect, KeyRange } from '../../../../src/tikv/feed/key-range.js';

const range = (start: string, end: string): KeyRange => new KeyRange(fromHex(start), fromHex(end));

describe('KeyRange', () => {
  it('contains what memcmp says, wherever the key lies in its buffer', () => {
    const ranges = [
      range('', ''),
      range('74', '75'),
      range('7401', '740103'),
      range('7401', ''),
      range('', '7401'),
    ];
    const keys = ['', '00', '73ff', '74', '7400', '7401', '740100', '740102ff', '740103', '75', 'ff'];
    for (const { start, end } of ranges) {
      for (const key of keys) {
        const expected = key >= toHex(start) && (end.length === 0 || key < toHex(end));
        const padded = fromHex(`aa${key}bb`);
        const contains = new KeyRange(start, end).contains(padded, 1, key.length / 2);
        expect(contains, `${key} in [${toHex(start)}, ${toHex(end)})`).to.equal(expected);
      }
    }
  });

  it('intersects, with an empty end as +∞', () => {
    const hex = (both: KeyRange | undefined): string =>
      both ? `${toHex(both.start)}-${toHex(both.end)}` : 'nothing';
    expect(hex(intersect(range('10', '20'), range('18', '30')))).to.equal('18-20');
    expect(hex(intersect(range('10', ''), range('', '30')))).to.equal('10-30');
    expect(hex(intersect(range('', ''), range('', '')))).to.equal('-');
    expect(hex(intersect(range('10', '20'), range('20', '')))).to.equal('nothing');
    expect(hex(intersect(range('20', '30'), range('10', '20')))).to.equal('nothing');
  });
});
