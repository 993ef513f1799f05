/**
 * How TiDB holds a decimal while it computes: in words of nine digits, at most nine of them. What does not fit is cut
 * off without a word, depending on where a value came from; so expressions in which that could happen are refused, and
 * here is how one knows.
 *
 * @see pingcap/tidb pkg/types/mydecimal.go (doAdd, DecimalMul, doDivMod, fixWordCntError)
 */
import { unreachable } from '../../base/assert.js';
import { Decimal, digitCount } from '../../codec/decimal.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';
import { type RowExpression, scaleOf, typeOf } from '../../dataflow/expression.js';

/** Bounds on what TiDB holds of an expression's values. */
export interface DecimalShape {
  /** Digits before the point that a value can have. */
  readonly digits: number;
  /** Words before the point that are kept for them, leading zeros included. */
  readonly words: number;
  /** Digits behind the point: of most values; the fewest; and of a zero, whose history is forgotten. */
  readonly scale: number;
  readonly scaleMin: number;
  readonly scaleOfZero: number;
}

const DIGITS_A_WORD = 9;
const WORDS_MAX = 9;

/** Words for so many digits. */
export function wordsOf(digits: number): number {
  return Math.ceil(digits / DIGITS_A_WORD);
}

/** Whether TiDB keeps all of a result of so many words and digits behind the point. */
export function fitsWords(words: number, scale: number): boolean {
  return words + wordsOf(scale) <= WORDS_MAX;
}

/** Digits behind the point of a quotient: those of the operands in whole words, and the increment if there is room. */
export function quotientScale(scaleA: number, scaleB: number, increment: number): number {
  const [a, b] = [wordsOf(scaleA) * DIGITS_A_WORD, wordsOf(scaleB) * DIGITS_A_WORD];
  const rest = Math.max(increment - (a - scaleA) - (b - scaleB), 0);
  return wordsOf(a + b + rest) * DIGITS_A_WORD;
}

/** Digits that TiDB counts for an integer of a type, which are as many as it can have. */
export function integerDigits({ tp }: FieldType): number {
  return DIGITS.get(tp) ?? 20;
}

const DIGITS: ReadonlyMap<number, number> = new Map<number, number>([
  [MysqlType.tiny, 3],
  [MysqlType.short, 5],
  [MysqlType.int24, 8],
  [MysqlType.long, 10],
  [MysqlType.year, 4],
]);

/** The shape of an exact expression. */
export function shapeOf(expression: RowExpression): DecimalShape {
  switch (expression.kind) {
    case 'constant': {
      const { value } = expression;
      if (!(value instanceof Decimal)) return ofType(expression.type);
      return plain(Math.max(digitCount(value.unscaled) - value.scale, 1), value.scale);
    }
    case 'call':
      return ofCall(expression);
    case 'case':
      return merged([...expression.branches.map(({ then }) => then), expression.otherwise]);
    default:
      return ofType(typeOf(expression));
  }
}

function plain(digits: number, scale: number): DecimalShape {
  return { digits, words: wordsOf(digits), scale, scaleMin: scale, scaleOfZero: scale };
}

function ofType(type: FieldType): DecimalShape {
  if (type.tp !== MysqlType.newdecimal) return plain(integerDigits(type), 0);
  const scale = Math.max(type.decimal, 0);
  return plain(Math.max(type.flen - scale, 1), scale);
}

function ofCall(call: Extract<RowExpression, { kind: 'call' }>): DecimalShape {
  const { function: name, operands, type } = call;
  if (type.tp !== MysqlType.newdecimal) return ofType(type);
  const [a, b] = operands.map(shapeOf);
  if (a === undefined) return ofType(type);
  switch (name) {
    case 'add':
    case 'subtract':
      return b === undefined ? a : sumShape(a, b);
    case 'multiply':
      return b === undefined ? a : productShape(a, b);
    case 'divide': {
      const digits = a.digits + (b?.scale ?? 0) + 1;
      return { ...plain(digits, call.scale), scaleOfZero: Math.max(type.decimal, 0) };
    }
    case 'modulo':
      return b === undefined ? a : { ...sumShape(a, b), digits: Math.max(a.digits, b.digits) };
    case 'negate':
    case 'abs':
      return a;
    case 'coalesce':
    case 'greatest':
    case 'least':
      return merged(operands);
    default:
      return plain(a.digits + 1, scaleOf(call));
  }
}

/** The shape of a sum or difference. */
export function sumShape(a: DecimalShape, b: DecimalShape): DecimalShape {
  const digits = Math.max(a.digits, b.digits) + 1;
  return {
    digits,
    words: Math.max(a.words, b.words, wordsOf(digits)),
    scale: Math.max(a.scale, b.scale),
    // A zero beside a value that has few digits behind the point.
    scaleMin: Math.min(
      Math.max(a.scaleMin, b.scaleMin),
      Math.max(a.scaleOfZero, b.scaleMin),
      Math.max(a.scaleMin, b.scaleOfZero),
    ),
    scaleOfZero: Math.max(a.scaleOfZero, b.scaleOfZero),
  };
}

/** The shape of a product. */
export function productShape(a: DecimalShape, b: DecimalShape): DecimalShape {
  const digits = a.digits + b.digits;
  return {
    digits,
    words: Math.min(a.words + b.words, wordsOf(digits)),
    scale: a.scale + b.scale,
    scaleMin: a.scaleMin + b.scaleMin,
    scaleOfZero: Math.min(a.scaleOfZero, a.scaleMin) + Math.min(b.scaleOfZero, b.scaleMin),
  };
}

function merged(expressions: readonly RowExpression[]): DecimalShape {
  const shapes = expressions
    .filter((it) => !(it.kind === 'constant' && it.value === null))
    .map((it) => shapeOf(it));
  return {
    digits: Math.max(1, ...shapes.map(({ digits }) => digits)),
    words: Math.max(1, ...shapes.map(({ words }) => words)),
    scale: Math.max(0, ...shapes.map(({ scale }) => scale)),
    scaleMin: Math.min(30, ...shapes.map(({ scaleMin }) => scaleMin)),
    scaleOfZero: Math.min(30, ...shapes.map(({ scaleOfZero }) => scaleOfZero)),
  };
}

/**
 * The scale of a quotient of two expressions; undefined: it depends on the values.
 *
 * @param increment - `div_precision_increment`.
 */
export function fixedQuotientScale(a: DecimalShape, b: DecimalShape, increment: number): number | undefined {
  const scales = [a.scale, a.scaleMin].flatMap((x) =>
    [b.scale, b.scaleMin].map((y) => quotientScale(x, y, increment)),
  );
  const [first, ...rest] = scales;
  return rest.every((scale) => scale === first) ? first : undefined;
}

/** Which of the arithmetic operators keeps its result within TiDB's words. */
export function keepsAllDigits(
  name: 'add' | 'subtract' | 'multiply' | 'divide' | 'intDivide' | 'modulo',
  a: DecimalShape,
  b: DecimalShape,
  quotient: number,
): boolean {
  switch (name) {
    case 'add':
    case 'subtract': {
      const { words, scale } = sumShape(a, b);
      return fitsWords(words, scale);
    }
    case 'multiply':
      return a.words + b.words + wordsOf(a.scale) + wordsOf(b.scale) <= WORDS_MAX && a.scale + b.scale <= 30;
    case 'divide':
    case 'intDivide':
      return fitsWords(wordsOf(a.digits + b.scale + 1), quotient);
    case 'modulo':
      return fitsWords(Math.max(a.words, b.words), Math.max(a.scale, b.scale));
    default:
      return unreachable(name);
  }
}
