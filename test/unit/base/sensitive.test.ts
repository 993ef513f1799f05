import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { SqlError, TiviewError } from '../../../src/base/errors.js';
import { loggedCause, sensitive } from '../../../src/base/sensitive.js';
import { EvaluationError } from '../../../src/dataflow/evaluation-error.js';

describe('what a log says of an error', () => {
  it('is without what it quotes, where that may be of a statement or a row', () => {
    const duplicate = new SqlError(1062, '23000', "Duplicate entry 'bob-''s' for key 't.PRIMARY'");
    expect(loggedCause(duplicate)).to.equal("Duplicate entry '…'");
    const syntax = new SqlError(
      1064,
      '42000',
      'You have an error … line 2 near "x\nwhere p = \'s3cret\'" here',
    );
    expect(loggedCause(syntax)).to.equal("You have an error … line 2 near '…' here");
    expect(loggedCause(new EvaluationError('BIGINT', '(`t`.`a` + 77)'))).to.equal(
      "BIGINT value is out of range in '…'",
    );
  });

  it('is so also where the error has been wrapped', () => {
    const cause = new SqlError(1062, '23000', "Duplicate entry 'bob'");
    const traits = { kind: 'build', side: 'proxy', isRetryable: false, cause } as const;
    expect(loggedCause(new TiviewError(`it failed: ${cause.message}`, traits))).to.equal(
      "it failed: Duplicate entry '…'",
    );
    const circular = new Error("a 'b'");
    circular.cause = circular;
    expect(loggedCause(circular)).to.equal("a 'b'");
  });

  it('is its message otherwise', () => {
    expect(loggedCause(new AssertionError("no table 'x'"))).to.equal("no table 'x'");
    expect(loggedCause('thrown')).to.equal('thrown');
    expect(sensitive("one ' alone")).to.equal("one ' alone");
  });
});
