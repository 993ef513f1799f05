/** Conditions as lists of tests that must all be true. */
import type { RowExpression } from '../dataflow/expression.js';
import type { LogicalPlan } from './logical-plan.js';

/** The tests that a condition is made of. */
export function conjuncts(test: RowExpression | undefined): readonly RowExpression[] {
  if (test === undefined) return [];
  return test.kind === 'and' ? test.operands.flatMap(conjuncts) : [test];
}

/** One condition of several tests; undefined: none. */
export function conjunction(tests: readonly RowExpression[]): RowExpression | undefined {
  const [first, ...rest] = tests;
  return rest.length === 0 ? first : { kind: 'and', operands: tests };
}

/** The rows of a relation that pass all tests. */
export function filtered(plan: LogicalPlan, tests: readonly RowExpression[]): LogicalPlan {
  const predicate = conjunction(tests);
  return predicate === undefined ? plan : { kind: 'filter', input: plan, predicate };
}
