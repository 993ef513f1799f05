/**
 * What the whole verdict on a statement costs that concerns no view, with no view and with 1,000 registered:
 * `node dist/test/bench/gate.bench.js`. Goal: at most 1 µs a KB. (The scanner alone, and statements that concern a view:
 * test/unit/sql/scan/statement-scanner.bench.ts.)
 */
import { utf8 } from '../../src/base/bytes.js';
import { ViewGates } from '../../src/proxy/intercept/view-gates.js';
import type { StatementGate } from '../../src/proxy/statement-gate.js';
import type { NamedView, ViewService } from '../../src/view/index.js';
import { cpuNs } from '../support/cpu-time.js';

const STEMS = ['sales', 'users', 'totals', 'items', 'reports', 'balance', 'regions'];
const PREFIXES = ['mv', 'view', 'daily', 'hourly', 'top'];

const columns = Array.from({ length: 40 }, (_, i) => `t${i}.full_name AS cn${i}`).join(', ');
const digits = `'68487932199-96439406143-93774651418-41631865787-96406072701-20604855487-25459966574'`;
const values = (count: number): string =>
  Array.from({ length: count }, (_, i) => `(${i}, 5, ${digits})`).join(', ');
const STATEMENTS: Readonly<Record<string, string>> = {
  'point select': 'SELECT c FROM sbtest1 WHERE id=504321',
  'select, 1 KB': `SELECT ${columns} FROM client t0 JOIN orders t1 ON t0.id = t1.client_id WHERE t0.region > 100`,
  'insert, 1 KB': `INSERT INTO sbtest1 (id, k, c) VALUES ${values(10)}`,
  'insert, 16 KB': `INSERT INTO sbtest1 (id, k, c) VALUES ${values(170)}`,
  'update, 1 KB': `UPDATE orders o JOIN client c ON o.client_id = c.id SET o.note = ${Array(11).fill(digits).join(' + ')}`,
};

function gateBefore(count: number, schema: string): StatementGate {
  const views = Array.from({ length: count }, (_, i): NamedView => ({
    schema: 'shop',
    name: `${PREFIXES[i % PREFIXES.length] ?? ''}_${STEMS[i % STEMS.length] ?? ''}_${i}`,
    ...{ state: 'READY', lastError: undefined, bases: [{ schema, name: 'base', columns: ['id'] }] },
  }));
  const names = { version: 1, systemSchema: 'tiview', views };
  const never = (): never => {
    throw new Error('a verdict needs names only');
  };
  const service: ViewService = {
    ...{ names: () => names, execute: never, frontier: never, waitFor: never, status: never },
  };
  const gates = new ViewGates(service, {
    mayBeOurs: () => false,
    answeredUser: () => Promise.resolve(undefined),
    interrupt: () => Promise.resolve(),
    presentId: (id) => Promise.resolve(id),
  });
  return gates.open({ connectionId: 1, user: 'root', database: 'test', capabilities: 0 });
}

// A registered name of two bytes or fewer takes the quicker look away, one of four bytes does not (src/sql/scan/gate.ts).
const SETTINGS = [
  { views: 0, schema: 'warehouse' },
  { views: 1_000, schema: 'warehouse' },
  { views: 1_000, schema: 'shop' },
];

for (const { views, schema } of SETTINGS) {
  const gate = gateBefore(views, schema);
  for (const [title, sql] of Object.entries(STATEMENTS)) {
    const bytes = utf8(sql);
    const statement = { kind: 'query', bytes, start: 0, end: bytes.length, isComplete: true } as const;
    if (gate.judge(statement).kind !== 'pass') throw new Error(`${title} does not pass`);
    const ns = cpuNs(() => void gate.judge(statement), Math.ceil(1e8 / (bytes.length + 200)));
    const perKb = (ns / bytes.length) * 1024;
    console.log(
      `${String(views).padStart(5)} views in ${schema.padEnd(9)}  ${title.padEnd(14)} ${String(bytes.length).padStart(6)} bytes ` +
        `${ns.toFixed(0).padStart(7)} ns ${perKb.toFixed(0).padStart(6)} ns/KB`,
    );
  }
}
