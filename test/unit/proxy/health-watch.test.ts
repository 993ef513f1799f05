import { expect } from 'chai';
import { limits } from '../../../src/base/limits.js';
import { silent } from '../../../src/base/telemetry.js';
import { type Backend, Backends } from '../../../src/proxy/backends.js';
import { EVENLY } from '../../../src/proxy/balance/balance-settings.js';
import { watchHealth } from '../../../src/proxy/health-watch.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

/** A watch over servers whose faults are in a table. */
class WatchRig {
  readonly runtime = new VirtualRuntime();
  readonly backends = new Backends(['a:1', 'a:2'], silent.log, {
    settings: EVENLY,
    nowMs: () => this.runtime.monotonicMs(),
  });
  /** What a check finds by address; none: it is healthy. */
  readonly faults = new Map<string, string>();
  /** Servers whose checks take as long as they may. */
  readonly hung = new Set<string>();
  /** Checks so far. */
  checked: string[] = [];
  readonly task = this.runtime.spawn('health', (signal) =>
    watchHealth(this.backends, (backend, stop) => this.#check(backend, stop), this.runtime, signal),
  );

  health(): Record<string, string> {
    return Object.fromEntries(this.backends.all().map(({ address, health }) => [address, health]));
  }

  /** The checks since this was last asked. */
  take(): string[] {
    const { checked } = this;
    this.checked = [];
    return checked;
  }

  async #check({ address }: Backend, signal: AbortSignal): Promise<string | undefined> {
    this.checked.push(address);
    if (!this.hung.has(address)) return this.faults.get(address);
    await this.runtime.sleep(limits.backendCheckMs, signal);
    return 'hung';
  }
}

describe('health watch', () => {
  let rig: WatchRig;

  beforeEach(() => {
    rig = new WatchRig();
  });

  afterEach(async () => {
    await rig.task.stop();
    expect(rig.runtime.crashes).to.deep.equal([]);
  });

  it('checks every server once an interval, and takes back the one that is well again', async () => {
    await rig.runtime.advance(0);
    expect(rig.take()).to.deep.equal(['a:1', 'a:2']);
    expect(rig.health()).to.deep.equal({ 'a:1': 'healthy', 'a:2': 'healthy' });
    rig.faults.set('a:2', 'down');
    await rig.runtime.advance(limits.backendCheckPauseMs);
    expect(rig.take()).to.deep.equal(['a:1', 'a:2']);
    expect(rig.health()).to.deep.equal({ 'a:1': 'healthy', 'a:2': 'unhealthy' });
    rig.faults.delete('a:2');
    await rig.runtime.advance(limits.backendCheckPauseMs - 1);
    expect(rig.take()).to.deep.equal([]);
    await rig.runtime.advance(1);
    expect(rig.take()).to.deep.equal(['a:1', 'a:2']);
    expect(rig.health()).to.deep.equal({ 'a:1': 'healthy', 'a:2': 'healthy' });
  });

  it('finds one that dies while another hangs within a check and a pause', async () => {
    await rig.runtime.advance(0);
    rig.hung.add('a:1');
    rig.faults.set('a:2', 'down');
    await rig.runtime.advance(limits.backendCheckPauseMs + limits.backendCheckMs);
    expect(rig.health()).to.deep.equal({ 'a:1': 'unhealthy', 'a:2': 'unhealthy' });
  });

  it('checks one that is new at once, and no other with it', async () => {
    await rig.runtime.advance(1);
    rig.take();
    rig.backends.list([{ address: 'a:3' }, { address: 'a:1' }]);
    await rig.runtime.advance(0);
    expect(rig.take()).to.deep.equal(['a:3']);
    expect(rig.health()).to.include({ 'a:3': 'healthy' });
    await rig.runtime.advance(limits.backendCheckPauseMs - 1);
    expect(rig.take().sort()).to.deep.equal(['a:1', 'a:2', 'a:3']);
  });

  it('stops in the middle of a check', async () => {
    rig.hung.add('a:1');
    await rig.runtime.advance(limits.backendCheckPauseMs);
    await rig.task.stop();
    expect(rig.runtime.nextWakeMs()).to.equal(undefined);
  });
});
