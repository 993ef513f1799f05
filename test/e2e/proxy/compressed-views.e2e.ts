// View statements over compressed connections, by clients that others have written.
import { expect } from 'chai';
import { needsClient, runProgram } from '../../clients/installed.js';
import { startTiView, type TiView } from '../../support/tiview.js';
import { connectTo } from './harness.js';
import { Recorder } from './recorder.js';
import { type Tidb, startTidb } from './tidb.js';

/** As many rows as need several compressed packets. */
const ROWS = 3_000;

const CREATE = 'CREATE MATERIALIZED VIEW v AS SELECT g, COUNT(*) AS n, MAX(text) AS most FROM t GROUP BY g';

describe('view statements over a compressed connection', function () {
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

  beforeEach(async () => {
    const connection = await connectTo(tiview.port);
    await connection.query('DROP MATERIALIZED VIEW IF EXISTS compressed.v');
    await connection.query('DROP DATABASE IF EXISTS compressed');
    await connection.query('CREATE DATABASE compressed');
    await connection.query('CREATE TABLE compressed.t (id INT PRIMARY KEY, g INT, text VARCHAR(200))');
    const rows = Array.from({ length: ROWS }, (_, id) => [id, id % 1_500, `${'text '.repeat(30)}${id}`]);
    await connection.query('INSERT INTO compressed.t VALUES ?', [rows]);
    await connection.end();
  });

  it('are answered to mysql2 as over a plain one', async () => {
    const recorder = await Recorder.start(tiview.port);
    const compressed = await connectTo(recorder.port, { compress: true, database: 'compressed' });
    const plain = await connectTo(tiview.port, { database: 'compressed' });
    await compressed.query(CREATE);
    expect(JSON.stringify(await answerTo(compressed, 'SHOW MATERIALIZED VIEWS'))).to.include('"v"');
    const answers = [
      'SHOW MATERIALIZED VIEWS',
      'SHOW CREATE MATERIALIZED VIEW v',
      'SELECT * FROM v ORDER BY g',
      'CREATE MATERIALIZED VIEW w AS SELECT nonsense FROM t',
      'INSERT INTO v VALUES (1, 2, 3)',
    ];
    for (const sql of answers) {
      const [got, wanted] = await Promise.all(
        [compressed, plain].map((connection) => answerTo(connection, sql)),
      );
      expect(got, sql).to.deep.equal(wanted);
    }
    await compressed.query('DROP MATERIALIZED VIEW v');
    await Promise.all([compressed.end(), plain.end()]);
    const [recording] = await recorder.stop();
    // 1500 rows of 170 bytes each.
    expect(recording?.fromServer.length).to.be.lessThan(100_000);
    expect(recording?.fromServer.includes('text text text')).to.equal(false);
  });

  it('are answered to the mariadb client as over a plain one', async function () {
    await needsClient(this, 'mariadb');
    const run = async (sql: string, ...flags: string[]): Promise<string> => {
      const args = [
        '--no-defaults',
        '--skip-ssl',
        '-h127.0.0.1',
        `-P${tiview.port}`,
        '-uroot',
        '--batch',
        ...flags,
      ];
      const { code, stdout, stderr } = await runProgram('mariadb', [...args, '-Dcompressed', '-e', sql]);
      expect(code, stderr).to.equal(0);
      return stdout;
    };
    expect(await run('\\s', '--compress')).to.match(/Protocol:\s+Compressed/);
    await run(CREATE, '--compress');
    const reads = 'SHOW MATERIALIZED VIEWS; SELECT * FROM v ORDER BY g; SHOW CREATE MATERIALIZED VIEW v';
    const answer = await run(reads, '--compress');
    expect(answer.length).to.be.greaterThan(100_000);
    expect(answer).to.equal(await run(reads));
    await run('DROP MATERIALIZED VIEW v', '--compress');
  });
});

/** Rows, or the error. */
async function answerTo(connection: Awaited<ReturnType<typeof connectTo>>, sql: string): Promise<unknown> {
  try {
    const [rows] = await connection.query({ sql, rowsAsArray: true });
    return rows;
  } catch (error) {
    const { errno, message } = error as { errno?: number; message: string };
    return `${String(errno)} ${message}`;
  }
}
