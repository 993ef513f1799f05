/**
 * The same statements on TiDB and on the embedded cluster: the same rows, the same counts, the same error codes. `test/e2e/embedded/same-as-tidb.sql` says what runs.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { EmbeddedCluster } from '../../../src/embedded/start-embedded.js';
import { startWholeCluster } from '../../support/embedded/whole-cluster.js';
import { type Rig, startRig } from '../../support/rig.js';
import { SqlClient, isServerError } from '../../support/sql-client.js';

interface Step {
  readonly line: number;
  readonly session: 0 | 1;
  readonly isRefused: boolean;
  readonly sql: string;
}

const steps = readFileSync('test/e2e/embedded/same-as-tidb.sql', 'utf8')
  .split('\n')
  .flatMap((text, i): Step[] => {
    const [, prefix, sql = ''] = /^(2>|1235>)?\s*(.*)$/.exec(text) ?? [];
    if (sql === '' || sql.startsWith('#')) return [];
    return [{ line: i + 1, session: prefix === '2>' ? 1 : 0, isRefused: prefix === '1235>', sql }];
  });

/** As a session of TiView's control account begins, and with transactions that the embedded cluster has. */
const BEFORE = [
  "set tidb_txn_mode = 'optimistic'",
  'set tidb_constraint_check_in_place = 1',
  "set time_zone = '+00:00'",
  'set names utf8mb4 collate utf8mb4_bin',
];

/** What a statement came to, as text. */
async function outcome(client: SqlClient, sql: string): Promise<string> {
  try {
    if (!/^(?:\(?select|show|desc|explain|with|table)\b/i.test(sql)) return `${await client.run(sql)} rows`;
    const rows = (await client.rows(sql)).map((row) => row.map((cell) => cell ?? 'NULL').join(' | '));
    return (/order by|^show/i.test(sql) ? rows : rows.sort()).join('\n');
  } catch (error) {
    if (!isServerError(error)) throw error;
    return `error ${error.errno}`;
  }
}

describe('the embedded cluster and TiDB give the same answers', () => {
  let rig: Rig;
  let cluster: EmbeddedCluster;
  let clients: readonly (readonly [SqlClient, SqlClient])[] = [];

  before(async () => {
    [rig, cluster] = await Promise.all([startRig(), startWholeCluster()]);
    const open = async (port: number): Promise<SqlClient> => {
      const client = await SqlClient.open({ port });
      await client.runAll(...BEFORE);
      return client;
    };
    clients = [
      [await open(cluster.sql.port), await open(rig.mysqlPort)],
      [await open(cluster.sql.port), await open(rig.mysqlPort)],
    ];
  });

  after(async () => {
    for (const client of clients.flat()) await client.close();
    await cluster.stop();
    await rig.stop();
  });

  for (const { line, session, isRefused, sql } of steps) {
    it(`${line}: ${sql.slice(0, 100)}`, async () => {
      const [ours, tidb] = clients[session] ?? [];
      if (ours === undefined || tidb === undefined) throw new Error('no session');
      const mine = await outcome(ours, sql);
      if (isRefused) expect(mine).to.equal('error 1235');
      else expect(mine).to.equal(await outcome(tidb, sql));
    });
  }
});
