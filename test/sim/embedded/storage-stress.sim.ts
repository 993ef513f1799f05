/** The stress of storage-stress.ts: once over real gRPC, and for some seeds in simulated time. */
import { seedOf } from '../../support/seed.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';
import { StorageWorld } from './storage-world.js';
import { stress } from './storage-stress.js';

/** How long it goes on: real seconds over gRPC, simulated ones otherwise. */
const SECONDS = Number(process.env['SECONDS'] ?? '2');
const SEEDS = process.env['SEED'] === undefined ? [1, 2, 3] : [Number(process.env['SEED'])];

describe('the embedded storage, seen by our own client', function () {
  this.timeout(SECONDS * 1000 + 90_000);

  it('keeps writers, feed and readers of one mind over gRPC, whatever happens to it', async () => {
    await using world = await StorageWorld.start(3);
    await stress(world, seedOf('storage-stress'), SECONDS);
  });

  for (const seed of SEEDS) {
    it(`does so in simulated time, seed ${seed}`, async () => {
      const runtime = new VirtualRuntime(seed);
      await drive(runtime, async () => {
        await using world = await StorageWorld.simulate(runtime);
        await stress(world, seed, SECONDS);
      });
    });
  }
});

/** Moves time until the work is done. */
async function drive(runtime: VirtualRuntime, work: () => Promise<void>): Promise<void> {
  let isDone = false;
  const done = work().finally(() => (isDone = true));
  done.catch(() => undefined);
  const stuckMs = runtime.monotonicMs() + 600_000;
  while (!isDone) {
    if (runtime.monotonicMs() > stuckMs) throw new Error('stuck after ten simulated minutes');
    await runtime.advance(20);
  }
  await done;
}
