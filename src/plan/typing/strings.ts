/**
 * String functions.
 *
 * @see pingcap/tidb pkg/expression/builtin_string.go
 */
import { type RowExpression, type ScalarFunction, typeOf } from '../../dataflow/expression.js';
import { type Bound, call, firstRefusal, integerType, isNullLiteral, refused } from './bound.js';
import { asInteger, asText, textType } from './conversion.js';
import { deriveCollation } from './string-collation.js';
import { valueClassOf } from './value-class.js';

/** What a string function takes: `s` a string, `n` a number; and which strings decide on its collation. */
interface Signature {
  readonly name: ScalarFunction;
  readonly takes: string;
  /** Positions of operands; undefined: all. */
  readonly collationFrom?: readonly number[];
  readonly gives: 'text' | 'number';
}

const SIGNATURES: ReadonlyMap<string, readonly Signature[]> = new Map<string, readonly Signature[]>([
  ...names(['LENGTH', 'OCTET_LENGTH'], [{ name: 'length', takes: 's', gives: 'number' }]),
  ...names(['CHAR_LENGTH', 'CHARACTER_LENGTH'], [{ name: 'charLength', takes: 's', gives: 'number' }]),
  ...names(['UPPER', 'UCASE'], [{ name: 'upper', takes: 's', gives: 'text' }]),
  ...names(['LOWER', 'LCASE'], [{ name: 'lower', takes: 's', gives: 'text' }]),
  ...names(
    ['SUBSTRING', 'SUBSTR', 'MID'],
    [
      { name: 'substring', takes: 'sn', collationFrom: [0], gives: 'text' },
      { name: 'substring', takes: 'snn', collationFrom: [0], gives: 'text' },
    ],
  ),
  ...names(['LEFT'], [{ name: 'left', takes: 'sn', collationFrom: [0], gives: 'text' }]),
  ...names(['RIGHT'], [{ name: 'right', takes: 'sn', collationFrom: [0], gives: 'text' }]),
  ...names(['REPLACE'], [{ name: 'replace', takes: 'sss', collationFrom: [0], gives: 'text' }]),
  ...names(['LPAD'], [{ name: 'lpad', takes: 'sns', collationFrom: [0, 2], gives: 'text' }]),
  ...names(['RPAD'], [{ name: 'rpad', takes: 'sns', collationFrom: [0, 2], gives: 'text' }]),
  ...names(['TRIMLEADING'], [{ name: 'trimLeading', takes: 'ss', collationFrom: [0], gives: 'text' }]),
  ...names(['TRIMTRAILING'], [{ name: 'trimTrailing', takes: 'ss', collationFrom: [0], gives: 'text' }]),
  ...names(['TRIMBOTH'], [{ name: 'trimBoth', takes: 'ss', collationFrom: [0], gives: 'text' }]),
]);

/** The longest string that padding may make: what TiDB surely makes too. */
const PADDED_MAX = 1_000_000n;

function names(
  all: readonly string[],
  signatures: readonly Signature[],
): readonly (readonly [string, readonly Signature[]])[] {
  return all.map((name) => [name, signatures]);
}

/** Whether a function is one of these. */
export function isStringFunction(name: string): boolean {
  return SIGNATURES.has(name) || name === 'CONCAT' || name === 'CONCAT_WS';
}

/** Binds a string function. */
export function bindStringCall(name: string, operands: readonly RowExpression[], source: string): Bound {
  if (name === 'CONCAT' || name === 'CONCAT_WS') {
    const own: Signature = {
      name: name === 'CONCAT' ? 'concat' : 'concatWs',
      takes: 's'.repeat(operands.length),
      gives: 'text',
    };
    return bindSignature(own, operands, source);
  }
  const signature = SIGNATURES.get(name)?.find(({ takes }) => takes.length === operands.length);
  if (signature === undefined) return refused(`${name} of ${operands.length} operands is not supported`);
  return bindSignature(signature, operands, source);
}

function bindSignature(
  { name, takes, collationFrom, gives }: Signature,
  operands: readonly RowExpression[],
  source: string,
): Bound {
  const [first] = operands;
  if (name === 'length' && first !== undefined && valueClassOf(typeOf(first)) === 'string') {
    return call(name, operands, integerType(false, 10), { source });
  }
  const derived = deriveCollation(
    collationFrom === undefined ? operands : operands.filter((_, i) => collationFrom.includes(i)),
  );
  if (derived.kind === 'refused') return derived;
  const type = gives === 'text' ? textType(derived.collation) : integerType(false, 10);
  if (operands.some(isNullLiteral) && name !== 'concatWs') return refused('NULL is an operand');
  if ((name === 'lpad' || name === 'rpad') && !isShort(operands[1])) {
    return refused('the length to pad to is no small literal');
  }
  const converted = operands.map((operand, i) => (takes[i] === 's' ? asText(operand) : asInteger(operand)));
  return firstRefusal(converted) ?? call(name, converted as RowExpression[], type, { source });
}

function isShort(length: RowExpression | undefined): boolean {
  return length?.kind === 'constant' && typeof length.value === 'bigint' && length.value <= PADDED_MAX;
}
