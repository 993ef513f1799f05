/** How two computed numbers compare, in compiled code. */
import { assert } from '../../base/assert.js';
import type { Code } from './code.js';
import { bigAt, smallAt } from './exact-values.js';
import type { ExactValue, Value } from './value.js';

/** Text of a number whose sign is the order of two numbers of one kind, neither NULL. */
export function compareValues(a: Value, b: Value, code: Code): string {
  if (a.kind === 'real') {
    assert(b.kind === 'real', `a double is compared with a value of kind ${b.kind}`);
    return `(${a.number} - ${b.number})`;
  }
  assert(a.kind === 'exact' && b.kind === 'exact', `${a.kind} and ${b.kind} values are compared as numbers`);
  return compareExactValues(a, b, code);
}

/** The same for exact numbers of any scales. */
export function compareExactValues(a: ExactValue, b: ExactValue, code: Code): string {
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [smallAt(a, scale, code), smallAt(b, scale, code)];
  const conditions = [...x.conditions, ...y.conditions];
  const small = `${x.text} - ${y.text}`;
  if (conditions.length === 0) return `(${small})`;
  return `(${conditions.join(' && ')} ? ${small} : ${code.constant(compareBig)}(${bigAt(a, scale)}, ${bigAt(b, scale)}))`;
}

function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
