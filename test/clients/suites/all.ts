/** Everything that test/clients/run.sh can run, the quick ones first. */
import { type Program, programs, runSteps } from '../programs.js';
import { django } from './django.js';
import { goSqlDriver } from './go-sql-driver.js';
import { mariadbTest } from './mariadb-test.js';
import { sqlalchemy } from './sqlalchemy.js';
import type { Suite } from './suite.js';

function suiteOf(program: Program): Suite {
  return {
    name: program.name,
    client: program.client,
    comparison: { comparesText: true, flaky: new Set() },
    isTidy: true,
    preparation: ['DROP DATABASE IF EXISTS programs', 'CREATE DATABASE programs'],
    run: (port, side) => runSteps(program, { port, database: 'programs' }, { withView: side === 'through' }),
  };
}

/** The small programs, then the suites of others. */
export const suites: readonly Suite[] = [
  ...programs.map(suiteOf),
  ...[goSqlDriver, mariadbTest, django, sqlalchemy],
];
