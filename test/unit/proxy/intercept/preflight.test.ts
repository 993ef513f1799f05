import { expect } from 'chai';
import { SqlError } from '../../../../src/base/errors.js';
import { preflight } from '../../../../src/proxy/intercept/preflight.js';
import type { SessionAccess } from '../../../../src/proxy/statement-gate.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { parseViewStatement } from '../../../../src/sql/parse/view-statement-parser.js';
import { failureOf } from '../../../support/failure.js';

/** A session that answers as the script says; undefined: no rows. */
function sessionOf(answer: (sql: string) => string | SqlError | undefined) {
  const asked: string[] = [];
  const session: SessionAccess = {
    ...{ connectionId: 1, capabilities: 0, status: 0, signal: new AbortController().signal },
    query: (sql) => {
      asked.push(sql);
      const found = answer(sql);
      if (found instanceof SqlError) return Promise.reject(found);
      const rows = found === undefined ? [] : [[Buffer.from(found)]];
      return Promise.resolve({ columns: [], rows } as never);
    },
    relay: () => Promise.reject(new Error('nothing of this goes to the client')),
  };
  const run = (sql: string) => failureOf(preflight(parseViewStatement(sql, DEFAULT_LEX_MODE), session));
  return { asked, run };
}

const NOT_A_VIEW = new SqlError(1347, 'HY000', 'is not VIEW');
const DENIED = new SqlError(1142, '42000', 'DROP command denied');

describe('preflight', () => {
  it('lets TiDB check the privilege to drop, by a statement that cannot', async () => {
    const { asked, run } = sessionOf((sql) => (sql.startsWith('DROP') ? NOT_A_VIEW : 'BASE TABLE'));
    expect(await run('DROP MATERIALIZED VIEW a.v, w')).to.equal(undefined);
    expect(asked.filter((sql) => sql.startsWith('DROP'))).to.deep.equal([
      'DROP VIEW `a`.`v`',
      'DROP VIEW `w`',
    ]);
  });

  it('passes TiDB’s refusal on', async () => {
    const { run } = sessionOf((sql) => (sql.startsWith('DROP') ? DENIED : undefined));
    expect(await run('DROP MATERIALIZED VIEW v')).to.equal(DENIED);
  });

  it('never asks DROP VIEW of a name that is an SQL view’s: it would be dropped', async () => {
    const { asked, run } = sessionOf((sql) =>
      sql.startsWith('CREATE TABLE') ? new SqlError(8239, 'HY000', 'Unknown placement policy') : 'VIEW',
    );
    await run('DROP MATERIALIZED VIEW v');
    await run('CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT 1');
    expect(asked.filter((sql) => sql.startsWith('DROP'))).to.deep.equal([]);
  });

  it('asks about names so that no sql_mode can misread them', async () => {
    const { asked, run } = sessionOf(() => 'VIEW');
    await run("DROP MATERIALIZED VIEW `it's`.`a\\'`");
    expect(asked[0]).to.contain("X'69742773'").and.to.contain("X'615c27'");
  });

  it('asks whether the tables of a database may be listed, where its views are to be', async () => {
    const { asked, run } = sessionOf(() => undefined);
    await run('SHOW MATERIALIZED VIEWS');
    await run('SHOW FULL MATERIALIZED VIEWS FROM `a``b`');
    await run('SHOW MATERIALIZED VIEW STATUS d.v');
    await run('SHOW MATERIALIZED VIEW STATUS');
    expect(asked).to.deep.equal([
      "SHOW TABLES LIKE 'tiview probe: no such table'",
      "SHOW TABLES FROM `a``b` LIKE 'tiview probe: no such table'",
      "SHOW TABLES FROM `d` LIKE 'tiview probe: no such table'",
    ]);
  });
});
