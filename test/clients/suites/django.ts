/** Django's own tests of what touches a database's ways most, with its MySQL backend over PyMySQL. */
import { join } from 'node:path';
import { clientScripts, clientsHome, python, runProgram } from '../installed.js';
import { exitOutcome } from '../outcomes.js';
import { type Suite, withOutcomesFile } from './suite.js';

const TIMEOUT_MS = 3_600_000;

/** Folders of its tests. */
const labels = [
  ...['backends', 'introspection', 'inspectdb', 'transactions', 'transaction_hooks', 'select_for_update'],
  ...[
    'bulk_create',
    'datatypes',
    'model_fields',
    'raw_query',
    'get_or_create',
    'force_insert_update',
    'basic',
  ],
];

/** It makes its databases itself, twice: `test_django` and `test_django_other`. */
export const django: Suite = {
  name: 'django',
  client: 'django',
  comparison: { comparesText: false, flaky: new Set() },
  isTidy: false,
  preparation: [],
  run: async (port) => {
    const { outcomes, ended } = await withOutcomesFile((file) =>
      runProgram(
        python,
        ['runtests.py', '--settings=django_settings', '--parallel=1', '--noinput', ...labels],
        {
          cwd: join(clientsHome, 'django/tests'),
          env: {
            OUTCOMES: file,
            DB_PORT: String(port),
            PYTHONPATH: `${join(clientScripts, 'suites')}:${join(clientsHome, 'django')}`,
            PYTHONDONTWRITEBYTECODE: '1',
          },
          timeoutMs: TIMEOUT_MS,
        },
      ),
    );
    // It ends with 1 if a test failed.
    return new Map([...outcomes, ['exit', exitOutcome(ended, [0, 1])]]);
  },
};
