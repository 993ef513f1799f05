// Views as the users of four clients see them: made, read, written to, refreshed, shown and dropped, by statements sent
// as text and prepared, alone and several at once.
import { join } from 'node:path';
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import {
  type ClientName,
  clientScripts,
  connectorJar,
  needsClient,
  python,
  runProgram,
} from '../../clients/installed.js';
import { isServerError } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';
import { type Tidb, startTidb } from './tidb.js';

type Form = 'text' | 'prepared';

/** A statement, or several, and what is to come of it: `rows …` of all results, `done` or `error <number>`. */
type Step = readonly [Form, string, string];

/** Runs statements in one session; their outcomes. */
type Client = (port: number, steps: readonly Step[]) => Promise<string[]>;

async function scripted(command: string, args: string[], steps: readonly Step[]): Promise<string[]> {
  const input = steps.map(([form, sql]) => `${form}\t${sql}\n`).join('');
  const { code, stdout, stderr } = await runProgram(command, args, { input });
  expect(code, stderr).to.equal(0);
  return stdout.trimEnd().split('\n');
}

interface ClientUnderTest {
  readonly needs?: ClientName;
  /** Whether it can have the server prepare statements. */
  readonly prepares: boolean;
  readonly run: Client;
}

const clients: Readonly<Record<string, ClientUnderTest>> = {
  PyMySQL: {
    needs: 'pymysql',
    prepares: false,
    run: (port, steps) =>
      scripted(python, [join(clientScripts, 'pymysql/statements.py'), String(port)], steps),
  },
  'Connector/J': {
    needs: 'connectorj',
    prepares: true,
    run: (port, steps) =>
      scripted(
        'java',
        ['-Xmx256m', '-cp', connectorJar, join(clientScripts, 'connectorj/Statements.java'), String(port)],
        steps,
      ),
  },
  'the mariadb client': {
    needs: 'mariadb',
    prepares: false,
    run: async (port, steps) => {
      // One batch; each outcome is what it printed, and errors come on the other channel, by line.
      const args = ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-uroot', '--batch', '--force', '-N'];
      // With another delimiter than its own, what has semicolons goes to the server in one packet.
      const input = `delimiter //\n${steps.map(([, sql]) => `${sql}//\nSELECT 'end of statement'//\n`).join('')}`;
      const { stdout, stderr } = await runProgram('mariadb', args, { input });
      const errors = new Map(
        [...stderr.matchAll(/^ERROR (\d+) \(\w+\) at line (\d+)/gm)].map(([, errno, line]) => [line, errno]),
      );
      return stdout
        .split('end of statement\n')
        .slice(0, -1)
        .map((text, i) => {
          const errno = errors.get(String(2 * i + 2));
          if (errno !== undefined) return `error ${errno}`;
          return text === ''
            ? 'done'
            : `rows ${text.trimEnd().split('\n').join(' / ').replaceAll('\t', '|')}`;
        });
    },
  },
  mysql2: {
    prepares: true,
    run: async (port, steps) => {
      const connection = await mysql.createConnection({
        ...{ host: '127.0.0.1', port, user: 'root', multipleStatements: true, dateStrings: true },
      });
      const outcomes: string[] = [];
      for (const [form, sql] of steps) {
        try {
          const [rows] = form === 'text' ? await connection.query(sql) : await connection.execute(sql);
          outcomes.push(outcomeOf(rows));
        } catch (error) {
          if (!isServerError(error)) throw error;
          outcomes.push(`error ${error.errno}`);
        }
        // Else it would run what it prepared on a table that is gone, which TiDB calls by another error.
        if (form === 'prepared') connection.unprepare(sql);
      }
      await connection.end();
      return outcomes;
    },
  },
};

const life = (form: Form): Step[] => [
  ['text', 'create database views', 'done'],
  ['text', 'use views', 'done'],
  ['text', 'create table t (id int primary key, v varchar(10), n decimal(5,1))', 'done'],
  ['text', "insert into t values (1, 'a', 1.5), (2, 'b', 2.5), (3, null, 3.5)", 'done'],
  [form, 'create materialized view late as select id, v, n from t where id > 1', 'done'],
  [form, 'create materialized view late as select id, v, n from t where id > 1', 'error 1050'],
  [form, 'create materialized view if not exists late as select id from t', 'done'],
  [form, 'select id, n from late order by id', 'rows 2|2.5 / 3|3.5'],
  [form, "insert into t values (4, 'd', 4.5)", 'done'],
  [form, 'refresh materialized view late', 'done'],
  [form, 'select count(*), max(id) from late', 'rows 3|4'],
  [form, 'delete from late', 'error 1288'],
  [form, 'drop table late', 'error 1288'],
  [form, 'admin check materialized view late', 'done'],
  [form, 'show materialized views', 'rows late'],
  [form, 'create or replace materialized view late as select id from t where id > 3', 'done'],
  [form, 'select * from late', 'rows 4'],
  [form, 'create materialized view wrong as select nothing from t', 'error 1054'],
  [form, 'create materialized view wrong as select id from missing', 'error 1146'],
  [form, 'create materialized view wrong as select rand() from t', 'error 1235'],
  [form, 'create materialized view', 'error 1064'],
  ['text', 'begin', 'done'],
  ['text', "insert into t values (5, 'e', 5.5)", 'done'],
  [form, 'drop materialized view late', 'done'],
  ['text', 'rollback', 'done'],
  [form, 'select count(*) from t', 'rows 5'],
  [form, 'select * from late', 'error 1146'],
  [form, 'drop materialized view if exists late', 'done'],
  ['text', 'drop database views', 'done'],
];

/** Packets of several statements. */
const packets: Step[] = [
  ['text', 'create database views; use views; create table t (id int primary key)', 'done'],
  ['text', 'insert into t values (1), (2); create materialized view v as select id from t', 'done'],
  [
    'text',
    'select max(id) from v; insert into t values (3); refresh materialized view v; select max(id) from v',
    'rows 2 / 3',
  ],
  ['text', "select 'a', 'x'; show materialized views; do 1; select 'b', 'y'", 'rows a|x / v / b|y'],
  ['text', 'create materialized vie; select 1', 'error 1064'],
  ['text', 'do 1; delete from v; delete from t', 'error 1288'],
  ['text', 'drop materialized view v; select count(*) from t; drop database views', 'rows 3'],
];

/** What mysql2 makes of one result or of several. */
function outcomeOf(result: unknown): string {
  const results: unknown[] = Array.isArray(result) ? result : [];
  const isSeveral = results.some((one) => Array.isArray(one) || 'affectedRows' in Object(one));
  const tables = isSeveral
    ? results.filter((one) => Array.isArray(one))
    : Array.isArray(result)
      ? [results]
      : [];
  const rows: unknown[] = tables.flat();
  const texts = rows.map((row) => Object.values(row as object).join('|'));
  return tables.length === 0 ? 'done' : `rows ${texts.join(' / ')}`;
}

describe('view statements', function () {
  this.timeout(120_000);
  let tidb: Tidb;
  let tiview: TiView;

  before(async () => {
    tidb = await startTidb();
    tiview = await startTiView({ tidbPort: tidb.port });
  });

  after(async () => {
    await tiview.stop();
    await tidb.stop();
  });

  for (const [name, { needs, prepares, run }] of Object.entries(clients)) {
    for (const form of prepares ? (['text', 'prepared'] as const) : (['text'] as const)) {
      it(`of ${name} do what they say, ${form}`, async function () {
        if (needs !== undefined) await needsClient(this, needs);
        const steps = life(form);
        const outcomes = await run(tiview.port, steps);
        const shown = steps.map(([, sql], i) => `${sql} → ${outcomes[i]}`);
        expect(shown).to.deep.equal(steps.map(([, sql, outcome]) => `${sql} → ${outcome}`));
      });
    }

    it(`of ${name} may come several in one packet`, async function () {
      if (needs !== undefined) await needsClient(this, needs);
      const outcomes = await run(tiview.port, packets);
      const shown = packets.map(([, sql], i) => `${sql} → ${outcomes[i]}`);
      expect(shown).to.deep.equal(packets.map(([, sql, outcome]) => `${sql} → ${outcome}`));
    });
  }
});
