/** String functions in compiled code. What is made anew lies in the function's scratch memory until the next row. */
import { assert, present } from '../../base/assert.js';
import { runeCount } from '../../codec/utf8.js';
import type { Call } from '../expression.js';
import {
  charactersEnd,
  lastCharacters,
  putLower,
  putPadded,
  putReplaced,
  putUpper,
  substringStart,
  trimmedEndOf,
  trimmedStart,
} from '../kernels/string-functions.js';
import type { Compiler } from './compiler.js';
import { ofKind } from './leaf-code.js';
import { type BytesValue, type ExactValue, type Value, anyNull } from './value.js';

/** The functions of this file. */
export type StringFunction =
  | 'concat'
  | 'concatWs'
  | 'length'
  | 'charLength'
  | 'upper'
  | 'lower'
  | 'substring'
  | 'left'
  | 'right'
  | 'trimLeading'
  | 'trimTrailing'
  | 'trimBoth'
  | 'replace'
  | 'lpad'
  | 'rpad';

/** The value of such a call. */
export function stringCode(call: Call & { readonly function: StringFunction }, compiler: Compiler): Value {
  const { code } = compiler;
  const values = call.operands.map((operand) => compiler.value(operand));
  const [first, second, third] = values;
  const text = ofKind(present(first, `${call.function} of nothing`), 'bytes');
  switch (call.function) {
    case 'length':
      return count(text, `${text.end} - ${text.start}`);
    case 'charLength':
      return count(text, code.result(guarded(text, `${code.constant(runeCount)}(${place(text)})`)));
    case 'concat':
      return made(anyNull(values), values.map(putAll(compiler)).join(' '), compiler);
    case 'concatWs':
      return concatWs(text, values.slice(1), compiler);
    case 'upper':
    case 'lower':
      return made(text.isNull, putCase(call.function, text, compiler), compiler);
    case 'substring':
      return substring(text, ofKind(present(second, 'no position'), 'exact'), third, compiler);
    case 'left':
    case 'right':
      return side(call.function, text, ofKind(present(second, 'no length'), 'exact'), compiler);
    case 'trimLeading':
    case 'trimTrailing':
    case 'trimBoth':
      return trim(call.function, text, ofKind(present(second, 'nothing to cut off'), 'bytes'), compiler);
    case 'replace':
      return replace(values, compiler);
    case 'lpad':
    case 'rpad':
      return pad(call.function, values, compiler);
  }
}

/** Memory, start and end as arguments. */
function place({ data, start, end }: BytesValue): string {
  return `${data}, ${start}, ${end}`;
}

function triple(value: Value | undefined): string {
  return `[${place(ofKind(present(value, 'no operand'), 'bytes'))}]`;
}

/** A number that is only computed where the string is not NULL. */
function guarded({ isNull }: BytesValue, text: string): string {
  return isNull === undefined ? text : `${isNull} ? 0 : ${text}`;
}

function count({ isNull }: BytesValue, small: string): ExactValue {
  return { kind: 'exact', isNull, small: `(${small})`, wide: undefined, scale: 0 };
}

/** A string that statements put into the scratch memory. */
function made(isNull: string | undefined, statements: string, { code }: Compiler): BytesValue {
  const scratch = code.scratch();
  const [data, start, end] = [code.name('m'), code.name('p'), code.name('q')];
  code.emit(`let ${data}, ${start} = 0, ${end} = 0;
    ${isNull === undefined ? '' : `if (!${isNull})`} {
      ${start} = ${scratch}.at;
      ${statements}
      ${data} = ${scratch}.data; ${end} = ${scratch}.at;
    }`);
  return { kind: 'bytes', isNull, data, start, end };
}

/** Writes statements that put a string into the scratch memory. */
function putAll({ code }: Compiler): (value: Value) => string {
  return (value) => `${code.scratch()}.put(${place(ofKind(value, 'bytes'))});`;
}

function concatWs(separator: BytesValue, values: readonly Value[], compiler: Compiler): BytesValue {
  const { code } = compiler;
  const put = putAll(compiler);
  const isFirst = code.name('t');
  const parts = values.map((value) => {
    const statements = `if (${isFirst}) ${isFirst} = false; else ${put(separator)} ${put(value)}`;
    return value.isNull === undefined ? statements : `if (!${value.isNull}) { ${statements} }`;
  });
  return made(separator.isNull, `let ${isFirst} = true; ${parts.join(' ')}`, compiler);
}

function putCase(name: 'upper' | 'lower', text: BytesValue, { code }: Compiler): string {
  return `${code.constant(name === 'upper' ? putUpper : putLower)}(${code.scratch()}, ${place(text)});`;
}

/** A number of characters as a double: what TiDB reads as 64 bits with a sign. */
function characters({ small, wide }: ExactValue, { code }: Compiler): string {
  return wide === undefined
    ? small
    : `(${wide} === undefined ? ${small} : ${code.constant(signedDouble)}(${wide}))`;
}

function signedDouble(wide: bigint): number {
  return Number(BigInt.asIntN(64, wide));
}

/** A part of a string, which needs no memory of its own. */
function part(isNull: string | undefined, text: BytesValue, bounds: string, { code }: Compiler): BytesValue {
  const [start, end] = [code.name('p'), code.name('q')];
  const statements = bounds.replaceAll('$start', start).replaceAll('$end', end);
  code.emit(`let ${start} = ${text.start}, ${end} = ${text.end};
    ${isNull === undefined ? '' : `if (!${isNull})`} { ${statements} }`);
  return { kind: 'bytes', isNull, data: text.data, start, end };
}

function substring(
  text: BytesValue,
  position: ExactValue,
  length: Value | undefined,
  compiler: Compiler,
): BytesValue {
  const { code } = compiler;
  const begin = `$start = ${code.constant(substringStart)}(${place(text)}, ${characters(position, compiler)});`;
  if (length === undefined) return part(anyNull([text, position]), text, begin, compiler);
  const count = characters(ofKind(length, 'exact'), compiler);
  const stop = `$end = ${code.constant(charactersEnd)}(${text.data}, $start, $end, ${count});`;
  return part(anyNull([text, position, length]), text, `${begin} ${stop}`, compiler);
}

function side(name: 'left' | 'right', text: BytesValue, length: ExactValue, compiler: Compiler): BytesValue {
  const { code } = compiler;
  const count = characters(length, compiler);
  const bound =
    name === 'left'
      ? `$end = ${code.constant(charactersEnd)}(${place(text)}, ${count});`
      : `$start = ${code.constant(lastCharacters)}(${place(text)}, ${count});`;
  return part(anyNull([text, length]), text, bound, compiler);
}

function trim(
  name: 'trimLeading' | 'trimTrailing' | 'trimBoth',
  text: BytesValue,
  what: BytesValue,
  compiler: Compiler,
): BytesValue {
  const { code } = compiler;
  const arguments_ = `${text.data}, $start, $end, ${triple(what)}`;
  const leading = `$start = ${code.constant(trimmedStart)}(${arguments_});`;
  const trailing = `$end = ${code.constant(trimmedEndOf)}(${arguments_});`;
  const bounds = name === 'trimBoth' ? `${leading} ${trailing}` : name === 'trimLeading' ? leading : trailing;
  return part(anyNull([text, what]), text, bounds, compiler);
}

function replace(values: readonly Value[], compiler: Compiler): BytesValue {
  const { code } = compiler;
  const [text, old, fresh] = [triple(values[0]), triple(values[1]), triple(values[2])];
  const call = `${code.constant(putReplaced)}(${code.scratch()}, ${text}, ${old}, ${fresh});`;
  return made(anyNull(values), call, compiler);
}

function pad(name: 'lpad' | 'rpad', values: readonly Value[], compiler: Compiler): BytesValue {
  const { code } = compiler;
  const [text, length, filler] = values;
  assert(length?.kind === 'exact', 'padding to no length');
  const isNull = code.name('z');
  code.emit(`let ${isNull} = ${anyNull(values) ?? 'false'};`);
  const call = `${code.constant(putPadded)}(${code.scratch()}, ${triple(text)}, ${characters(length, compiler)}, ${triple(filler)}, ${name === 'lpad'})`;
  const result = made(isNull, `${isNull} = !${call};`, compiler);
  return result;
}
