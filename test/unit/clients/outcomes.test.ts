// What the comparison of two runs must not overlook.
import { expect } from 'chai';
import { type Outcome, counts, differences, exitOutcome, readOutcomes } from '../../clients/outcomes.js';

const passed: Outcome = { status: 'passed', text: 'a' };
const failed: Outcome = { status: 'failed', text: 'why' };
const none = { comparesText: false, flaky: new Set<string>() };
const withText = { ...none, comparesText: true };

describe('outcomes of two runs', () => {
  it('are the same if every test ended alike', () => {
    const run = new Map([
      ['x', passed],
      ['y', failed],
    ]);
    expect(differences(run, new Map(run), withText)).to.deep.equal([]);
  });

  it('differ by a test that ended otherwise, on either side', () => {
    const [one] = differences(new Map([['x', passed]]), new Map([['x', failed]]), none);
    expect(one).to.equal('x: directly passed (a); through TiView failed (why)');
    expect(differences(new Map([['x', failed]]), new Map([['x', passed]]), none)).to.have.length(1);
  });

  it('differ by a test that ran on one side only', () => {
    expect(differences(new Map([['x', passed]]), new Map(), none)).to.deep.equal([
      'x: directly passed (a); through TiView it did not run',
    ]);
    expect(differences(new Map(), new Map([['x', passed]]), none)).to.have.length(1);
  });

  it('differ by text only where text counts, also where one is the beginning of the other', () => {
    const longer = new Map([['x', { ...passed, text: 'ab' }]]);
    expect(differences(new Map([['x', passed]]), longer, none)).to.deep.equal([]);
    expect(differences(new Map([['x', passed]]), longer, withText)).to.have.length(1);
    expect(differences(longer, new Map([['x', passed]]), withText)).to.have.length(1);
  });

  it('do not differ by a test that is known as flaky, and by no other', () => {
    const flaky = { ...none, flaky: new Set(['x']) };
    const [direct, through] = [
      new Map([
        ['x', passed],
        ['xy', passed],
      ]),
      new Map([
        ['x', failed],
        ['xy', failed],
      ]),
    ];
    expect(differences(direct, through, flaky)).to.have.length(1);
  });
});

describe('printed outcomes', () => {
  it('are read with tabs in their texts, and counted', () => {
    const outcomes = readOutcomes('x\tpassed\ta\tb\ny\tfailed\t\nz\tskipped\n');
    expect(outcomes.get('x')).to.deep.equal({ status: 'passed', text: 'a\tb' });
    expect(counts(outcomes)).to.equal('1/1, 1 skipped');
  });

  it('are refused if a line is something else, or a name comes twice', () => {
    expect(() => readOutcomes('hello\n')).to.throw('no outcome');
    expect(() => readOutcomes('x\tpassed\t\nx\tpassed\t\n')).to.throw('two outcomes');
  });

  it('are followed by how the process ended', () => {
    const ended = { stdout: '', stderr: 'oh' };
    expect(exitOutcome({ ...ended, code: 1 })).to.deep.equal({ status: 'failed', text: 'code 1: oh' });
    expect(exitOutcome({ ...ended, code: 1 }, [0, 1]).status).to.equal('passed');
    expect(exitOutcome({ ...ended, code: null }, [0, 1]).status).to.equal('failed');
  });
});
