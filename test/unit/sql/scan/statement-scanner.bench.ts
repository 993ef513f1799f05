/**
 * What the scanner costs a statement: `node dist/test/unit/sql/scan/statement-scanner.bench.js`. Goals: at most 200 ns
 * for a point select, 1 µs a KB with 1,000 names registered.
 */
import { utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { NameIndex } from '../../../../src/sql/scan/name-index.js';
import { StatementScanner } from '../../../../src/sql/scan/statement-scanner.js';
import { writtenNames } from '../../../../src/sql/scan/written-names.js';
import { cpuNs } from '../../../support/cpu-time.js';

const NAMES = Array.from({ length: 1000 }, (_, i) => {
  const what = ['sales', 'users', 'totals', 'items', 'reports', 'balance', 'regions'][i % 7] ?? '';
  return `${['mv', 'view', 'daily', 'hourly', 'top'][i % 5] ?? ''}_${what}_${i}`;
});

const COLUMNS = Array.from({ length: 40 }, (_, i) => `t${i}.full_name AS cn${i}`).join(', ');
const ROW = `'68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574-28203206787-41238978918'`;
const CASES: Readonly<Record<string, string>> = {
  'point select': 'SELECT c FROM sbtest1 WHERE id=504321',
  'select of a view': 'SELECT * FROM daily_totals_2 WHERE id=504321',
  '1 KB select': `SELECT ${COLUMNS} FROM client t0 JOIN orders t1 ON t0.id = t1.client_id WHERE t0.region > 100`,
  '1 KB insert': `INSERT INTO sbtest1 (id, k, c) VALUES ${Array.from({ length: 8 }, (_, i) => `(${i}, 5, ${ROW})`).join(', ')}`,
  '1 KB select, comments': `/* app=web */ SELECT ${COLUMNS} /* tail */ FROM client`,
  '1 MB insert': `INSERT INTO t VALUES ${Array.from({ length: 8000 }, (_, i) => `(${i}, ${ROW})`).join(', ')}`,
};

const scanners = {
  '0 names': new StatementScanner(new NameIndex([])),
  '1000 names': new StatementScanner(new NameIndex(NAMES)),
};
for (const [names, scanner] of Object.entries(scanners)) {
  for (const [title, sql] of Object.entries(CASES)) {
    const bytes = utf8(sql);
    const ns = cpuNs(
      () => void scanner.scan(bytes, 0, bytes.length, DEFAULT_LEX_MODE),
      Math.ceil(2e8 / (bytes.length * 2 + 200)),
    );
    console.log(
      `${names}  ${title.padEnd(24)} ${String(bytes.length).padStart(8)} bytes ${ns.toFixed(0).padStart(9)} ns ${((ns / bytes.length) * 1024).toFixed(0).padStart(6)} ns/KB`,
    );
  }
}
const update = utf8(
  'UPDATE orders o JOIN daily_totals_2 d ON o.day = d.day SET o.total = d.total WHERE o.id = 5',
);
console.log(
  `writtenNames of an update  ${cpuNs(() => void writtenNames(update, 0, update.length, DEFAULT_LEX_MODE), 100_000).toFixed(0)} ns`,
);
