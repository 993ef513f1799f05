/** The tests of go-sql-driver/mysql, as they come with the module. */
import { join } from 'node:path';
import { clientsHome, runProgram } from '../installed.js';
import { type Outcome, type Outcomes, exitOutcome } from '../outcomes.js';
import type { Suite } from './suite.js';

const TIMEOUT_MS = 600_000;

/** What `go tool test2json` says of a test. */
interface TestEvent {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}

const statuses: Readonly<Record<string, Outcome['status']>> = {
  pass: 'passed',
  fail: 'failed',
  skip: 'skipped',
};

/** Tests that no proxy can be judged by, for each of them would end the whole run. */
const leftOut = [
  // Connects to an address on the Internet that must not answer; where something does, it panics.
  'TestConnectorReturnsTimeout',
  // A statement of 65,535 parameters: TiDB itself works on it for more than nine minutes.
  'TestPreparedManyCols',
];

/** Benchmarks and examples are left out; tests that need no server run both ways too, which costs nothing. */
export const goSqlDriver: Suite = {
  name: 'go-sql-driver',
  client: 'go-sql-driver',
  // It wants the rows of a UNION without ORDER BY in one order, which TiDB gives three times in four.
  comparison: { comparesText: false, flaky: new Set(['TestStmtMultiRows', 'TestStmtMultiRows/default']) },
  isTidy: false,
  preparation: ['CREATE DATABASE gotest'],
  run: async (port) => {
    const folder = join(clientsHome, 'go-sql-driver');
    const args = [
      'tool',
      'test2json',
      './mysql.test',
      '-test.v=test2json',
      '-test.timeout=9m',
      '-test.skip',
      `^(${leftOut.join('|')})$`,
    ];
    const env = { MYSQL_TEST_ADDR: `127.0.0.1:${port}`, MYSQL_TEST_CONCURRENT: '1' };
    const ended = await runProgram('go', args, { cwd: folder, env, timeoutMs: TIMEOUT_MS });
    // It ends with 1 if a test failed, with 2 if it panicked.
    return new Map([...readEvents(ended.stdout), ['exit', exitOutcome(ended, [0, 1])]]);
  },
};

function readEvents(output: string): Outcomes {
  const outcomes = new Map<string, Outcome>();
  const said = new Map<string, string>();
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { Action: action, Test: test, Output: text = '' } = JSON.parse(line) as TestEvent;
    if (test === undefined) continue;
    if (action === 'output') said.set(test, (said.get(test) ?? '') + text);
    const status = statuses[action];
    if (status !== undefined)
      outcomes.set(test, { status, text: status === 'passed' ? '' : (said.get(test) ?? '').trim() });
  }
  return outcomes;
}
