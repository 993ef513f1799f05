/** Foreign clients through TiView on the embedded cluster: they connect, browse, prepare and change. */
import { join } from 'node:path';
import { expect } from 'chai';
import {
  clientScripts,
  connectorJar,
  mariadbJar,
  needsClient,
  python,
  runProgram,
} from '../../clients/installed.js';
import { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const PYMYSQL = `
import sys, pymysql
c = pymysql.connect(host="127.0.0.1", port=int(sys.argv[1]), user="root", database="browsed", charset="utf8mb4")
k = c.cursor()
k.execute("INSERT INTO t VALUES (%s, %s), (%s, %s)", (70, "c'\\"\\\\", 71, None))
c.rollback()
print(k.execute("SELECT * FROM t WHERE v = %s", ("one",)), k.fetchall(), c.get_server_info())
k.execute("SHOW FULL TABLES")
print(k.fetchall())
`;

/** What SQLAlchemy's inspector, and a program that maps a table, ask for. */
const SQLALCHEMY = `
import sys
from sqlalchemy import MetaData, Table, create_engine, inspect, select
engine = create_engine(f"mysql+pymysql://root@127.0.0.1:{sys.argv[1]}/browsed")
seen = inspect(engine)
print(seen.get_table_names(), seen.get_view_names(), seen.get_pk_constraint("t")["constrained_columns"])
print([(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns("t")])
print([i["column_names"] for i in seen.get_indexes("t")], seen.get_foreign_keys("t"))
t = Table("t", MetaData(), autoload_with=engine)
with engine.begin() as connection:
    connection.execute(t.insert(), [{"id": 80, "v": "eighty"}, {"id": 81, "v": None}])
    print(connection.execute(select(t).where(t.c.id >= 80).order_by(t.c.id)).all())
    connection.execute(t.delete().where(t.c.id >= 80))
`;

describe('foreign clients on the embedded cluster', function () {
  this.timeout(120_000);
  let tiview: TiView;

  before(async () => {
    tiview = await startTiView({});
    await using client = await SqlClient.open({ port: tiview.port });
    await client.runAll(
      'create database browsed',
      'create table browsed.t (id int primary key, v varchar(20), key (v))',
      "insert into browsed.t values (1, 'one'), (2, 'two')",
      'create view browsed.w as select v from browsed.t',
    );
  });

  after(async () => {
    await tiview.stop();
  });

  it('mysql2 prepares, with values of all kinds', async () => {
    await using client = await SqlClient.open({ port: tiview.port, database: 'browsed' });
    await client.execute('insert into t values (?, ?)', [10, "q'\\"]);
    const select = 'select id, v from t where id > ? and (v = ? or v is null) order by id';
    expect(await client.execute(select, [5, "q'\\"])).to.deep.equal([{ id: 10, v: "q'\\" }]);
    expect(await client.execute('select ? + 1 as n, ? as t, ? as nothing', [41, 'x', null])).to.deep.equal([
      { n: 42, t: 'x', nothing: null },
    ]);
    await client.execute('delete from t where id = ?', [10]);
    await client.run('set @x = 1');
    await client.changeUser({ database: 'test' });
    expect(await client.rows('select database(), @x')).to.deep.equal([['test', null]]);
  });

  it('the mariadb client lists, describes and runs several statements', async function () {
    await needsClient(this, 'mariadb');
    const args = ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${tiview.port}`, '-uroot', '-Dbrowsed'];
    const input =
      'delimiter //\nselect 1; select v from t order by id;//\ndelimiter ;\nshow tables; desc t;\nprepare p from "select v from t where id = ?"; set @i = 2; execute p using @i;';
    const { code, stdout, stderr } = await runProgram('mariadb', args, { input });
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    expect(stdout.split('\n').filter((line) => line === 'two')).to.have.length(2);
    expect(stdout).to.include('t\nw\n');
  });

  it('PyMySQL reads and rolls back', async function () {
    await needsClient(this, 'pymysql');
    const { stdout, stderr } = await runProgram(python, ['-c', PYMYSQL, String(tiview.port)]);
    expect(stderr).to.equal('');
    expect(stdout).to.include("1 ((1, 'one'),) 8.0.11-TiDB");
    expect(stdout).to.include("(('t', 'BASE TABLE'), ('w', 'VIEW'))");
  });

  it('SQLAlchemy inspects and maps tables', async function () {
    await needsClient(this, 'sqlalchemy');
    const { stdout, stderr } = await runProgram(python, ['-c', SQLALCHEMY, String(tiview.port)]);
    expect(stderr).to.equal('');
    expect(stdout.trim().split('\n')).to.deep.equal([
      "['t'] ['w'] ['id']",
      "[('id', 'INTEGER', False), ('v', 'VARCHAR(20)', True)]",
      "[['v']] []",
      "[(80, 'eighty'), (81, None)]",
    ]);
  });

  it('Connector/J browses, with prepared statements of either side', async function () {
    await needsClient(this, 'connectorj');
    for (const how of ['', '&useServerPrepStmts=true&useInformationSchema=true'])
      await browse(connectorJar, 'mysql', `sslMode=DISABLED${how}`);
  });

  it('MariaDB Connector/J browses, with prepared statements of either side', async function () {
    await needsClient(this, 'mariadbj');
    for (const how of ['', '&useServerPrepStmts=true'])
      await browse(mariadbJar, 'mariadb', `sslMode=disable${how}`);
  });

  /** What a GUI asks a driver for. */
  async function browse(jar: string, protocol: string, options: string): Promise<void> {
    const url = `jdbc:${protocol}://127.0.0.1:${tiview.port}/browsed?user=root&${options}`;
    const source = join(clientScripts, 'connectorj/Metadata.java');
    const { stdout, stderr } = await runProgram('java', ['-cp', jar, source, url]);
    expect(stderr).to.equal('');
    expect(stdout.trim().split('\n').slice(1)).to.deep.equal([
      'tables 2',
      'columns 3',
      'primary 1',
      'indexes 2',
      'imported 0',
      'exported 0',
      'procedures 0',
      'prepared 2',
      'unchanged 0',
      'valid true',
    ]);
  }
});
