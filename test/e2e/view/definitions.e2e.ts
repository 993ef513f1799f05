/** Definitions that ask something special of a view, each through its life: built, changed, taken up again, checked. */
import { expect } from 'chai';
import { type Rig, startRig } from '../../support/rig.js';
import type { SqlClient } from '../../support/sql-client.js';
import { type TiView, startTiView } from '../../support/tiview.js';

const DEFINITIONS: Readonly<Record<string, string>> = {
  // SQL leaves open which of several equal strings stands for a group, and the last digits of a sum of doubles.
  chosen_group: 'select g, count(*) c, sum(f) total from t group by g',
  chosen_distinct: 'select distinct s from t',
  chosen_least: 'select max(g) m, min(s) least from t',
  computed_group: 'select upper(g) u, count(*) c from t group by upper(g)',
  // No column is read.
  only_rows: 'select 1 as one from t',
  how_many: 'select count(*) n from t',
  of_nothing: 'select count(*) n, sum(n) total from empty_t',
  semi_join: 'select id from t a where exists (select 1 from t b where b.n = a.id)',
  scalar: 'select id, n, (select max(x.n) from t x where x.id < 3) m from t',
  on_a_view: 'select m.g, m.c from chosen_group m where m.c > 1',
  on_a_view_and_a_table:
    'select shop.computed_group.u, t.id from shop.computed_group join t on t.g = computed_group.u',
  on_a_view_on_a_view: 'select count(*) n from on_a_view',
  cross_join: 'select a.id, b.id as other from t a join t b on a.n < b.n',
};

describe('definitions', () => {
  let rig: Rig;
  let tiview: TiView;
  let client: SqlClient;

  before(async () => {
    rig = await startRig({ resolvedIntervalMs: 50 });
    tiview = await startTiView({ tidbPort: rig.mysqlPort });
    client = await tiview.connect();
    await client.runAll(
      'create database shop',
      'use shop',
      'create table empty_t (n int)',
      'create table t (id bigint primary key, g varchar(20) collate utf8mb4_general_ci, s varchar(20), f double, n int)',
      "insert into t values (1,'a','x ',0.1,1), (2,'A','x',0.2,2), (3,'B ','y',0.3,null), (4,null,'y ',1e300,4)",
    );
    for (const [name, select] of Object.entries(DEFINITIONS))
      await client.run(`create materialized view ${name} as ${select}`);
  });

  after(async () => {
    await client.close();
    await tiview.stop();
    await rig.stop();
  });

  const checkAll = async (): Promise<void> => {
    await client.run('refresh materialized view how_many');
    for (const name of Object.keys(DEFINITIONS)) {
      await client.run(`admin check materialized view ${name}`);
      await client.run(`admin check table ${name}`);
    }
  };

  it('hold when they are built, when their tables change, and after a restart', async () => {
    await checkAll();
    await client.runAll(
      "insert into t values (5,'b','X',7,5)",
      'delete from t where id = 1',
      'update t set n = 9 where id = 4',
      'insert into empty_t values (1), (null)',
    );
    await checkAll();
    expect(await client.rows('select * from how_many')).deep.equal([['4']]);
    await tiview.kill();
    await tiview.start();
    await client.close();
    client = await tiview.connect({ database: 'shop' });
    await client.runAll(
      'delete from empty_t',
      "update t set g = 'c' where g = 'b'",
      'insert into t (id) values (9)',
    );
    await checkAll();
    expect(await client.rows('select * from of_nothing')).deep.equal([['0', null]]);
    expect(await client.rows('select g, c from on_a_view')).deep.equal(
      await client.rows('select g, c from chosen_group where c > 1'),
    );
  });

  it('freeze their view, and no other, when a row has no value', async () => {
    await client.run(
      'create materialized view too_big as select id, n + 9223372036854775800 as v from t where id > 60',
    );
    await client.run('insert into t (id, n) values (70, 4)');
    await client.run('refresh materialized view how_many');
    const stateOf = async (name: string): Promise<(string | null)[]> => {
      const [row = []] = await client.rows(`show materialized view status ${name}`);
      return [row[2] ?? null, row[11] ?? null];
    };
    expect((await stateOf('too_big'))[0]).equal('READY');
    await client.run('insert into t (id, n) values (71, 8)');
    await client.run('refresh materialized view how_many');
    const [state, reason] = await stateOf('too_big');
    expect(state).equal('FROZEN');
    expect(reason).contain('BIGINT value is out of range');
    await checkAll();
  });
});
