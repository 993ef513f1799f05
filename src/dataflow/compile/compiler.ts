/** What the compilers of the kinds of expressions know of each other. */
import type { RowExpression } from '../expression.js';
import type { Code } from './code.js';
import type { Value } from './value.js';

/** What is asked of a test. */
export type Asked = 'true' | 'false';

/** Compiles expressions into one function's text. */
export interface Compiler {
  readonly code: Code;
  /** The value of any expression. */
  value(expression: RowExpression): Value;
  /** Text that says whether an expression is true, or false. */
  test(expression: RowExpression, asked: Asked): string;
  /** The name of a result that is 1 where an expression is true, 0 where it is false, 2 where it is NULL. */
  truth(expression: RowExpression): string;
}
