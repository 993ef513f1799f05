import { expect } from 'chai';
import { concatBytes, fromHex } from '../../../src/base/bytes.js';
import { cellAt } from '../../../src/codec/cell.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { DatumRowReader } from '../../../src/codec/datum-row-reader.js';
import { datumText } from '../../../src/codec/datum-text.js';
import { fieldType } from './support/field-types.js';

const TYPES = ['bigint', 'varchar(9)', 'decimal(10,2)', 'datetime', 'time', 'int unsigned', 'double'].map(
  fieldType,
);

/** As TiKV sends them (TRUTH §10): integers comparable, strings compact. */
const ROW = fromHex(
  [
    '037ffffffffffffffd',
    '020641' + '6263',
    '060a027ffffffde6',
    '0419b2bac000000000',
    '077fffffffc4653600',
    '0400000000ffffffff',
    '05bff8000000000000',
  ].join(''),
);
const NULLS = new Uint8Array(7);
const SHOWN = ['-3', 'Abc', '-2.25', '2024-02-29 12:00:00', '-00:00:01', '4294967295', '1.5'];

describe('rows of flagged values', () => {
  function shown(reader: DatumRowReader): string[][] {
    const { rows } = reader;
    const columns = reader.finish();
    return Array.from({ length: rows }, (_, row) =>
      columns.map((column, i) => {
        const type = TYPES[i] ?? fieldType('int');
        return datumText(cellAt(column, row, type), type);
      }),
    );
  }

  it('are read one after the other', () => {
    const reader = new DatumRowReader(TYPES);
    reader.append(concatBytes(ROW, NULLS, ROW));
    reader.append(concatBytes(fromHex('ff'), ROW, fromHex('ff')), 1, 1 + ROW.length);
    expect(reader.rows).to.equal(4);
    expect(reader.view()).to.have.length(TYPES.length);
    expect(shown(reader)).to.deep.equal([SHOWN, TYPES.map(() => 'NULL'), SHOWN, SHOWN]);
    expect(reader.rows).to.equal(0);
  });

  it('are refused when cut short; whole rows before stay', () => {
    const reader = new DatumRowReader(TYPES);
    for (let length = 1; length < ROW.length; length++) {
      reader.reset();
      expect(() => {
        reader.append(concatBytes(ROW, ROW.subarray(0, length)));
      }).to.throw(CodecError);
      expect(shown(reader)).to.deep.equal([SHOWN]);
    }
  });

  it('are refused when there are no columns', () => {
    expect(() => {
      new DatumRowReader([]).append(ROW);
    }).to.throw(CodecError);
  });

  it('are refused when a value is of another type', () => {
    expect(() => {
      new DatumRowReader([fieldType('int')]).append(fromHex('020641' + '6263'));
    }).to.throw(CodecError);
  });
});
