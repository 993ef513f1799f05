import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { sameDatum } from '../../../src/codec/cell.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import type { Datum } from '../../../src/codec/datum.js';
import { parseDatum } from '../../../src/codec/datum-parse.js';
import { datumBytes, datumText } from '../../../src/codec/datum-text.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { fieldType } from './support/field-types.js';

describe('the text of values', () => {
  for (const [type, datum, text] of [
    ['int', -5n, '-5'],
    ['bigint unsigned', (1n << 64n) - 1n, '18446744073709551615'],
    ['decimal(10,2)', new Decimal(-5n, 1), '-0.50'],
    ['float', Math.fround(0.1), '0.1'],
    ['double', 1e300, '1e300'],
    ['date', 0x19b2ba0000000000n, '2024-02-29'],
    ['datetime(3)', 0x19b2bac00007a120n, '2024-02-29 12:00:00.500'],
    ['timestamp', 0x19b2bac000000000n, '2024-02-29 12:00:00'],
    ['time(2)', -3_723_500_000_000n, '-01:02:03.50'],
    ['year', 0n, '0000'],
    ['year', 1901n, '1901'],
    ["enum('a','b')", 2n, 'b'],
    ["enum('a','b')", 0n, ''],
    ["set('x','y','z')", 5n, 'x,z'],
    ["set('x','y','z')", 0n, ''],
    ['varchar(9)', utf8('é '), 'é '],
    ['vector', fromHex('0200000000000000' + '0000c03f'), '[0,1.5]'],
  ] as const) {
    it(`shows a ${type} as '${text}', and reads it back`, () => {
      expect(datumText(datum, fieldType(type))).to.equal(text);
      expect(sameDatum(parseDatum(text, fieldType(type)) ?? null, datum)).to.equal(true);
    });
  }

  it('shows NULL, JSON and BIT', () => {
    expect(datumBytes(null, fieldType('int'))).to.equal(null);
    expect(datumText(null, fieldType('int'))).to.equal('NULL');
    expect(datumText(fromHex('0401'), fieldType('json'))).to.equal('true');
    expect(toHex(datumBytes(257n, fieldType('bit(9)')) ?? utf8(''))).to.equal('0101');
    expect(toHex(datumBytes(1n, fieldType('bit(1)')) ?? utf8(''))).to.equal('01');
    expect(toHex(datumBytes((1n << 64n) - 1n, fieldType('bit(64)')) ?? utf8(''))).to.equal(
      'ffffffffffffffff',
    );
  });

  it('shows a TIMESTAMP in a time zone, and nothing else', () => {
    const packed = 0x19b2bac000000000n;
    expect(datumText(packed, fieldType('timestamp'), 345)).to.equal('2024-02-29 17:45:00');
    expect(datumText(packed, fieldType('datetime'), 345)).to.equal('2024-02-29 12:00:00');
    expect(datumText(0n, fieldType('timestamp'), 345)).to.equal('0000-00-00 00:00:00');
  });

  it('leaves bytes as they are, also where they are no UTF-8', () => {
    expect(toHex(datumBytes(fromHex('ff00'), fieldType('varbinary(9)')) ?? utf8(''))).to.equal('ff00');
    expect(datumText(fromHex('ff'), fieldType('varbinary(9)'))).to.equal('\ufffd');
  });

  it('refuses values that the type cannot have', () => {
    expect(() => datumText(3n, fieldType("enum('a','b')"))).to.throw(CodecError);
    expect(() => datumText(8n, fieldType("set('x','y','z')"))).to.throw(CodecError);
    expect(() => datumText(31n << 41n, fieldType('datetime'))).not.to.throw();
    expect(() => datumText(31n << 36n, fieldType('datetime'))).to.throw(CodecError);
    expect(() => datumText(fromHex('0200000000000000'), fieldType('vector'))).to.throw(CodecError);
    expect(() => datumText(fromHex('ffff0000'), fieldType('vector'))).to.throw(CodecError);
  });
});

describe('values from text', () => {
  const read = (text: string, type: string): Datum | undefined => parseDatum(text, fieldType(type));

  it('keeps what a column may have as default', () => {
    expect(read('+7', 'int')).to.equal(7n);
    expect(read('1e2', 'decimal(10,2)')?.toString()).to.equal('100.00');
    expect(read('1.005', 'decimal(10,2)')?.toString()).to.equal('1.01');
    expect(read('null', 'json')).to.deep.equal(fromHex('0400'));
    expect(read('b', "enum('a','b')")).to.equal(2n);
    expect(read('B ', "enum('a','b') collate utf8mb4_general_ci")).to.equal(2n);
    expect(read('Y,x', "set('x','y') collate utf8mb4_general_ci")).to.equal(3n);
    expect(read('\u0001\u0002', 'bit(16)')).to.equal(258n);
    expect(read('[]', 'vector')).to.deep.equal(fromHex('00000000'));
  });

  it('fits strings into their columns', () => {
    expect(read('a  ', 'char(5)')).to.deep.equal(utf8('a'));
    expect(read('a  ', 'varchar(5)')).to.deep.equal(utf8('a  '));
    expect(read('a', 'binary(3)')).to.deep.equal(fromHex('610000'));
    expect(read('\ufffd\u0000', 'binary(3)')).to.deep.equal(fromHex('efbfbd'));
    expect(read('abcd', 'varbinary(3)')).to.deep.equal(utf8('abc'));
    expect(read('abcd', 'blob')).to.deep.equal(utf8('abcd'));
  });

  it('reads years of two digits as MySQL does', () => {
    for (const [text, year] of [
      ['0', 2000n],
      ['0000', 0n],
      ['1', 2001n],
      ['69', 2069n],
      ['70', 1970n],
      ['99', 1999n],
      ['2155', 2155n],
    ] as const) {
      expect(read(text, 'year'), text).to.equal(year);
    }
  });

  for (const [text, type] of [
    ['x', 'int'],
    ['1.5', 'int'],
    ['-1', 'int unsigned'],
    ['9223372036854775808', 'bigint'],
    ['18446744073709551616', 'bigint unsigned'],
    ['x', 'decimal(10,2)'],
    ['x', 'double'],
    ['', 'double'],
    ['Infinity', 'double'],
    ['2024-13-01', 'date'],
    ['x', 'time'],
    ['12345', 'year'],
    ['c', "enum('a','b')"],
    ['x,q', "set('x','y')"],
    ['123456789', 'bit(64)'],
    ['{}', 'json'],
    ['1,2', 'vector'],
    ['[x]', 'vector'],
  ] as const) {
    it(`does not take '${text}' for a ${type}`, () => {
      expect(read(text, type)).to.equal(undefined);
    });
  }
});
