/**
 * The change feed against a model of TiKV's, in simulated time: regions that split, merge and move, stores that crash,
 * requests that vanish, every order of PREWRITE, COMMIT, scan and error that TiKV allows, and slow consumers. At every
 * resolved ts what was delivered must be exactly what was committed.
 *
 * `SEED=n` runs one seed, `SEEDS=a-b` a range (thousands by hand: `SEEDS=1-3000 npx tsx test/sim/feed.sim.ts`).
 */
import { fileURLToPath } from 'node:url';
import { argv, env } from 'node:process';
import { expect } from 'chai';
import { runScenario } from './feed/scenario.js';

/**
 * Seeds that once failed. 67 and 87: a slow consumer kept the stream from ever waiting for a message, so that a
 * watchdog that counted only such waiting never found the subscription that was silent. 18: a lock re-sent without
 * value and its COMMIT, both before the snapshot of the scan, passed for a fault.
 */
const KEPT: readonly number[] = [18, 67, 87];
/** What runs without being asked for. */
const USUAL = { from: 1, to: 30 };

function seeds(): number[] {
  const one = env['SEED'];
  if (one !== undefined) return [Number(one)];
  const [from, to] = (env['SEEDS'] ?? `${USUAL.from}-${USUAL.to}`).split('-').map(Number);
  return [...KEPT, ...Array.from({ length: to! - from! + 1 }, (_, n) => from! + n)];
}

async function runAll(onFailure: (seed: number, error: unknown) => void): Promise<Record<string, number>> {
  const total = { runs: 0, commits: 0, rows: 0, repeated: 0, streams: 0 };
  for (const seed of seeds()) {
    try {
      const report = await runScenario(seed);
      total.runs++;
      total.commits += report.commits;
      total.rows += report.rows;
      total.repeated += report.repeated;
      total.streams += report.streams;
    } catch (error) {
      onFailure(seed, error);
    }
  }
  return total;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const failed: number[] = [];
  const total = await runAll((seed, error) => {
    failed.push(seed);
    console.error(`seed ${seed}:`, error instanceof Error ? error.message : error);
  });
  console.log(total, failed.length === 0 ? 'all well' : { failed });
  process.exitCode = failed.length === 0 ? 0 : 1;
} else {
  describe('a change feed under every disturbance', () => {
    it('delivers exactly what was committed, up to every resolved ts', async function () {
      this.timeout(60_000);
      const total = await runAll((seed, error) => {
        throw new Error(`SEED=${seed}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      });
      // A simulation in which nothing happens proves nothing.
      expect(total['rows']).to.be.greaterThan(total['commits']!);
      expect(total['repeated']).to.be.greaterThan(0);
    });
  });
}
