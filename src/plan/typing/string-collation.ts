/**
 * Which collation strings from several places have together: that of the strongest, columns before literals before
 * texts made from numbers.
 *
 * @see pingcap/tidb pkg/expression/collation.go (inferCollation)
 */
import { isCollationSupported } from '../../codec/collation.js';
import { type RowExpression, typeOf } from '../../dataflow/expression.js';
import { NUMBER_COLLATION, isNullLiteral, type Refusal, refused } from './bound.js';
import { isText } from './conversion.js';
import { valueClassOf } from './value-class.js';

/** How strongly an expression stands for its collation; less is stronger. */
const COLUMN = 2;
const LITERAL = 4;
const NUMBER = 5;
const NOTHING = 6;

/** A collation found. */
export interface DerivedCollation {
  readonly kind: 'collation';
  readonly collation: string;
}

/** How strongly an expression stands for its collation. */
export function strengthOf(expression: RowExpression): number {
  if (isNullLiteral(expression)) return NOTHING;
  if (valueClassOf(typeOf(expression)) !== 'string') return NUMBER;
  switch (expression.kind) {
    case 'column':
      return COLUMN;
    case 'constant':
      return LITERAL;
    case 'cast':
      // One that somebody wrote is as strong as a column.
      return expression.source === '' ? strengthOf(expression.operand) : COLUMN;
    case 'case':
      return strongest([...expression.branches.map(({ then }) => then), expression.otherwise]);
    case 'call':
      return strongest(sourcesOf(expression.function, expression.operands));
    default:
      return NUMBER;
  }
}

/** The operands that a function's collation comes from. */
function sourcesOf(name: string, operands: readonly RowExpression[]): readonly RowExpression[] {
  switch (name) {
    case 'concat':
    case 'concatWs':
    case 'coalesce':
      return operands;
    case 'lpad':
    case 'rpad':
      return [operands[0], operands[2]].filter((it) => it !== undefined);
    default:
      return operands.slice(0, 1);
  }
}

/** Texts that are made from numbers only are as strong as literals. */
function strongest(expressions: readonly RowExpression[]): number {
  return Math.min(LITERAL, ...expressions.map(strengthOf));
}

/**
 * The collation of some expressions as strings.
 */
export function deriveCollation(expressions: readonly RowExpression[]): DerivedCollation | Refusal {
  const texts = expressions.filter((it) => strengthOf(it) < NUMBER);
  const odd = texts.map(typeOf).find((type) => !isText(type));
  if (odd !== undefined) return refused(`strings of the character set ${odd.charset} are not supported here`);
  if (texts.length === 0) return { kind: 'collation', collation: NUMBER_COLLATION };
  const best = Math.min(...texts.map(strengthOf));
  const collations = new Set(texts.filter((it) => strengthOf(it) === best).map((it) => typeOf(it).collate));
  const collation = winnerOf([...collations]);
  if (collation === undefined) {
    return refused(`strings of the collations ${[...collations].join(' and ')} meet`);
  }
  const charsets = new Set(texts.map((it) => typeOf(it).charset));
  if (charsets.size > 1 && !collation.startsWith('utf8mb4')) {
    return refused('strings of utf8 and utf8mb4 meet');
  }
  if (!isCollationSupported(collation)) return refused(`the collation ${collation} is not supported yet`);
  return { kind: 'collation', collation };
}

/** Of collations that are as strong as each other, the one that compares bytes; undefined: there is none. */
function winnerOf(collations: readonly string[]): string | undefined {
  const others = collations.filter((it) => it !== 'utf8mb4_bin' && it !== 'utf8_bin');
  if (collations.length - others.length > 1 || others.length > 1) return undefined;
  return collations.find((it) => !others.includes(it)) ?? others[0];
}
