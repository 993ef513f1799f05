/** SQLAlchemy's tests of its MySQL dialect, and the suite that it has for any dialect, with PyMySQL. */
import { join } from 'node:path';
import { clientScripts, clientsHome, python, runProgram } from '../installed.js';
import { exitOutcome } from '../outcomes.js';
import { type Suite, withOutcomesFile } from './suite.js';

const TIMEOUT_MS = 3_600_000;

/** Its own limit of 250 failures would end the run early. */
const how = ['-p', 'outcomes_plugin', '-p', 'no:cacheprovider', '-q', '--maxfail=100000'];

/** As the README of its tests asks for: a database, a second one beside it. */
export const sqlalchemy: Suite = {
  name: 'sqlalchemy',
  client: 'sqlalchemy-tests',
  comparison: { comparesText: false, flaky: new Set() },
  isTidy: false,
  preparation: ['CREATE DATABASE sqlalchemy', 'CREATE DATABASE test_schema', 'CREATE DATABASE test_schema_2'],
  run: async (port) => {
    const uri = `mysql+pymysql://root@127.0.0.1:${port}/sqlalchemy?charset=utf8mb4`;
    const { outcomes, ended } = await withOutcomesFile((file) =>
      runProgram(
        python,
        ['-m', 'pytest', 'test/dialect/mysql', 'test/dialect/test_suite.py', '--dburi', uri, ...how],
        {
          cwd: join(clientsHome, 'sqlalchemy'),
          // One test takes an isolation level out of a set: which one, the seed of Python's hashes decides.
          env: {
            OUTCOMES: file,
            PYTHONPATH: join(clientScripts, 'suites'),
            PYTHONDONTWRITEBYTECODE: '1',
            PYTHONHASHSEED: '0',
          },
          timeoutMs: TIMEOUT_MS,
        },
      ),
    );
    // It ends with 1 if a test failed.
    return new Map([...outcomes, ['exit', exitOutcome(ended, [0, 1])]]);
  },
};
