import { expect } from 'chai';
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import { assertAscending, rangesBelow, rangesFrom } from '../../../../src/tikv/coprocessor/scan-ranges.js';

const range = (start: string, end: string) => ({ start: fromHex(start), end: fromHex(end) });
const show = (ranges: readonly { start: Uint8Array; end: Uint8Array }[]): string[] =>
  ranges.map(({ start, end }) => `${toHex(start)}-${toHex(end)}`);

describe('tikv/coprocessor/scan-ranges', () => {
  it('spells a range out that TiKV would take for a point', () => {
    expect(show(rangesBelow([range('745f72', '745f73')], fromHex('')))).to.deep.equal([
      '745f72-745f7200',
      '745f7200-745f73',
    ]);
    expect(show(rangesBelow([range('74ff', '75')], fromHex('')))).to.deep.equal(['74ff-74ff00', '74ff00-75']);
    // Such a range may also come about by cutting.
    expect(show(rangesBelow([range('10', '20')], fromHex('11')))).to.deep.equal(['10-1000', '1000-11']);
  });

  it('leaves other ranges as they are', () => {
    expect(show(rangesBelow([range('10', '1000'), range('11', '13')], fromHex('')))).to.deep.equal([
      '10-1000',
      '11-13',
    ]);
  });

  it('cuts at the end of a region', () => {
    const ranges = [range('10', '20'), range('30', '40'), range('50', '60')];
    expect(show(rangesBelow(ranges, fromHex('35')))).to.deep.equal(['10-20', '30-35']);
    expect(show(rangesBelow(ranges, fromHex('30')))).to.deep.equal(['10-20']);
    expect(show(rangesBelow(ranges, fromHex('')))).to.deep.equal(['10-20', '30-40', '50-60']);
  });

  it('drops what has been read', () => {
    const ranges = [range('10', '20'), range('30', '40')];
    expect(show(rangesFrom(ranges, fromHex('05')))).to.deep.equal(['10-20', '30-40']);
    expect(show(rangesFrom(ranges, fromHex('15')))).to.deep.equal(['15-20', '30-40']);
    expect(show(rangesFrom(ranges, fromHex('20')))).to.deep.equal(['30-40']);
    expect(show(rangesFrom(ranges, fromHex('40')))).to.deep.equal([]);
  });

  it('refuses ranges that are empty or overlap', () => {
    assertAscending([range('10', '20'), range('20', '30')]);
    expect(() => assertAscending([range('10', '10')])).to.throw();
    expect(() => assertAscending([range('10', '20'), range('19', '30')])).to.throw();
    expect(() => assertAscending([range('30', '40'), range('10', '20')])).to.throw();
  });
});
