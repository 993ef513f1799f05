/**
 * String functions on places in memory. Characters are code points of UTF-8; columns hold no broken ones.
 *
 * @see pingcap/tidb pkg/expression/builtin_string.go
 */
import { runeAt, runeCount, runeLength, runesEnd } from '../../codec/utf8.js';
import { lowerOf, upperOf } from './letter-case.js';
import type { Scratch } from './scratch.js';

/** Where the part of `SUBSTRING(x, position)` begins; the string's end: nowhere. */
export function substringStart(data: Uint8Array, start: number, end: number, position: number): number {
  if (position > 0) return runesEnd(data, start, end, position - 1);
  const characters = runeCount(data, start, end);
  if (position === 0 || -position > characters) return end;
  return runesEnd(data, start, end, characters + position);
}

/** Where `count` characters end. */
export function charactersEnd(data: Uint8Array, start: number, end: number, count: number): number {
  return count <= 0 ? start : runesEnd(data, start, end, count);
}

/** Where the last `count` characters begin. */
export function lastCharacters(data: Uint8Array, start: number, end: number, count: number): number {
  if (count <= 0) return end;
  return runesEnd(data, start, end, Math.max(runeCount(data, start, end) - count, 0));
}

/** Where the string begins once all copies of something are cut off at its beginning. */
export function trimmedStart(data: Uint8Array, start: number, end: number, [what, from, to]: Place): number {
  const length = to - from;
  let at = start;
  while (length > 0 && end - at >= length && isAt(data, at, what, from, to)) at += length;
  return at;
}

/** Where the string ends once all copies of something are cut off at its end. */
export function trimmedEndOf(data: Uint8Array, start: number, end: number, [what, from, to]: Place): number {
  const length = to - from;
  let at = end;
  while (length > 0 && at - start >= length && isAt(data, at - length, what, from, to)) at -= length;
  return at;
}

function isAt(data: Uint8Array, at: number, what: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (data[at + i - from] !== what[i]) return false;
  return true;
}

/** Adds the string with all copies of `old` replaced. */
export function putReplaced(
  scratch: Scratch,
  [data, start, end]: Place,
  [old, oldStart, oldEnd]: Place,
  [fresh, freshStart, freshEnd]: Place,
): void {
  const length = oldEnd - oldStart;
  let copied = start;
  let at = start;
  while (length > 0 && at + length <= end) {
    if (!isAt(data, at, old, oldStart, oldEnd)) {
      at++;
      continue;
    }
    scratch.put(data, copied, at);
    scratch.put(fresh, freshStart, freshEnd);
    at += length;
    copied = at;
  }
  scratch.put(data, copied, end);
}

/** A string: its memory, start and end. */
export type Place = readonly [Uint8Array, number, number];

/**
 * Adds the string brought to `length` characters by cutting off its end or by padding.
 *
 * @param isLeft - pads before the string.
 * @returns whether there is such a string: not of a negative length, nor padded with nothing.
 */
export function putPadded(
  scratch: Scratch,
  [data, start, end]: Place,
  length: number,
  [pad, padStart, padEnd]: Place,
  isLeft: boolean,
): boolean {
  if (length < 0) return false;
  const missing = length - runeCount(data, start, end);
  if (missing <= 0) {
    scratch.put(data, start, charactersEnd(data, start, end, length));
    return true;
  }
  const padCount = runeCount(pad, padStart, padEnd);
  if (padCount === 0) return false;
  if (!isLeft) scratch.put(data, start, end);
  for (let rest = missing; rest > 0; rest -= padCount) {
    scratch.put(pad, padStart, charactersEnd(pad, padStart, padEnd, rest));
  }
  if (isLeft) scratch.put(data, start, end);
  return true;
}

/** Adds the string in upper case. */
export function putUpper(scratch: Scratch, data: Uint8Array, start: number, end: number): void {
  putMapped(scratch, [data, start, end], 0x61, upperOf);
}

/** Adds the string in lower case. */
export function putLower(scratch: Scratch, data: Uint8Array, start: number, end: number): void {
  putMapped(scratch, [data, start, end], 0x41, lowerOf);
}

/** @param first - the first of the 26 ASCII letters that change. */
function putMapped(
  scratch: Scratch,
  [data, start, end]: Place,
  first: number,
  mapped: (character: number) => number,
): void {
  for (let at = start; at < end;) {
    const byte = data[at]!;
    if (byte < 0x80) {
      scratch.putByte(byte >= first && byte < first + 26 ? byte ^ 0x20 : byte);
      at++;
      continue;
    }
    const character = runeAt(data, at, end);
    const length = runeLength(character);
    const other = character < 0 ? character : mapped(character);
    if (other === character) scratch.put(data, at, at + length);
    else putCharacter(scratch, other);
    at += length;
  }
}

function putCharacter(scratch: Scratch, character: number): void {
  if (character < 0x80) scratch.putByte(character);
  else if (character < 0x800) {
    scratch.putByte(0xc0 | (character >> 6));
    scratch.putByte(0x80 | (character & 63));
  } else if (character < 0x1_0000) {
    scratch.putByte(0xe0 | (character >> 12));
    scratch.putByte(0x80 | ((character >> 6) & 63));
    scratch.putByte(0x80 | (character & 63));
  } else {
    scratch.putByte(0xf0 | (character >> 18));
    scratch.putByte(0x80 | ((character >> 12) & 63));
    scratch.putByte(0x80 | ((character >> 6) & 63));
    scratch.putByte(0x80 | (character & 63));
  }
}
