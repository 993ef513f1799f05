import { expect } from 'chai';
import { BoundedQueue } from '../../../src/base/bounded-queue.js';

const never = new AbortController().signal;

describe('BoundedQueue', () => {
  it('makes a producer wait until the consumer has taken something', async () => {
    const queue = new BoundedQueue<number>(2);
    expect(queue.offer(1)).to.equal(true);
    expect(queue.offer(2)).to.equal(true);
    expect(queue.offer(3)).to.equal(false);
    let pushed = false;
    const pushing = queue.push(3, never).then(() => (pushed = true));
    await Promise.resolve();
    expect(pushed).to.equal(false);
    expect(await queue.take(never)).to.equal(1);
    await pushing;
    expect([queue.poll(), queue.poll(), queue.poll()]).to.deep.equal([2, 3, undefined]);
  });

  it('lets one item in that is larger than the whole bound, alone', () => {
    const queue = new BoundedQueue<string>(3, (text) => text.length);
    expect(queue.offer('longer than three')).to.equal(true);
    expect(queue.offer('x')).to.equal(false);
    queue.poll();
    expect(queue.size).to.equal(0);
    expect(queue.offer('x')).to.equal(true);
  });

  it('gives what is waiting before the error it was closed with', async () => {
    const queue = new BoundedQueue<number>(2);
    queue.offer(1);
    queue.close(new Error('broken'));
    expect(await queue.take(never)).to.equal(1);
    const error = await queue.take(never).catch((caught: unknown) => caught);
    expect(error).to.have.property('message', 'broken');
    expect(queue.offer(2)).to.equal(false);
  });

  it('ends for a waiting consumer when closed without an error', async () => {
    const queue = new BoundedQueue<number>(2);
    const taking = queue.take(never);
    queue.close();
    expect(await taking).to.equal(undefined);
  });

  it('gives up waiting when aborted, and can be waited on again', async () => {
    const queue = new BoundedQueue<number>(1);
    const controller = new AbortController();
    const taking = queue.take(controller.signal).catch((caught: unknown) => caught);
    controller.abort(new Error('enough'));
    expect(await taking).to.have.property('message', 'enough');
    const again = queue.take(never);
    queue.offer(7);
    expect(await again).to.equal(7);
  });

  it('keeps order over many items', async () => {
    const queue = new BoundedQueue<number>(10);
    const sent = Array.from({ length: 5000 }, (_, index) => index);
    const producing = (async () => {
      for (const item of sent) await queue.push(item, never);
      queue.close();
    })();
    const got: number[] = [];
    for (let item = await queue.take(never); item !== undefined; item = await queue.take(never))
      got.push(item);
    await producing;
    expect(got).to.deep.equal(sent);
  });
});
