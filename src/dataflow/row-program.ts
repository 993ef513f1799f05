/**
 * A linear chain of filters and projections as one step: the rows that pass one test, each made into one list of
 * values. Chains are fused by putting what a projection computes in the place of its columns above.
 */
import type { FieldType } from '../codec/field-type.js';
import { type RowExpression, typeOf } from './expression.js';
import { substituted } from './expression-columns.js';

/** What happens to each row. Plain data. */
export interface RowProgram {
  /** Types of the columns that come in. */
  readonly input: readonly FieldType[];
  /** Rows pass where it is true; undefined: all. */
  readonly predicate: RowExpression | undefined;
  /** What becomes of a row that passes. */
  readonly items: readonly RowExpression[];
}

/** The program that changes nothing. */
export function identityProgram(input: readonly FieldType[]): RowProgram {
  return {
    input,
    predicate: undefined,
    items: input.map((type, index) => ({ kind: 'column', index, type })),
  };
}

/** Types of the columns that come out. */
export function outputTypes(program: RowProgram): readonly FieldType[] {
  return program.items.map(typeOf);
}

/** The program, and then a filter of what comes out of it. */
export function thenFilter(program: RowProgram, predicate: RowExpression): RowProgram {
  const own = substituted(predicate, program.items);
  const both = program.predicate === undefined ? own : conjunction([program.predicate, own]);
  return { ...program, predicate: both };
}

/** The program, and then a projection of what comes out of it. */
export function thenProject(program: RowProgram, items: readonly RowExpression[]): RowProgram {
  return { ...program, items: items.map((item) => substituted(item, program.items)) };
}

function conjunction(operands: readonly RowExpression[]): RowExpression {
  return { kind: 'and', operands };
}
