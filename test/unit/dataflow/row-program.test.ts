import { expect } from 'chai';
import type { RowExpression } from '../../../src/dataflow/expression.js';
import { columnsUsed } from '../../../src/dataflow/expression-columns.js';
import { identityProgram, outputTypes, thenFilter, thenProject } from '../../../src/dataflow/row-program.js';
import { BIGINT, TEXT, column, compare } from './rows.js';

describe('dataflow/row-program', () => {
  const start = identityProgram([BIGINT, TEXT]);

  it('changes nothing at first', () => {
    expect(start.predicate).equal(undefined);
    expect(outputTypes(start)).deep.equal([BIGINT, TEXT]);
  });

  it('reads through a projection what is filtered above it', () => {
    const test = compare(0, '>', 5n);
    const projected = thenProject(start, [column(1, TEXT), test]);
    const program = thenFilter(projected, { kind: 'isTruth', truth: true, operand: column(1) });
    expect(program.items).deep.equal([column(1, TEXT), test]);
    expect(program.predicate).deep.equal({ kind: 'isTruth', truth: true, operand: test });
  });

  it('joins filters by AND, the lower one first', () => {
    const [a, b] = [compare(0, '>', 5n), compare(0, '<', 9n)];
    expect(thenFilter(thenFilter(start, a), b).predicate).deep.equal({ kind: 'and', operands: [a, b] });
  });

  it('refuses a column that is not there', () => {
    expect(() => thenFilter(start, compare(2, '=', 1n))).throw('no column 2 among 2');
  });

  it('knows the columns of every kind of expression', () => {
    const some: readonly RowExpression[] = [
      compare(3, '=', 1n),
      { kind: 'in', domain: { kind: 'integer' }, operand: column(4), values: [] },
      {
        kind: 'like',
        collation: 'binary',
        isNewCollation: true,
        operand: column(5),
        pattern: new Uint8Array(),
        escape: 92,
      },
      { kind: 'isNull', operand: column(6) },
      { kind: 'not', operand: { kind: 'isTruth', truth: false, operand: column(7) } },
      { kind: 'constant', value: 1n, type: BIGINT },
      { kind: 'xor', operands: [column(1), { kind: 'or', operands: [column(2), column(1)] }] },
    ];
    const used = columnsUsed({ kind: 'and', operands: some });
    expect([...used].sort()).deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });
});
