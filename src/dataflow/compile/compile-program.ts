/** Compiles a row program into a function that picks rows and functions that make columns. */
import { appendDatum } from '../../codec/cell.js';
import type { Column } from '../../codec/column.js';
import { columnBuilderOf } from '../../codec/column-builder.js';
import type { Constant, RowExpression } from '../expression.js';
import type { RowProgram } from '../row-program.js';
import { ExpressionCompiler } from './expression-compiler.js';
import { makeFunction } from './make-function.js';
import { compileColumn } from './output-code.js';

/** Writes the numbers of the rows from … to that pass into `selected`, and returns how many they are. */
export type RowSelector = (
  columns: readonly Column[],
  from: number,
  to: number,
  selected: Int32Array,
) => number;

/** One column that comes out. */
export type OutputColumn =
  /** A column as it came in. */
  | { readonly kind: 'column'; readonly index: number }
  /** The same value in all rows. */
  | { readonly kind: 'constant'; readonly make: (rows: number) => Column }
  /** Something computed. */
  | {
      readonly kind: 'computed';
      readonly make: (columns: readonly Column[], selected: Int32Array, count: number) => Column;
    };

/** A program ready to run. */
export interface CompiledProgram {
  /** undefined: all rows pass. */
  readonly select: RowSelector | undefined;
  readonly outputs: readonly OutputColumn[];
}

/** Compiles a program. */
export function compileProgram({ predicate, items }: RowProgram): CompiledProgram {
  return {
    select: predicate === undefined ? undefined : compileSelector(predicate),
    outputs: items.map(compileOutput),
  };
}

function compileSelector(predicate: RowExpression): RowSelector {
  const compiler = new ExpressionCompiler();
  const { code } = compiler;
  const test = compiler.test(predicate, 'true');
  const body = `
    let count = 0;
    for (let i = from; i < to; i++) {
      ${code.prologue}
      ${code.statements}
      if (${test}) selected[count++] = i;
    }
    return count;`;
  const raw = makeFunction(['from', 'to', 'selected', ...code.parameters], body);
  return (columns, from, to, selected) => raw(from, to, selected, ...code.arguments(columns));
}

function compileOutput(item: RowExpression): OutputColumn {
  switch (item.kind) {
    case 'column':
      return { kind: 'column', index: item.index };
    case 'constant':
      return { kind: 'constant', make: (rows) => constantColumn(item, rows) };
    default:
      return { kind: 'computed', make: compileColumn(item) };
  }
}

function constantColumn({ value, type }: Constant, rows: number): Column {
  const builder = columnBuilderOf(type);
  for (let row = 0; row < rows; row++) appendDatum(builder, value);
  return builder.finish();
}
