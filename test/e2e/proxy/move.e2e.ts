// What a session holds is the same after it has moved to another tidb-server; what cannot be carried stays.
import { expect } from 'chai';
import { concatBytes } from '../../../src/base/bytes.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { until } from '../../support/settled.js';
import { SqlClient } from '../../support/sql-client.js';
import { MoveRig } from './move-rig.js';
import { RawClient } from './raw-client.js';

describe('a session whose tidb-server stops', function () {
  this.timeout(180_000);
  let rig: MoveRig;

  before(async () => {
    rig = await MoveRig.start();
    await using control = await SqlClient.open({ port: rig.port });
    await control.runAll(
      'create database moves',
      'use moves',
      'create table t (id int primary key auto_increment, v varchar(100))',
      "create user mover identified by 'secret'",
      'create role reader, writer',
      'grant select on moves.* to reader',
      'grant insert on moves.* to writer',
      'grant reader, writer to mover',
    );
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Stops a server, waits until what can leave it has left, does something, and starts it again. */
  async function restart(index: 0 | 1, staying = 0, meanwhile?: () => Promise<void>): Promise<void> {
    const stopped = rig.stop(index);
    try {
      await rig.left(index, staying);
      await meanwhile?.();
    } finally {
      await stopped;
      await rig.restart(index);
    }
  }

  const portOf = (index: 0 | 1): string => String(rig.servers[index].mysqlPort);

  it('goes on with its variables, its statements and what its last statement left behind', async () => {
    const client = await rig.sessionOn(0);
    await client.runAll(
      'use moves',
      "set @text = 'it''s \\\\ \"quoted\" é😀', @number = 18446744073709551615, @real = 1.5e300, @none = null",
      "set @bytes = x'00ff27', @decimal = 12345678901234567890.123456789",
      "set session sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'",
      "set time_zone = '+05:30', tidb_mem_quota_query = 123456789",
      'set names latin1 collate latin1_bin',
      "prepare named from 'select ''it''''s \\\\\\\\ '' || \"v\" || ? from t where id = ?'",
      "insert into t (v) values ('one'), ('two')",
    );
    const variables = new Map(
      (await client.rows('show session variables')).map(([name, value]) => [name, value]),
    );
    const held =
      'select @text, @number, @real, @none, hex(@bytes), @decimal, database(), user(), current_user()';
    const before = await client.rows(held);
    await client.rows('select id from t union all select 7');
    await client.rows("select 'x' + 1, 1 / 0");
    await restart(0, 0, async () => {
      expect(await client.rows('show warnings')).to.deep.equal([
        ['Warning', '1292', "Truncated incorrect DOUBLE value: 'x'"],
        ['Warning', '1365', 'Division by 0'],
      ]);
      expect(await client.rows('select last_insert_id(), found_rows()')).to.deep.equal([['1', '2']]);
    });
    expect(await client.value('select @@port')).to.equal(portOf(1));
    expect(await client.rows(held)).to.deep.equal(before);
    const changed = (await client.rows('show session variables')).filter(
      ([name = '', value]) => variables.get(name) !== value,
    );
    expect(changed.map(([name]) => name).sort()).to.deep.equal([
      'port',
      'tidb_config',
      'tidb_last_query_info',
      'timestamp',
    ]);
    await client.runAll("set @a = '!', @b = 1");
    expect(await client.value('execute named using @a, @b')).to.equal("it's \\ one!");
    await client.close();
  });

  it('keeps the roles that it has set', async () => {
    const client = await SqlClient.open({ port: rig.port, user: 'mover', password: 'secret' });
    await client.run('set role reader');
    const index = (await client.value('select @@port')) === portOf(0) ? 0 : 1;
    await restart(index);
    expect(await client.value('select @@port')).to.not.equal(portOf(index));
    expect(await client.value('select current_role()')).to.equal('`reader`@`%`');
    expect(Number(await client.value('select count(*) from moves.t'))).to.be.greaterThan(0);
    expect(await client.error("insert into moves.t (v) values ('no')")).to.deep.include({ errno: 1142 });
    await client.close();
  });

  it('stays while it holds what cannot be carried, and goes when it does no longer', async () => {
    const client = await rig.sessionOn(0);
    await client.run('create temporary table moves.mine (id int)');
    await restart(0, 1, async () => {
      await until('it is refused', 5_000, () =>
        Promise.resolve(rig.test.proxy.counts.moves.refused > 0 || undefined),
      );
      await client.run('insert into moves.mine values (1)');
      expect(await client.value('select count(*) from moves.mine')).to.equal('1');
      expect(await client.value('select @@port')).to.equal(portOf(0));
      await client.run('drop temporary table moves.mine');
      await rig.left(0);
    });
    expect(await client.value('select @@port')).to.equal(portOf(1));
    await client.close();
  });

  it('keeps its numbers of prepared statements, and goes back to how it logged in', async () => {
    const client = await RawClient.login(rig.port, Capability.deprecateEof);
    const text = async (sql: string): Promise<string> => (await client.query(sql)).toString('latin1');
    const index = (await text('select @@port')).includes(portOf(0)) ? 0 : 1;
    await client.command(Command.initDb, 'moves');
    await client.command(Command.stmtPrepare, 'select 1');
    await client.command(Command.stmtPrepare, "select concat('prepared ', ?)");
    client.send(Command.stmtClose, Uint8Array.of(1, 0, 0, 0));
    const execute = concatBytes(
      Uint8Array.of(2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 253, 0, 4),
      Buffer.from('once'),
    );
    expect((await client.command(Command.stmtExecute, execute)).toString('latin1')).to.contain(
      'prepared once',
    );
    await text('use mysql');
    await client.command(Command.setOption, Uint8Array.of(1, 0));
    expect(await text('select 1; select 2')).to.contain('multi-statement');
    await restart(index);
    expect(await text('select @@port')).to.not.contain(portOf(index));
    expect(await text('select database()')).to.contain('mysql');
    expect(await text('select 1; select 2')).to.contain('multi-statement');
    // Types are sent with the first execution only.
    const again = concatBytes(Uint8Array.of(2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 5), Buffer.from('twice'));
    expect((await client.command(Command.stmtExecute, again)).toString('latin1')).to.contain(
      'prepared twice',
    );
    const third = await client.command(Command.stmtPrepare, 'select 3');
    expect(third.readUInt32LE(5)).to.equal(3);
    expect((await client.command(Command.resetConnection))[4]).to.equal(0);
    expect(await text('select database()')).to.contain('moves');
    await client.quit();
  });
});
