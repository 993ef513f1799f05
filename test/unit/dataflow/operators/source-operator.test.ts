import { expect } from 'chai';
import { SourceOperator } from '../../../../src/dataflow/operators/source-operator.js';
import { BIGINT, TEXT, deltaOf, rowsOf } from '../rows.js';

describe('dataflow/operators/source-operator', () => {
  const source = (): SourceOperator =>
    new SourceOperator([
      { id: 3, type: BIGINT },
      { id: 5, type: TEXT },
    ]);
  const input = deltaOf([BIGINT, TEXT], [[1, 1n, 'a']]);

  it('gives each consumer the columns it wants, in its order', () => {
    const operator = source();
    operator.begin([input]);
    expect(rowsOf([TEXT, BIGINT, TEXT], operator.outputOf([5, 3, 5]))).deep.equal([[1, 'a', 1n, 'a']]);
    expect(() => operator.outputOf([4])).throw('no column 4');
  });

  it('has nothing before an epoch, in one that changes nothing, and after one', () => {
    const operator = source();
    expect(operator.output.rows).equal(0);
    operator.begin([input]);
    operator.absorb();
    expect(operator.output.rows).equal(0);
    operator.begin([]);
    expect(operator.outputOf([5]).columns.map(({ kind }) => kind)).deep.equal(['bytes']);
    expect(operator.counters).deep.equal({
      rowsIn: 1,
      rowsOut: 1,
      rowsTouched: 0,
      stateRows: 0,
      stateBytes: 0,
    });
  });

  it('refuses deltas that are not its own', () => {
    expect(() => source().begin([deltaOf([BIGINT], [])])).throw('1 columns');
    expect(() => source().begin([input, input])).throw('2 deltas');
    expect(() => source().begin([{ ...input, rows: 2 }])).throw('1 weights for 2 rows');
    expect(
      () =>
        new SourceOperator([
          { id: 1, type: BIGINT },
          { id: 1, type: BIGINT },
        ]),
    ).throw('repeats');
  });
});
