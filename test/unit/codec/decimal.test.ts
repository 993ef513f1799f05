import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { Decimal, digitCount, rescaled } from '../../../src/codec/decimal.js';
import { DecimalReader, DecimalWriter, decimalEnd, decimalSize } from '../../../src/codec/decimal-binary.js';

function decimal(text: string): Decimal {
  const parsed = Decimal.parse(text);
  if (parsed === undefined) throw new Error(`no decimal: ${text}`);
  return parsed;
}

describe('decimals', () => {
  for (const [text, printed] of [
    ['0', '0'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['007.50', '7.50'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+1', '1'],
    ['-12.340', '-12.340'],
    [' 1e2\t', '100'],
    ['1.5e1', '15'],
    ['15e-3', '0.015'],
    ['9'.repeat(65), '9'.repeat(65)],
  ] as const) {
    it(`reads ${JSON.stringify(text)} as ${printed}`, () => {
      expect(decimal(text).toString()).to.equal(printed);
    });
  }

  for (const text of ['', '-', '.', 'e5', '1e', '1 2', '1x', '1e9999', 'NaN', '0x10', '１']) {
    it(`does not take ${JSON.stringify(text)} for a decimal`, () => {
      expect(Decimal.parse(text)).to.equal(undefined);
    });
  }

  for (const [text, scale, rounded] of [
    ['1.5', 0, '2'],
    ['-1.5', 0, '-2'],
    ['2.5', 0, '3'],
    ['1.4999', 0, '1'],
    ['-0.4', 0, '0'],
    ['-0.5', 0, '-1'],
    ['1.005', 2, '1.01'],
    ['1', 3, '1.000'],
    ['9.99', 1, '10.0'],
    ['0.0000005', 6, '0.000001'],
  ] as const) {
    it(`rounds ${text} to ${scale} digits: ${rounded}`, () => {
      expect(decimal(text).rescale(scale).toString()).to.equal(rounded);
    });
  }

  it('compares by value', () => {
    expect(decimal('1.0').equals(decimal('1.00'))).to.equal(true);
    expect(decimal('-1.01').compare(decimal('-1.0'))).to.be.below(0);
    expect(decimal('0.1').compare(decimal('0.09'))).to.be.above(0);
    expect(decimal('1').equals(decimal('1.1'))).to.equal(false);
  });

  it('knows its precision', () => {
    expect(decimal('0').precision).to.equal(1);
    expect(decimal('0.00').precision).to.equal(2);
    expect(decimal('0.001').precision).to.equal(3);
    expect(decimal('-120.5').precision).to.equal(4);
    expect(digitCount(0n)).to.equal(0);
    expect(digitCount(-100n)).to.equal(3);
  });

  it('rescales integers of any size', () => {
    expect(rescaled(5n, 0, 30)).to.equal(5n * 10n ** 30n);
    expect(rescaled(-15n, 1, 0)).to.equal(-2n);
    expect(rescaled(7n, 2, 2)).to.equal(7n);
    expect(rescaled(1n, 0, 100)).to.equal(10n ** 100n);
  });
});

describe('the packed form of decimals', () => {
  // From MySQL's and TiDB's description of the format, and from stored rows.
  const cases = [
    ['1234567890.1234', 14, 4, '0e04810dfb38d204d2'],
    ['-1234567890.1234', 14, 4, '0e047ef204c72dfb2d'],
    ['1.50', 10, 2, '0a028000000132'],
    ['-2.25', 10, 2, '0a027ffffffde6'],
    ['0.00', 10, 2, '0a028000000000'],
    ['0.99999', 5, 5, '050581869f'],
    ['0', 1, 0, '010080'],
    ['9', 1, 0, '010089'],
    ['999999999', 9, 0, '0900bb9ac9ff'],
    [
      '99999999999999999999999999999999999.999999999999999999999999999999',
      65,
      30,
      '411e85f5e0ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff3b9ac9ff03e7',
    ],
    ['999999999999999999999999999999', 30, 0, '1e0083e73b9ac9ff3b9ac9ff3b9ac9ff'],
  ] as const;

  for (const [text, precision, scale, hex] of cases) {
    it(`writes ${text} as decimal(${precision},${scale}), both ways, and reads it back`, () => {
      const writer = new DecimalWriter({ precision, scale });
      const value = decimal(text);
      const out = new ByteWriter();
      expect(writer.write(out, value.unscaled, value.scale)).to.equal(true);
      expect(toHex(out.take())).to.equal(hex);
      const small = Number(value.rescale(scale).unscaled);
      if (Number.isSafeInteger(small)) {
        expect(writer.writeSmall(out.reset(), small)).to.equal(true);
        expect(toHex(out.take())).to.equal(hex);
      }
      const bytes = fromHex(hex);
      const reader = new DecimalReader();
      reader.read(bytes, 0, bytes.length);
      expect(reader.next).to.equal(bytes.length);
      expect(new Decimal(reader.unscaled, reader.scale).toString()).to.equal(value.rescale(scale).toString());
      expect(bytes.length).to.equal(2 + decimalSize(precision, scale));
    });
  }

  it('says when a value does not fit, and writes nothing then', () => {
    const writer = new DecimalWriter({ precision: 3, scale: 1 });
    const out = new ByteWriter();
    expect(writer.write(out, 1000n, 1)).to.equal(false);
    expect(writer.write(out, 9996n, 2)).to.equal(false);
    expect(writer.writeSmall(out, -1000)).to.equal(false);
    expect(out.length).to.equal(0);
    expect(writer.writeSmall(out, -999)).to.equal(true);
  });

  it('rounds what is written to the scale', () => {
    const out = new ByteWriter();
    new DecimalWriter({ precision: 10, scale: 2 }).write(out, -1505n, 3);
    const reader = new DecimalReader();
    reader.read(out.view(), 0, out.length);
    expect(reader.unscaled).to.equal(-151n);
  });

  it('reads a negative zero as zero', () => {
    const bytes = fromHex('0a027fffffffff');
    const reader = new DecimalReader();
    reader.read(bytes, 0, bytes.length);
    expect(Object.is(reader.small, 0)).to.equal(true);
    expect(reader.unscaled).to.equal(0n);
  });

  it('changes to bigints exactly where doubles end', () => {
    const writer = new DecimalWriter({ precision: 20, scale: 0 });
    const reader = new DecimalReader();
    for (const value of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, -(2n ** 53n) + 1n]) {
      const out = new ByteWriter();
      writer.write(out, value, 0);
      reader.read(out.view(), 0, out.length);
      expect(reader.unscaled).to.equal(value);
    }
  });

  for (const [what, hex] of [
    ['nothing', ''],
    ['a missing packed form', '0a02'],
    ['one that is cut short', '0a0280000001'],
    ['precision zero', '000080'],
    ['a precision beyond any', '520080'],
    ['a scale beyond any', '401f80'],
    ['a scale beyond the precision', '020380'],
    ['a word with too many digits', '0100ff'],
    ['a full word with ten digits', '0900bb9aca00'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const bytes = fromHex(hex);
      expect(() => {
        new DecimalReader().read(bytes, 0, bytes.length);
      }).to.throw(CodecError);
    });
  }

  it('finds the end without reading the value', () => {
    expect(decimalEnd(fromHex('0a02800000013277'), 0, 8)).to.equal(7);
  });
});
