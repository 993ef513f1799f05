import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { collationOf } from '../../../../src/codec/collation.js';
import { equalityKey, stringComparator, stringTester } from '../../../../src/dataflow/kernels/strings.js';

const COLLATIONS = ['binary', 'utf8mb4_bin', 'utf8mb4_0900_bin', 'latin1_bin', 'utf8mb4_general_ci'];
const WORDS = [
  '',
  ' ',
  'a',
  'A',
  'a ',
  'a  b',
  'ab',
  'aB',
  'a\t',
  'b',
  'é',
  'E',
  'ß',
  's',
  'ss',
  '中',
  '😀',
  '😁',
];
const TEXTS = [
  ...WORDS.map((word) => utf8(word)),
  Uint8Array.of(0x61, 0xff),
  Uint8Array.of(0xc3),
  Uint8Array.of(0xc3, 0x62),
];

describe('dataflow/kernels/strings', () => {
  for (const name of COLLATIONS) {
    it(`compares in place as the collation does: ${name}`, () => {
      const collation = collationOf(name, true);
      const comparator = stringComparator(collation);
      for (const constant of TEXTS) {
        const tester = stringTester(collation, constant);
        for (const text of TEXTS) {
          const data = Uint8Array.of(0x7a, ...text, 0x20);
          const [start, end] = [1, 1 + text.length];
          const what = `${Buffer.from(text).toString('hex')} and ${Buffer.from(constant).toString('hex')}`;
          const order = Math.sign(collation.compare(text, constant));
          expect(Math.sign(tester.compare(data, start, end)), what).equal(order);
          expect(Math.sign(comparator(data, start, end, constant)), what).equal(order);
          expect(tester.equals(data, start, end), what).equal(order === 0);
          expect(tester.hasSameKey(data, start, end), what).equal(collation.equals(text, constant));
          const isSameKey =
            equalityKey(collation, data, start, end) === equalityKey(collation, constant, 0, constant.length);
          expect(isSameKey, what).equal(collation.equals(text, constant));
        }
      }
    });
  }
});
