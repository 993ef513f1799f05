/** What binding an expression needs to know. */
import { NotSupportedError } from '../sql/not-supported-error.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { Expression } from '../sql/ast/select.js';
import { type Span, sourceOf } from '../sql/ast/span.js';
import type { Scope } from './scope.js';
import type { ComparisonContext } from './typing/comparison.js';

/** Where an expression stands. */
export interface BindContext {
  /** The canonical text that the tree was read from. */
  readonly text: string;
  readonly scope: Scope;
  readonly comparison: ComparisonContext;
  /**
   * Asked first for every node, from the outside in: what stands for it, or undefined when it is to be bound as
   * written. So whoever plans the relation puts columns in the place of aggregates, subqueries and grouped expressions.
   */
  readonly resolve?: (node: Expression, context: BindContext) => RowExpression | undefined;
}

/** A refusal that quotes a node of the tree. */
export function refuse(text: string, node: { readonly span: Span }, reason: string): NotSupportedError {
  return new NotSupportedError(sourceOf(text, node), reason);
}
