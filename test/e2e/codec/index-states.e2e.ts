/**
 * Writes to a table while TiDB adds an index to it: in every state the encoder makes the same pairs as TiDB. Open
 * transactions hold the DDL statement in each state, since TiDB lets a change proceed only when nobody works with the
 * state before the last. (The rig fills indexes within transactions. With a rig whose TiDB has fast reorganisation on,
 * the same test goes through the stages of a temporary index: `TXN_MERGE=1` and `RIG=` a binary that knows it.)
 */
import { expect } from 'chai';
import { Catalog } from '../../../src/catalog/catalog.js';
import { TableChangingError } from '../../../src/catalog/schema-error.js';
import { type TableInfo, tableInfoOf } from '../../../src/catalog/table-info.js';
import { JsonObject } from '../../../src/catalog/json-object.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { KvClient } from './kv-client.js';
import { type Rig, sharedRig } from './rig-process.js';
import { checkChange, readPairs } from './table-checks.js';
import { TidbSession } from './tidb-session.js';

const CREATES = [
  `(id int primary key, a int, s varchar(20) collate utf8mb4_general_ci)`,
  `(id int, a int, s varchar(20), primary key (s, id) clustered)`,
  `(id int, a int, s varchar(20))`,
] as const;

const INDEXES = ['add index i (s, a)', 'add unique index i (a, s)'] as const;

describe('writes while an index is added on the real TiDB', function () {
  this.timeout(600_000);
  let rig: Rig;
  let kv: KvClient;
  let session: TidbSession;
  const { signal } = new AbortController();

  before(async () => {
    rig = await sharedRig();
    kv = new KvClient(rig);
    session = await TidbSession.open(rig, 'states');
  });

  after(async () => {
    await session.close();
    kv.close();
  });

  async function find(): Promise<TableVersion> {
    const table = await new Catalog(kv, true).findTable('states', 't', await kv.now(), signal);
    if (table === undefined) throw new Error('no table t');
    return table;
  }

  /** The table as the server works with it now. */
  async function loaded(): Promise<TableInfo> {
    const reply = await fetch(`http://${rig.status}/schema/states/t`);
    return tableInfoOf(new JsonObject(await reply.json(), 'schema'));
  }

  function stageOf(info: TableInfo): string {
    const index = info.indexes.find(({ name }) => name.lower === 'i');
    return index === undefined ? 'absent' : `${index.state}/${index.backfill}`;
  }

  /** Waits until the schema in TiKV has left a stage, and the server works with the new one. */
  async function nextStage(stage: string): Promise<string> {
    for (;;) {
      const stored = stageOf((await find()).info);
      if (stored !== stage && stageOf(await loaded()) === stored) return stored;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async function holder(): Promise<TidbSession> {
    const own = await TidbSession.open(rig, 'states');
    await own.run('begin');
    await own.select('select * from t limit 1');
    return own;
  }

  /** Statements of which each changes something, also when run again with another number. */
  function statements(n: number): string[] {
    return [
      `insert into t (id, a, s) values (${100 + n}, ${n}, 'New ${n}  '), (${200 + n}, null, 'n')`,
      `update t set a = ${1000 + n} where id = 1`,
      `update t set s = upper(s) where id = 2`,
      `update t set s = 'changed ${n} ' where id = ${99 + n}`,
      `update t set id = id where id = 1`,
      `delete from t where id = ${199 + n}`,
    ];
  }

  for (const create of CREATES) {
    for (const index of INDEXES) {
      it(`writes what TiDB writes: ${create}, ${index}`, async () => {
        await session.run('drop table if exists t');
        await session.run(`create table t ${create}`);
        await session.run(
          `insert into t (id, a, s) values (1, 1, 'one '), (2, 2, 'two'), (3, null, 'three')`,
        );
        const ddl = await TidbSession.open(rig, 'states');
        let held = await holder();
        const done = ddl.run(`alter table t ${index}`);
        const stages: string[] = [];
        for (let stage = 'absent'; stage !== 'public/none';) {
          stage = await nextStage(stage);
          stages.push(stage);
          await writeAndCompare(stages.length, stage);
          const next = await holder();
          await held.run('commit');
          await held.close();
          held = next;
        }
        await held.run('commit');
        await held.close();
        await done;
        await ddl.close();
        expect(stages).to.include.members(
          ['deleteOnly', 'writeOnly', 'writeReorganization'].map(withBackfill(stages)),
        );
        await session.run('admin check table t');
        console.log(`          ${stages.join(', ')}`);
      });
    }
  }

  function withBackfill(stages: readonly string[]): (state: string) => string {
    return (state) => stages.find((stage) => stage.startsWith(`${state}/`)) ?? `${state}/…`;
  }

  async function writeAndCompare(n: number, stage: string): Promise<void> {
    const table = await find();
    let before = await readPairs(kv, table, signal);
    for (const statement of statements(n)) {
      await session.run(statement);
      const after = await readPairs(kv, table, signal);
      const isUnique = table.info.indexes.some((index) => index.name.lower === 'i' && index.isUnique);
      const isRefused = isUnique && stage !== 'public/none' && !stage.endsWith('/none');
      if (isRefused) expect(() => checkChange(table, before, after, false)).to.throw(TableChangingError);
      else checkChange(table, before, after, false);
      before = after;
    }
  }
});
