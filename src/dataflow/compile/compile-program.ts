/** Compiles a row program into a function that picks rows and functions that make columns. */
import { unreachable } from '../../base/assert.js';
import { appendDatum } from '../../codec/cell.js';
import type { Column } from '../../codec/column.js';
import { columnBuilderOf } from '../../codec/column-builder.js';
import type { Constant, RowExpression } from '../expression.js';
import type { RowProgram } from '../row-program.js';
import { Code } from './code.js';
import { makeFunction } from './make-function.js';
import { predicateCode, truthValue } from './predicate-code.js';

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
  /** A test's value. */
  | {
      readonly kind: 'truth';
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
  const code = new Code();
  const test = predicateCode(predicate, 'true', code);
  const body = `
    let count = 0;
    for (let i = from; i < to; i++) {
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
    case 'compare':
    case 'in':
    case 'like':
    case 'isNull':
    case 'isTruth':
    case 'not':
    case 'and':
    case 'or':
    case 'xor':
      return { kind: 'truth', make: compileTruth(item) };
    default:
      return unreachable(item);
  }
}

function constantColumn({ value, type }: Constant, rows: number): Column {
  const builder = columnBuilderOf(type);
  for (let row = 0; row < rows; row++) appendDatum(builder, value);
  return builder.finish();
}

function compileTruth(
  test: RowExpression,
): (columns: readonly Column[], selected: Int32Array, count: number) => Column {
  const code = new Code();
  const value = truthValue(test, code);
  const body = `
    let some = 0;
    for (let j = 0; j < count; j++) {
      const i = selected[j];
      ${code.statements}
      lo[j] = ${value} & 1;
      nulls[j >>> 5] |= (${value} >> 1) << (j & 31);
      some |= ${value} >> 1;
    }
    return some;`;
  const raw = makeFunction(['lo', 'nulls', 'selected', 'count', ...code.parameters], body);
  return (columns, selected, count) => {
    const lo = new Int32Array(count);
    const nulls = new Uint32Array((count + 31) >>> 5);
    const some = raw(lo, nulls, selected, count, ...code.arguments(columns));
    return { kind: 'i64', lo, hi: new Int32Array(count), nulls: some === 0 ? undefined : nulls };
  };
}
