import { expect } from 'chai';
import { doubleText, floatText, plainFloatText } from '../../../src/codec/float-text.js';

describe('the text of floating-point numbers', () => {
  // As TiDB prints them.
  for (const [value, float, double] of [
    [0, '0', '0'],
    [1.5, '1.5', '1.5'],
    [1e15, '1e15', '1e15'],
    [1e14, '100000000000000', '100000000000000'],
    [123456789012345, '123456790000000', '123456789012345'],
    [1e-15, '0.000000000000001', '0.000000000000001'],
    [1e-16, '1e-16', '1e-16'],
    [0.1, '0.1', '0.1'],
    [-0.1, '-0.1', '-0.1'],
    [1e38, '1e38', '1e38'],
    [3.4028234663852886e38, '3.40282e38', '3.4028234663852886e38'],
    [1.17549435e-38, '1.17549e-38', '1.17549435e-38'],
    [16777217, '16777216', '16777217'],
    [0.3333333333, '0.33333334', '0.3333333333'],
    [1234567.891, '1234567.9', '1234567.891'],
    [999999999999999, '1e15', '999999999999999'],
    [1e20, '1e20', '1e20'],
    [5e-324, '0', '5e-324'],
    [123456789, '123456790', '123456789'],
    [1779921.25, '1779921.2', '1779921.25'],
    [-49321.3125, '-49321.312', '-49321.3125'],
    [0.000001234, '0.000001234', '0.000001234'],
  ] as const) {
    it(`prints ${value} as FLOAT ${float} and DOUBLE ${double}`, () => {
      expect(floatText(Math.fround(value))).to.equal(float);
      expect(doubleText(value)).to.equal(double);
    });
  }

  it('prints what is no number as 0', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(doubleText(value)).to.equal('0');
      expect(floatText(value)).to.equal('0');
    }
  });

  it('never uses an exponent in vectors', () => {
    expect(plainFloatText(Math.fround(-3e10))).to.equal('-30000000000');
    expect(plainFloatText(Math.fround(1e-30))).to.equal('0.000000000000000000000000000001');
    expect(plainFloatText(-0)).to.equal('-0');
  });

  it('reads back as the same number, with no fewer digits possible', () => {
    for (let exponent = -149; exponent <= 127; exponent++) {
      for (const factor of [1, 1.0000001192092896, 1.5, 1.9999998807907104]) {
        const value = Math.fround(factor * 2 ** exponent);
        const text = plainFloatText(value);
        expect(Math.fround(Number(text))).to.equal(value);
        const digits = text.replace('.', '').replace(/^0+|0+$/g, '').length;
        if (digits > 1) expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.to.equal(value);
      }
    }
  });
});
