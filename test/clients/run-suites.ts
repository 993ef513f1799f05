// Runs suites directly and through TiView, and prints what differs. Use test/clients/run.sh, which installs and builds.
//
//     node dist/test/clients/run-suites.js [--list] [--direct-twice] [--failures] [name…]      (default: all)
//
// `--list` prints what install.sh must install for them. `--direct-twice` runs each twice directly, and TiView not at
// all: what differs then is a flake of theirs. `--failures` prints also what failed on both sides.
// It ends with 1 if anything differs, or a step with a view failed.
import { comparableSteps, isViewStep } from './programs.js';
import { type Outcomes, counts, differences } from './outcomes.js';
import { type Servers, runStatements, startServers } from './servers.js';
import { suites } from './suites/all.js';
import type { Suite } from './suites/suite.js';

/** A line of the table. */
interface Result {
  readonly name: string;
  readonly direct: string;
  readonly through: string;
  readonly differing: readonly string[];
  readonly seconds: number;
}

type Side = 'direct' | 'through';

async function runOn(servers: Servers, suite: Suite, side: Side): Promise<Outcomes> {
  await runStatements(servers.direct, suite.preparation);
  return suite.run(servers[side], side);
}

/** Suites leave users and global variables behind: each run has servers of its own, unless its suite is tidy. */
async function runTwice(suite: Suite, second: Side): Promise<readonly [Outcomes, Outcomes]> {
  await using servers = await startServers();
  const direct = await runOn(servers, suite, 'direct');
  if (suite.isTidy) return [direct, await runOn(servers, suite, second)];
  await using fresh = await startServers();
  return [direct, await runOn(fresh, suite, second)];
}

async function compare(suite: Suite, isDirectTwice: boolean, showsFailures: boolean): Promise<Result> {
  const started = performance.now();
  const [direct, through] = await runTwice(suite, isDirectTwice ? 'direct' : 'through');
  const failedWithView = [...through]
    .filter(([name, { status }]) => isViewStep(name) && status !== 'passed')
    .map(([name, { text }]) => `${name}: ${text}`);
  if (showsFailures)
    for (const [name, { status, text }] of direct)
      if (status === 'failed') console.log(`  failed directly: ${suite.name}: ${name}: ${text}`);
  return {
    name: suite.name,
    direct: counts(direct),
    through: counts(through),
    differing: [...differences(direct, comparableSteps(through), suite.comparison), ...failedWithView],
    seconds: (performance.now() - started) / 1000,
  };
}

function chosen(names: readonly string[]): readonly Suite[] {
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name));
  if (unknown.length > 0) throw new Error(`there is no suite ${unknown.join(', ')}`);
  return names.length === 0 ? suites : suites.filter((suite) => names.includes(suite.name));
}

const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const picked = chosen(process.argv.slice(2).filter((word) => !word.startsWith('--')));
if (flags.includes('--list')) {
  console.log([...new Set(picked.map((suite) => suite.client))].join(' '));
} else {
  const results: Result[] = [];
  for (const suite of picked) {
    const result = await compare(suite, flags.includes('--direct-twice'), flags.includes('--failures'));
    for (const line of result.differing) console.log(`${suite.name}: ${line}`);
    results.push(result);
  }
  const second = flags.includes('--direct-twice') ? 'directly again' : 'through TiView';
  console.log(`| suite | direct: passed/failed | ${second}: passed/failed | differences | seconds |`);
  console.log('| --- | --- | --- | --- | --- |');
  for (const { name, direct, through, differing, seconds } of results)
    console.log(`| ${name} | ${direct} | ${through} | ${differing.length} | ${seconds.toFixed(0)} |`);
  process.exitCode = results.some(({ differing }) => differing.length > 0) ? 1 : 0;
}
