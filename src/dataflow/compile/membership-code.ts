/**
 * IN in compiled code: a short list as comparisons, a long one as a set made when compiling. A NULL in the list makes
 * every "no" a NULL, so that nothing is ever false.
 */
import { assert } from '../../base/assert.js';
import { collationOf } from '../../codec/collation.js';
import { WIDE_HI } from '../../codec/column.js';
import { isUnsigned } from '../../codec/field-type.js';
import type { Constant, Membership } from '../expression.js';
import { unscaledAt } from '../kernels/decimal.js';
import { TWO_32, halvesOf } from '../kernels/i64.js';
import { HalvesSet } from '../kernels/sets.js';
import { equalityKey } from '../kernels/strings.js';
import type { Code } from './code.js';
import { cell, comparisonCode, sameKeyCode } from './comparison-code.js';
import { type Operand, doubleOf, exactOf, integerCode, realCode } from './operand-code.js';

/** Longer lists become sets. */
const COMPARED_ONE_BY_ONE = 8;

/** Whether an operand that is not NULL is in the list, or is surely not. */
export function membershipCode(
  { domain, values }: Membership,
  operand: Operand,
  asked: 'true' | 'false',
  code: Code,
): string {
  const present = values.filter(({ value }) => value !== null);
  if (asked === 'false' && present.length < values.length) return 'false';
  const isOneByOne = present.length <= COMPARED_ONE_BY_ONE || operand.kind !== 'column';
  const test = isOneByOne
    ? oneByOne({ domain, values: present }, operand, code)
    : setCode({ domain, values: present }, operand, code);
  return asked === 'true' ? test : `!${test}`;
}

type List = Pick<Membership, 'domain' | 'values'>;

function oneByOne({ domain, values }: List, operand: Operand, code: Code): string {
  if (values.length === 0) return 'false';
  const tests = values.map((constant) =>
    domain.kind === 'string'
      ? sameKeyCode(collationOf(domain.collation, domain.isNewCollation), operand, constant, code)
      : comparisonCode('=', domain, operand, { kind: 'constant', constant }, code),
  );
  return `(${tests.join(' || ')})`;
}

function setCode(
  { domain, values }: List,
  operand: Extract<Operand, { kind: 'column' }>,
  code: Code,
): string {
  const { index, type } = operand.column;
  const storage = code.column(index, type);
  switch (domain.kind) {
    case 'integer':
    case 'time':
    case 'duration':
      return halvesSetCode(values, operand, code);
    case 'real':
      return `${code.constant(new Set(values.map(doubleOf)))}.has(${realCode(operand, code)})`;
    case 'decimal':
      return storage === 'i64' ? halvesSetCode(values, operand, code) : decimalSetCode(values, operand, code);
    case 'string': {
      const collation = collationOf(domain.collation, domain.isNewCollation);
      const keys = new Set(
        values.map(({ value }) => {
          assert(value instanceof Uint8Array, 'a string constant');
          return equalityKey(collation, value, 0, value.length);
        }),
      );
      const place = cell(operand.column, code);
      return `${code.constant(keys)}.has(${code.constant(equalityKey)}(${code.constant(collation)}, ${place}))`;
    }
  }
}

function halvesSetCode(
  values: readonly Constant[],
  operand: Extract<Operand, { kind: 'column' }>,
  code: Code,
): string {
  const isColumnUnsigned = isUnsigned(operand.column.type);
  // What the column cannot hold would have the bits of something that it can.
  const possible = values
    .map(exactOf)
    .filter(({ unscaled, scale }) => scale === 0 || unscaled % 10n ** BigInt(scale) === 0n)
    .map((value) => value.rescale(0).unscaled)
    .filter((value) => value === (isColumnUnsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)));
  const set = new HalvesSet(possible.map(halvesOf));
  const { lo, hi } = integerCode(operand, code);
  return `${code.constant(set)}.has(${lo} | 0, ${hi} | 0)`;
}

function decimalSetCode(
  values: readonly Constant[],
  operand: Extract<Operand, { kind: 'column' }>,
  code: Code,
): string {
  const { index, type } = operand.column;
  const scale = Math.max(type.decimal, 0);
  const unscaled = values
    .map(exactOf)
    .filter((value) => value.rescale(scale).equals(value))
    .map((value) => value.rescale(scale).unscaled);
  const small = code.constant(new Set(unscaled.map(Number).filter((value) => Number.isSafeInteger(value))));
  const wide = code.constant(new Set(unscaled));
  const wideValue = `${code.constant(unscaledAt)}(c${index}, i)`;
  const smallValue = `h${index}[i] * ${TWO_32} + (l${index}[i] >>> 0)`;
  return `(h${index}[i] === ${WIDE_HI} ? ${wide}.has(${wideValue}) : ${small}.has(${smallValue}))`;
}
