/**
 * The proxy between ends that do everything wrong: recorded sessions (corpus/), changed at random on either side, against
 * real proxies in a process of their own. Nothing may crash, hang or be left over, and a neighbour is served all the
 * while. Seconds: TIVIEW_FUZZ_SECONDS (ten minutes by hand, of another seed each time); SEED repeats a run.
 *
 * What has been found before, and what is known to be hard, is in regressions/ and played first. A find is made small and written to a file, whose
 * path is part of the failure: mend, and put it there.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import selfsigned from 'selfsigned';
import type { ClientTls } from '../../../src/proxy/tls-options.js';
import { projectRoot } from '../../support/project-root.js';
import { Random } from '../../support/random.js';
import { report, seedOf } from '../../support/seed.js';
import { MB } from '../proxy/process-memory.js';
import { Arena, type Find } from './arena.js';
import { minimise } from './minimise.js';
import { mutated } from './mutate.js';
import { type Scenario, printScenario, readScenarios } from './scenario.js';

const seconds = Number(process.env['TIVIEW_FUZZ_SECONDS'] ?? 45);
/** Of the minute in CI, which repeats what is known to be borne: new scenarios are for runs by hand. */
const SETTLED_SEED = 48_277_188;
const isByHand = process.env['TIVIEW_FUZZ_SECONDS'] !== undefined || process.env['SEED'] !== undefined;
const PROXIES = 16;
/** Bytes that may be there after the last two thirds and were not before: caches, pools, code. */
const HEAP_GROWTH_MAX = 2 * MB;
/** More than heap and buffers: what the allocator keeps of messages of 16 MB that many sessions had at once. */
const RSS_GROWTH_MAX = 128 * MB;

describe('the proxy among fuzzers', function () {
  this.timeout((seconds + 240) * 1000);
  const folder = join(projectRoot(), 'test/e2e/fuzz');
  const corpus = readScenarios(join(folder, 'corpus'));
  const regressions = readScenarios(join(folder, 'regressions'));
  let tls: ClientTls;
  let sound: Scenario;
  let arena: Arena;

  before(async () => {
    const pems = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], { keySize: 2048 });
    tls = { cert: pems.cert, key: pems.private };
    const login = corpus.find(({ name }) => name === 'login.session');
    if (login === undefined) throw new Error('the corpus has no login');
    // From then on its server answers OK to whatever comes.
    sound = { ...login, server: login.server.slice(0, 2) };
    arena = await Arena.start(PROXIES, sound, tls);
  });

  after(async () => {
    await arena.stop();
  });

  /** Fails with the smallest scenario that can be found for the problem. */
  async function fail(find: Find): Promise<never> {
    const culprit = await minimise(find, sound, tls);
    const path = mkdtempSync(join(tmpdir(), 'tiview-fuzz-'));
    const written = culprit === undefined ? find.suspects : [culprit.scenario];
    for (const [i, scenario] of written.entries()) {
      writeFileSync(join(path, `${i}-${scenario.name}`), printScenario(scenario));
    }
    throw new Error(`${culprit?.problem ?? find.problem}\n${written.length} scenario(s) in ${path}`);
  }

  /** Plays one scenario after the other. @returns how many. */
  async function play(next: (count: number) => Scenario | undefined): Promise<number> {
    let count = 0;
    const find = await arena.play(() => {
      const scenario = next(count);
      if (scenario !== undefined) count++;
      return scenario;
    });
    if (find !== undefined) await fail(find);
    return count;
  }

  it('plays sound sessions, and all that has been found before', async () => {
    const all = [...corpus, ...regressions];
    expect(corpus.length).to.be.greaterThan(20);
    expect(await play((count) => all[count])).to.equal(all.length);
    await arena.quiet();
  });

  it(`bears ${seconds} seconds of what it has never seen`, async () => {
    const random = new Random(isByHand ? seedOf('fuzz') : SETTLED_SEED);
    const during = async (share: number): Promise<number> => {
      const until = performance.now() + seconds * share * 1000;
      return play(() => (performance.now() < until ? mutated(corpus, random) : undefined));
    };
    const first = await during(1 / 3);
    const before = await arena.quiet();
    const count = first + (await during(2 / 3));
    const after = await arena.quiet();
    const growth = { heap: after.heap - before.heap, rss: after.rss - before.rss };
    report(`${count} sessions; a neighbour waited ${arena.slowestMs.toFixed(0)} ms at most`);
    report(
      `heap ${(after.heap / MB).toFixed(1)} MB, grew by ${(growth.heap / MB).toFixed(2)}; ` +
        `RSS ${(after.rss / MB).toFixed(0)} MB, grew by ${(growth.rss / MB).toFixed(1)}`,
    );
    expect(growth.heap, 'heap').to.be.lessThan(HEAP_GROWTH_MAX);
    expect(growth.rss, 'resident memory').to.be.lessThan(RSS_GROWTH_MAX);
  });
});
