import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { COLUMN_MISSING, COLUMN_NULL, RowHeader, findColumn } from '../../../src/codec/row-header.js';
import { RowV2Builder } from '../../../src/codec/row-v2-builder.js';

function finished(row: RowV2Builder): Uint8Array {
  const out = new ByteWriter();
  row.finish(out);
  return out.take();
}

describe('rows in format v2', () => {
  it('are put together as a real cluster stores them', () => {
    const row = new RowV2Builder();
    row.begin();
    for (const [id, hex] of [
      [2, '05'],
      [3, '41626320'],
      [4, '0a028000000132'],
    ] as const) {
      row.data.bytes(fromHex(hex));
      row.endValue(id);
    }
    row.addNull(5);
    expect(toHex(finished(row))).to.equal('80000300010002030405010005000c0005416263200a028000000132');
    row.begin();
    expect(toHex(finished(row))).to.equal('800000000000');
  });

  it('are narrow up to 255 columns and 64 KiB, and wide beyond', () => {
    for (const [id, bytes, isWide] of [
      [255, 65_535, false],
      [256, 1, true],
      [1, 65_536, true],
    ] as const) {
      const row = new RowV2Builder();
      row.begin();
      row.data.fill(7, bytes);
      row.endValue(id);
      const stored = finished(row);
      expect(stored[1]).to.equal(isWide ? 1 : 0);
      const header = new RowHeader();
      header.parse(stored, 0, stored.length);
      expect(header.idAt(stored, 0)).to.equal(id);
      expect(header.lengthOf(stored, 0)).to.equal(bytes);
    }
  });

  it('have as many columns as they need', () => {
    const row = new RowV2Builder();
    row.begin();
    for (let id = 1; id <= 200; id++) {
      if (id % 3 === 0) {
        row.addNull(id);
      } else {
        row.data.u8(id);
        row.endValue(id);
      }
    }
    const stored = finished(row);
    const header = new RowHeader();
    header.parse(stored, 0, stored.length);
    for (let id = 1; id <= 200; id++) {
      const index = findColumn(header, stored, id);
      if (id % 3 === 0) expect(index).to.equal(COLUMN_NULL);
      else expect(stored[header.startOf(stored, index)]).to.equal(id);
    }
    expect(findColumn(header, stored, 201)).to.equal(COLUMN_MISSING);
  });

  it('take columns in ascending order only', () => {
    const row = new RowV2Builder();
    row.begin();
    row.endValue(2);
    expect(() => {
      row.endValue(2);
    }).to.throw('out of order');
    row.addNull(3);
    expect(() => {
      row.addNull(1);
    }).to.throw('out of order');
  });
});
