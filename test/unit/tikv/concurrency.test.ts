import { expect } from 'chai';
import { Semaphore, allOrAbort } from '../../../src/tikv/concurrency.js';
import { failureOf } from '../../support/failure.js';

const NEVER = new AbortController().signal;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('tikv/concurrency', () => {
  it('runs at most so many at once, in order', async () => {
    const semaphore = new Semaphore(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const work = (i: number) => async (): Promise<void> => {
      order.push(i);
      most = Math.max(most, ++running);
      await tick();
      running--;
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => semaphore.run(work(i), NEVER)));
    expect(most).to.equal(3);
    expect(order).to.deep.equal(Array.from({ length: 20 }, (_, i) => i));
  });

  it('gives the place of one who leaves the queue to the next', async () => {
    const semaphore = new Semaphore(1);
    let release: () => void = () => undefined;
    const first = semaphore.run(() => new Promise<void>((resolve) => (release = resolve)), NEVER);
    const leaver = new AbortController();
    const left = failureOf(semaphore.run(() => Promise.resolve('ran'), leaver.signal));
    const next = semaphore.run(() => Promise.resolve('ran'), NEVER);
    leaver.abort(new Error('left'));
    expect((await left)?.message).to.equal('left');
    release();
    await first;
    expect(await next).to.equal('ran');
    expect(await semaphore.run(() => Promise.resolve('free'), NEVER)).to.equal('free');
  });

  it('keeps its places when one is let in and aborted in the same moment', async () => {
    const semaphore = new Semaphore(1);
    const leaver = new AbortController();
    const first = semaphore.run(() => Promise.resolve(), NEVER);
    const second = semaphore.run(() => Promise.resolve(), leaver.signal).catch(() => undefined);
    await first;
    leaver.abort(new Error('left'));
    await second;
    expect(await semaphore.run(() => Promise.resolve('free'), NEVER)).to.equal('free');
  });

  it('aborts the others at the first failure, waits for their end, and gives that failure', async () => {
    const ends: string[] = [];
    const patient = async (signal: AbortSignal): Promise<void> => {
      while (!signal.aborted) await tick();
      await tick();
      ends.push('aborted');
      signal.throwIfAborted();
    };
    const failing = async (): Promise<void> => {
      await tick();
      throw new Error('first');
    };
    const failure = await failureOf(allOrAbort([patient, failing, patient], NEVER));
    expect(failure?.message).to.equal('first');
    expect(ends).to.deep.equal(['aborted', 'aborted']);
  });

  it('ends with the reason of the outer abort', async () => {
    const controller = new AbortController();
    const waiting = failureOf(
      allOrAbort(
        [
          async (signal) => {
            while (!signal.aborted) await tick();
            throw new Error('inner');
          },
        ],
        controller.signal,
      ),
    );
    controller.abort(new Error('outer'));
    expect((await waiting)?.message).to.equal('outer');
  });
});
