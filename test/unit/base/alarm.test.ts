import { expect } from 'chai';
import { Alarm } from '../../../src/base/alarm.js';
import { VirtualRuntime } from '../../sim/feed/virtual-runtime.js';

describe('Alarm', () => {
  it('wakes all who wait, and nobody who comes later', async () => {
    const runtime = new VirtualRuntime(1);
    const alarm = new Alarm();
    const { signal } = new AbortController();
    let woken = 0;
    void alarm.wait(signal).then(() => woken++);
    void alarm.waitAtMost(1000, runtime, signal).then(() => woken++);
    alarm.ring();
    void alarm.wait(signal).then(() => woken++);
    await runtime.run(() => false, 10);
    expect(woken).to.equal(2);
  });

  it('wakes by itself when the time is up', async () => {
    const runtime = new VirtualRuntime(1);
    let woken = false;
    void new Alarm().waitAtMost(50, runtime, new AbortController().signal).then(() => (woken = true));
    await runtime.run(() => false, 49);
    expect(woken).to.equal(false);
    await runtime.run(() => false, 2);
    expect(woken).to.equal(true);
  });

  it('rejects with the reason of an abort, before or while waiting', async () => {
    const runtime = new VirtualRuntime(1);
    const alarm = new Alarm();
    const aborted = new AbortController();
    const reason = new Error('enough');
    const said: unknown[] = [];
    void alarm.wait(aborted.signal).catch((error: unknown) => said.push(error));
    void alarm.waitAtMost(1000, runtime, aborted.signal).catch((error: unknown) => said.push(error));
    aborted.abort(reason);
    void alarm.wait(aborted.signal).catch((error: unknown) => said.push(error));
    void alarm.waitAtMost(1000, runtime, aborted.signal).catch((error: unknown) => said.push(error));
    await runtime.run(() => false, 10);
    expect(said).to.deep.equal([reason, reason, reason, reason]);
    alarm.ring();
  });
});
