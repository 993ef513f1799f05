import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { collationOf } from '../../../../src/codec/collation.js';
import { likeMatcher } from '../../../../src/dataflow/kernels/like.js';

const BACKSLASH = 0x5c;

/** Tests the text where it lies, between other bytes. */
function isLike(
  collate: string,
  text: string | Uint8Array,
  pattern: string | Uint8Array,
  escape = BACKSLASH,
): boolean {
  const bytes = typeof text === 'string' ? utf8(text) : text;
  const data = Uint8Array.of(0x61, ...bytes, 0x61);
  const wanted = typeof pattern === 'string' ? utf8(pattern) : pattern;
  return likeMatcher(collationOf(collate, true), wanted, escape)(data, 1, 1 + bytes.length);
}

describe('dataflow/kernels/like', () => {
  // Collation, text, pattern, and what TiDB 8.5 answers.
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ['utf8mb4_bin', 'abc', 'a%', true],
    ['utf8mb4_bin', 'abc', '%c', true],
    ['utf8mb4_bin', 'abc', '%b', false],
    ['utf8mb4_bin', 'abc', '_b_', true],
    ['utf8mb4_bin', 'abc', 'abc', true],
    ['utf8mb4_bin', 'abc', 'ABC', false],
    ['utf8mb4_bin', 'abcabd', '%ab_', true],
    ['utf8mb4_bin', 'aXbXc', 'a%b%c', true],
    ['utf8mb4_bin', 'aXbX', 'a%b%c', false],
    ['utf8mb4_bin', '', '', true],
    ['utf8mb4_bin', '', '%%', true],
    ['utf8mb4_bin', '', '_', false],
    ['utf8mb4_bin', 'a', '', false],
    ['utf8mb4_bin', 'a%', 'a\\%', true],
    ['utf8mb4_bin', 'ab', 'a\\%', false],
    ['utf8mb4_bin', 'a\\', 'a\\', true],
    ['utf8mb4_bin', 'a\\', 'a\\\\', true],
    ['utf8mb4_bin', 'a', 'a ', false],
    ['utf8mb4_bin', 'a ', 'a', false],
    ['utf8mb4_bin', 'é', '_', true],
    ['utf8mb4_bin', '😀b', '_b', true],
    ['latin1_bin', 'é', '_', true],
    ['utf8mb4_0900_bin', 'é', '_', false],
    ['utf8mb4_0900_bin', 'é', '__', true],
    ['binary', 'é', '_', false],
    ['binary', 'é', '__', true],
    ['utf8mb4_general_ci', 'ABC', 'a_c', true],
    ['utf8mb4_general_ci', 'éa', 'E%', true],
    ['utf8mb4_general_ci', 'ß', 's', true],
    ['utf8mb4_general_ci', '😀', '😁', true],
    ['utf8mb4_general_ci', 'a ', 'a', false],
    ['utf8mb4_general_ci', 'ab', 'A\\B', true],
    ['utf8mb4_general_ci', ' ', '\0', false],
    ['utf8mb4_general_ci', ' ', ' ', true],
  ];
  for (const [collate, text, pattern, expected] of cases) {
    it(`says that '${text}' is ${expected ? '' : 'not '}like '${pattern}' under ${collate}`, () => {
      expect(isLike(collate, text, pattern)).equal(expected);
    });
  }

  it('takes any byte for the escape', () => {
    expect(isLike('utf8mb4_bin', 'a%', 'a|%', 0x7c)).equal(true);
    expect(isLike('utf8mb4_bin', 'ab', 'a|%', 0x7c)).equal(false);
    expect(isLike('utf8mb4_bin', '%', '%%', 0x25)).equal(true);
    expect(isLike('utf8mb4_bin', 'x', '%%', 0x25)).equal(false);
  });

  it('takes a broken byte for one character, equal to the replacement character', () => {
    const broken = Uint8Array.of(0x61, 0xff);
    expect(isLike('utf8mb4_bin', broken, 'a_')).equal(true);
    expect(isLike('utf8mb4_bin', broken, 'a\ufffd')).equal(true);
    expect(isLike('utf8mb4_bin', 'a\ufffd', broken)).equal(true);
    expect(isLike('binary', broken, 'a\ufffd')).equal(false);
  });

  it('goes back only to the last %', () => {
    const text = 'a'.repeat(20_000);
    expect(isLike('utf8mb4_bin', text, `${'%a'.repeat(200)}%b`)).equal(false);
    expect(isLike('utf8mb4_general_ci', text, `${'%A_'.repeat(200)}%`)).equal(true);
  });
});
