import { expect } from 'chai';
import { systemRuntime } from '../../../src/base/system-runtime.js';

describe('systemRuntime', () => {
  it('stops a task and waits for its end', async () => {
    const crashes: string[] = [];
    const runtime = systemRuntime((task) => crashes.push(task));
    let ended = false;
    const task = runtime.spawn('sleeper', async (signal) => {
      try {
        await runtime.sleep(60_000, signal);
      } finally {
        ended = true;
      }
    });
    await task.stop();
    expect(ended).to.equal(true);
    expect(crashes).to.deep.equal([]);
  });

  it('reports a task that fails by itself', async () => {
    const crashes: string[] = [];
    const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${(error as Error).message}`));
    const task = runtime.spawn('broken', () => Promise.reject(new Error('no')));
    await task.done.catch(() => undefined);
    expect(crashes).to.deep.equal(['broken: no']);
  });
});
