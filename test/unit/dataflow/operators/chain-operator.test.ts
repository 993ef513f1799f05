import { expect } from 'chai';
import type { Delta } from '../../../../src/dataflow/delta.js';
import { ChainOperator } from '../../../../src/dataflow/operators/chain-operator.js';
import { OutputOperator } from '../../../../src/dataflow/operators/output-operator.js';
import { identityProgram, thenFilter, thenProject } from '../../../../src/dataflow/row-program.js';
import { BIGINT, DECIMAL, TEXT, column, compare, dec, deltaOf, rowsOf } from '../rows.js';

const TYPES = [BIGINT, TEXT];
const ALL = identityProgram(TYPES);

function run(operator: ChainOperator | OutputOperator, input: Delta, budget = 1000): Delta {
  operator.begin([input]);
  while (!operator.run(budget).isDone);
  return operator.output;
}

describe('dataflow/operators: chain and output', () => {
  const input = deltaOf(TYPES, [
    [1, 5n, 'five'],
    [-1, 6n, 'six'],
    [2, null, 'none'],
  ]);

  it('passes arrays on where all rows pass', () => {
    const output = run(new ChainOperator(thenFilter(ALL, compare(0, '<=>', 5n))), { ...input, rows: 1 });
    expect(output.columns[1]).equal(input.columns[1]);
    expect(output.weights).equal(input.weights);
  });

  it('lets pass only what is true, not what is NULL', () => {
    const chain = new ChainOperator(thenFilter(ALL, compare(0, '<>', 5n)));
    expect(rowsOf(TYPES, run(chain, input))).deep.equal([[-1, 6n, 'six']]);
    const negated = new ChainOperator(thenFilter(ALL, { kind: 'not', operand: compare(0, '<>', 5n) }));
    expect(rowsOf(TYPES, run(negated, input))).deep.equal([[1, 5n, 'five']]);
  });

  it('makes columns of constants and of tests, in pieces too', () => {
    const constant = { kind: 'constant', value: dec('1.50'), type: DECIMAL } as const;
    const nothing = { kind: 'constant', value: null, type: BIGINT } as const;
    const program = thenProject(ALL, [compare(0, '>', 5n), constant, nothing, column(0), column(0)]);
    const types = [BIGINT, DECIMAL, BIGINT, BIGINT, BIGINT];
    const expected = [
      [1, 0n, 'd1.50', null, 5n, 5n],
      [-1, 1n, 'd1.50', null, 6n, 6n],
      [2, null, 'd1.50', null, null, null],
    ];
    for (const budget of [1, 2, 1000])
      expect(rowsOf(types, run(new ChainOperator(program), input, budget))).deep.equal(expected);
  });

  it('says how many rows it has looked at', () => {
    const chain = new ChainOperator(thenFilter(ALL, compare(0, '>', 100n)));
    chain.begin([input]);
    expect(chain.run(2)).deep.equal({ rows: 2, isDone: false });
    expect(() => chain.output).throw('to its end');
    expect(chain.run(2)).deep.equal({ rows: 1, isDone: true });
    expect(chain.output.rows).equal(0);
    expect(chain.counters).deep.include({ rowsIn: 3, rowsOut: 0 });
  });

  it('forgets an epoch that was given up', () => {
    const chain = new ChainOperator(ALL);
    chain.begin([input]);
    chain.run(1);
    expect(rowsOf(TYPES, run(chain, deltaOf(TYPES, [[1, 9n, 'z']])))).deep.equal([[1, 9n, 'z']]);
  });

  it('lets go of the epoch with it', () => {
    const [chain, output] = [new ChainOperator(ALL), new OutputOperator(false)];
    run(output, run(chain, input));
    for (const operator of [chain, output]) {
      operator.absorb();
      expect(() => operator.output).throw();
    }
  });

  describe('an output', () => {
    const twice = deltaOf(TYPES, [
      [1, 5n, 'a'],
      [1, 5n, 'a'],
    ]);

    it('consolidates', () => {
      expect(rowsOf(TYPES, run(new OutputOperator(false), twice, 1))).deep.equal([[2, 5n, 'a']]);
    });

    it('believes a key where rows are only added', () => {
      const added = deltaOf(TYPES, [
        [1, 5n, 'a'],
        [1, 6n, 'a'],
      ]);
      const output = new OutputOperator(true);
      const delta = run(output, added);
      expect(delta.columns).equal(added.columns);
      expect(delta.isConsolidated).equal(true);
      const changed = deltaOf(TYPES, [
        [-1, 5n, 'a'],
        [1, 5n, 'a'],
        [1, 6n, 'a'],
      ]);
      expect(rowsOf(TYPES, run(output, changed))).deep.equal([[1, 6n, 'a']]);
    });
  });
});
