import { expect } from 'chai';
import { SingleFlight } from '../../../src/base/single-flight.js';
import { failureOf } from '../../support/failure.js';

const NEVER = new AbortController().signal;

describe('base/single-flight', () => {
  it('does the work once for all who ask meanwhile, and anew afterwards', async () => {
    const flights = new SingleFlight<string, number>();
    let works = 0;
    const work = async (): Promise<number> => {
      await Promise.resolve();
      return ++works;
    };
    expect(await Promise.all([1, 2, 3].map(() => flights.run('a', work, NEVER)))).to.deep.equal([1, 1, 1]);
    expect(await Promise.all([flights.run('a', work, NEVER), flights.run('b', work, NEVER)])).to.deep.equal([
      2, 3,
    ]);
  });

  it('gives everybody the failure', async () => {
    const flights = new SingleFlight<string, number>();
    const work = (): Promise<number> => Promise.reject(new Error('no'));
    const outcomes = await Promise.allSettled([flights.run('a', work, NEVER), flights.run('a', work, NEVER)]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });

  it('lets one leave and goes on for the others; the last one ends the work', async () => {
    const flights = new SingleFlight<string, number>();
    let workSignal: AbortSignal | undefined;
    let finish: (value: number) => void = () => undefined;
    const work = (signal: AbortSignal): Promise<number> => {
      workSignal = signal;
      return new Promise((resolve, reject) => {
        finish = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const [first, second] = [new AbortController(), new AbortController()];
    const outcomes = [first, second].map(({ signal }) => failureOf(flights.run('a', work, signal)));
    first.abort(new Error('first leaves'));
    expect((await outcomes[0])?.message).to.equal('first leaves');
    expect(workSignal?.aborted).to.equal(false);
    second.abort(new Error('second leaves'));
    expect((await outcomes[1])?.message).to.equal('second leaves');
    await Promise.resolve();
    expect(workSignal?.aborted).to.equal(true);
    const again = flights.run('a', work, NEVER);
    finish(5);
    expect(await again).to.equal(5);
  });

  it('does nothing for somebody who has left already', async () => {
    const flights = new SingleFlight<string, number>();
    const asked = flights.run('a', () => Promise.resolve(1), AbortSignal.abort(new Error('late')));
    expect((await failureOf(asked))?.message).to.equal('late');
  });
});
