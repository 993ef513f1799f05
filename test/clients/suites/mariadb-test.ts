/**
 * MariaDB's test of its C client API (`mysql_client_test` of Debian's mariadb-test). The program ends at the first check
 * that does not hold, and against TiDB many do not, so each of its tests is run by a process of its own, in a database
 * of its own. Where a test failed it says at which check, and that must be the same too.
 */
import { join } from 'node:path';
import { clientsHome, runProgram } from '../installed.js';
import type { Outcome } from '../outcomes.js';
import { runStatements } from '../servers.js';
import type { Suite } from './suite.js';

/** For one test. */
const TIMEOUT_MS = 120_000;

const home = join(clientsHome, 'mariadb-test');
const program = join(home, 'client-test');
const DATABASE = 'client_test_db';

/** What `--show-tests` prints after its title. @throws Error — it prints none. */
async function testNames(): Promise<readonly string[]> {
  const { stdout } = await runProgram(program, ['--no-defaults', '--show-tests']);
  const names = stdout.split('\n').filter((line) => line.startsWith('test_'));
  if (names.length === 0) throw new Error(`${program} has no tests`);
  return names;
}

async function runTest(name: string, port: number): Promise<Outcome> {
  const address = ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-uroot', `-D${DATABASE}`];
  const ended = await runProgram(program, [...address, '--silent', name], {
    cwd: home,
    timeoutMs: TIMEOUT_MS,
  });
  if (ended.code === 0) return { status: 'passed', text: '' };
  // The directory of TiDB's data is the address of PD.
  const said = `${ended.stdout}${ended.stderr}`
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .slice(-1_000)
    .trim();
  return { status: 'failed', text: `code ${String(ended.code)}: ${said}` };
}

/** The tests one after the other: some set global variables. */
export const mariadbTest: Suite = {
  name: 'mariadb-test',
  client: 'mariadb-test',
  comparison: { comparesText: true, flaky: new Set() },
  isTidy: false,
  preparation: [],
  run: async (port) => {
    const outcomes = new Map<string, Outcome>();
    for (const name of await testNames()) {
      await runStatements(port, [`DROP DATABASE IF EXISTS ${DATABASE}`, `CREATE DATABASE ${DATABASE}`]);
      outcomes.set(name, await runTest(name, port));
    }
    return outcomes;
  },
};
