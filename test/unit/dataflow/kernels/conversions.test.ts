import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import {
  doubleToDecimal,
  doubleToInteger,
  putDouble,
  putExact,
  roundDouble,
  roundEven,
  textToDecimal,
  textToDouble,
  textToInteger,
} from '../../../../src/dataflow/kernels/conversions.js';
import { Scratch } from '../../../../src/dataflow/kernels/scratch.js';

function read<Result>(
  convert: (data: Uint8Array, start: number, end: number) => Result,
  text: string,
): Result {
  const data = utf8(`9${text}9`);
  return convert(data, 1, data.length - 1);
}

function written(put: (scratch: Scratch) => void): string {
  const scratch = new Scratch();
  put(scratch);
  return Buffer.from(scratch.data.subarray(0, scratch.at)).toString();
}

describe('dataflow/kernels/conversions', () => {
  it('reads integers as far as a text is one', () => {
    const integer = (text: string, isUnsigned = false): unknown =>
      read((data, start, end) => textToInteger(data, start, end, isUnsigned), text);
    expect(integer('12abc')).equal(12);
    expect(integer('\t -7.9 ')).equal(-7);
    expect(integer('+5')).equal(5);
    expect(integer('')).equal(0);
    expect(integer('-')).equal(0);
    expect(integer('1e3')).equal(1);
    expect(integer('99999999999999999999')).equal(-1);
    expect(integer('-99999999999999999999')).equal(-(2n ** 63n));
    expect(integer('-1', true)).equal(2n ** 64n - 1n);
  });

  it('reads doubles and decimals as far as a text is one', () => {
    expect(
      ['1e3x', '.5', '5.', '-', '1e', '1e400', '-1e400', '\u00a03'].map((it) => read(textToDouble, it)),
    ).deep.equal([1000, 0.5, 5, 0, 1, Number.MAX_VALUE, -Number.MAX_VALUE, 3]);
    const decimal = (text: string): unknown =>
      read((data, start, end) => textToDecimal(data, start, end, 5, 2), text);
    expect(['1.005', '-1.005', '1234', 'x', '1e2'].map(decimal)).deep.equal([101, -101, 99_999, 0, 10_000]);
  });

  it('writes numbers without exponents', () => {
    const double = (value: number): string => written((scratch) => putDouble(scratch, value));
    expect([1.5, -0, 1e21, -1.25e-9, 1e300].map(double).map((it) => it.slice(0, 24))).deep.equal([
      '1.5',
      '-0',
      '1000000000000000000000',
      '-0.00000000125',
      '100000000000000000000000',
    ]);
    expect(written((scratch) => putExact(scratch, -5, 2))).equal('-0.05');
    expect(written((scratch) => putExact(scratch, 2n ** 64n, 0))).equal('18446744073709551616');
  });

  it('rounds doubles to the even neighbour, and keeps the sign of zero', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999].map(roundEven)).deep.equal([0, 2, 2, -0, -2, 2]);
    expect(roundDouble(1.125, 2)).equal(1.12);
    expect(roundDouble(1e308, 10)).equal(1e308);
    expect(doubleToInteger(1e30)).equal(2n ** 63n - 1n);
    expect(doubleToDecimal(0.1 + 0.2, 10, 4)).equal(3000);
  });
});
