import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { lowerOf, upperOf } from '../../../../src/dataflow/kernels/letter-case.js';
import { Scratch } from '../../../../src/dataflow/kernels/scratch.js';
import {
  type Place,
  charactersEnd,
  lastCharacters,
  putPadded,
  putReplaced,
  putUpper,
  substringStart,
  trimmedEndOf,
  trimmedStart,
} from '../../../../src/dataflow/kernels/string-functions.js';

/** A text in the middle of other bytes. */
function place(text: string): Place {
  const data = utf8(`<${text}>`);
  return [data, 1, data.length - 1];
}

function written(put: (scratch: Scratch) => unknown): string {
  const scratch = new Scratch();
  put(scratch);
  return Buffer.from(scratch.data.subarray(0, scratch.at)).toString();
}

describe('dataflow/kernels/string-functions', () => {
  const [data, start, end] = place('aé中😀');
  const from = (at: number): string => Buffer.from(data.subarray(at, end)).toString();

  it('counts characters from both ends', () => {
    expect([1, 2, -1, -4, 5].map((it) => from(substringStart(data, start, end, it)))).deep.equal([
      'aé中😀',
      'é中😀',
      '😀',
      'aé中😀',
      '',
    ]);
    expect([0, -5].map((it) => substringStart(data, start, end, it))).deep.equal([end, end]);
    expect(charactersEnd(data, start, end, 2) - start).equal(3);
    expect(charactersEnd(data, start, end, -1)).equal(start);
    expect(from(lastCharacters(data, start, end, 2))).equal('中😀');
    expect(lastCharacters(data, start, end, 9)).equal(start);
  });

  it('cuts off copies at both ends, and nothing if there is nothing to cut off', () => {
    const [text, first, last] = place('ababXab');
    const what = place('ab');
    expect(trimmedStart(text, first, last, what)).equal(first + 4);
    expect(trimmedEndOf(text, first, last, what)).equal(last - 2);
    expect(trimmedStart(text, first, last, place(''))).equal(first);
  });

  it('replaces from the left, without overlaps', () => {
    const replaced = (text: string, old: string, fresh: string): string =>
      written((scratch) => putReplaced(scratch, place(text), place(old), place(fresh)));
    expect(replaced('aaa', 'aa', 'b')).equal('ba');
    expect(replaced('abc', '', 'x')).equal('abc');
    expect(replaced('中a中', '中', '')).equal('a');
  });

  it('pads with whole characters', () => {
    const padded = (text: string, length: number, pad: string, isLeft: boolean): string =>
      written((scratch) => putPadded(scratch, place(text), length, place(pad), isLeft));
    expect(padded('é', 4, 'xé', true)).equal('xéxé');
    expect(padded('é', 4, 'xé', false)).equal('éxéx');
    expect(padded('abc', 2, 'x', true)).equal('ab');
    const scratch = new Scratch();
    expect(putPadded(scratch, place('a'), -1, place('x'), true)).equal(false);
    expect(putPadded(scratch, place('a'), 2, place(''), true)).equal(false);
  });

  it('knows the simple case mappings only', () => {
    expect(written((scratch) => putUpper(scratch, ...place('aß éǆᾳŉ')))).equal('Aß Éǅᾼŉ'.replace('ǅ', 'Ǆ'));
    expect(lowerOf(0x130)).equal(0x69);
    expect(upperOf(0x1f80)).equal(0x1f88);
    expect(upperOf(0x19b)).equal(0x19b);
  });

  it('keeps what was given out when its memory grows', () => {
    const scratch = new Scratch();
    scratch.put(utf8('abc'), 0, 3);
    const { data: old, at } = scratch;
    scratch.put(new Uint8Array(10_000), 0, 10_000);
    expect(scratch.data).not.equal(old);
    expect(Buffer.from(old.subarray(0, at)).toString()).equal('abc');
    expect(Buffer.from(scratch.data.subarray(0, at)).toString()).equal('abc');
    expect(() => new Scratch(5000).put(new Uint8Array(6000), 0, 6000)).throw('5000 bytes');
  });
});
