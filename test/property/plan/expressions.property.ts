import { expect } from 'chai';
import fc from 'fast-check';
import { cellAt, appendDatum } from '../../../src/codec/cell.js';
import type { Column } from '../../../src/codec/column.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { compileProgram } from '../../../src/dataflow/compile/compile-program.js';
import { EvaluationError } from '../../../src/dataflow/evaluation-error.js';
import { type RowExpression, typeOf, withAllDigits } from '../../../src/dataflow/expression.js';
import { bindExpression, bindTruth } from '../../../src/plan/bind-expression.js';
import type { BindContext } from '../../../src/plan/bind-context.js';
import { evaluateColumn, truthOf } from '../../../src/plan/reference/evaluate-expression.js';
import { Scope } from '../../../src/plan/scope.js';
import { DEFAULT_SETTINGS } from '../../../src/plan/typing/bound.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import type { Expression } from '../../../src/sql/ast/select.js';
import { datumKey } from '../dataflow/arbitrary-rows.js';
import { COLUMNS, arbitraryExpression, arbitraryRow } from './arbitrary-expression.js';

const CONTEXT: BindContext = {
  text: '',
  scope: new Scope(
    COLUMNS.map(({ name, type }) => ({ database: 'd', table: 't', name, type, refusal: undefined })),
  ),
  comparison: {
    offsetMinutes: 0,
    isNewCollation: true,
    settings: { ...DEFAULT_SETTINGS, collation: 'utf8mb4_bin' },
  },
};
const TYPES = COLUMNS.map(({ type }) => type);

/** What was bound; undefined: it is refused. */
function bound(
  bind: (node: Expression, context: BindContext) => RowExpression,
  node: Expression,
): RowExpression | undefined {
  try {
    return bind(node, CONTEXT);
  } catch (error) {
    if (error instanceof NotSupportedError) return undefined;
    throw error;
  }
}

function columnsOf(rows: readonly (readonly Datum[])[]): readonly Column[] {
  const builders = TYPES.map(columnBuilderOf);
  for (const row of rows) builders.forEach((builder, i) => appendDatum(builder, row[i]!));
  return builders.map((builder) => builder.finish());
}

/** The outcome as text: errors are outcomes. */
function outcome(compute: () => string): string {
  try {
    return compute();
  } catch (error) {
    if (error instanceof EvaluationError) return `error: ${error.message}`;
    throw error;
  }
}

const span = { start: 0, end: 0 };
const zero: Expression = { kind: 'number', span, form: 'integer', text: '0' };
const ti: Expression = { kind: 'column', span, database: undefined, table: undefined, name: 'ti' };

/** What has been wrong before. */
const FINDS: [Expression, Datum[][], boolean][] = [
  // A NULL that is known beforehand has no digits, and its type has four.
  [
    {
      ...{ kind: 'binary', span, operator: '+' },
      left: { kind: 'binary', span, operator: '/', left: zero, right: zero },
      right: { kind: 'call', span, schema: undefined, name: 'ABS', args: [ti] },
    },
    [COLUMNS.map(() => null)],
    false,
  ],
];

const rows = fc.array(arbitraryRow, { minLength: 1, maxLength: 8 });

describe('plan/expressions', function () {
  this.timeout(60_000);

  it('have compiled the values that the plain evaluator gives them, row by row', () => {
    let computed = 0;
    fc.assert(
      fc.property(arbitraryExpression, rows, fc.boolean(), (node, table, isWhole) => {
        const plain = bound(bindExpression, node);
        if (plain === undefined) return;
        computed++;
        const expression = isWhole ? withAllDigits(plain) : plain;
        const type = typeOf(expression);
        const columns = columnsOf(table);
        const [output] = compileProgram({ input: TYPES, predicate: undefined, items: [expression] }).outputs;
        for (const [i, row] of table.entries()) {
          const fast = outcome(() => {
            if (output!.kind === 'column') return datumKey(cellAt(columns[output!.index]!, i, type));
            const made =
              output!.kind === 'constant' ? output!.make(1) : output!.make(columns, Int32Array.of(i), 1);
            return datumKey(cellAt(made, 0, type));
          });
          expect(fast).equal(outcome(() => datumKey(evaluateColumn(expression, row))));
        }
      }),
      { numRuns: 4000, examples: FINDS },
    );
    expect(computed, 'expressions that are not refused').greaterThan(800);
  });

  it('let pass, as filters, the rows for which they are true', () => {
    fc.assert(
      fc.property(arbitraryExpression, rows, (node, table) => {
        const test = bound(bindTruth, node);
        if (test === undefined) return;
        const columns = columnsOf(table);
        const { select } = compileProgram({ input: TYPES, predicate: test, items: [] });
        for (const [i, row] of table.entries()) {
          const fast = outcome(() => String(select!(columns, i, i + 1, new Int32Array(1))));
          expect(fast).equal(outcome(() => (truthOf(test, row) === true ? '1' : '0')));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
