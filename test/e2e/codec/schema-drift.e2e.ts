/** What real DDL statements do to TableInfos, and what the catalog makes of it for a view. */
import { expect } from 'chai';
import { Catalog } from '../../../src/catalog/catalog.js';
import { decodeSchemaChange } from '../../../src/catalog/schema-change.js';
import { type SchemaDrift, schemaDrift } from '../../../src/catalog/schema-drift.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { tableMetaKey } from '../../../src/codec/meta-keys.js';
import { KvClient } from './kv-client.js';
import { type Rig, sharedRig } from './rig-process.js';
import { checkSchema } from './schema-checks.js';
import { TidbSession } from './tidb-session.js';

interface Scenario {
  readonly title: string;
  readonly ddl: readonly string[];
  readonly expected: SchemaDrift['kind'];
  readonly reason?: string;
  readonly create?: string;
}

const CREATE = `create table b (id int primary key, a int, s varchar(10), k decimal(10,2) not null default 1,
  w timestamp null, key ia (a))`;
const PARTITIONED = `create table b (id int primary key, a int, s varchar(10)) partition by range (id)
  (partition p0 values less than (10), partition p1 values less than (20))`;

/** The view uses id, a and s. */
const USED = ['id', 'a', 's'];

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'adding a column',
    ddl: ['alter table b add column z int not null default 5'],
    expected: 'harmless',
  },
  { title: 'adding a column in front', ddl: ['alter table b add column z int first'], expected: 'harmless' },
  { title: 'dropping a column not used', ddl: ['alter table b drop column k'], expected: 'harmless' },
  {
    title: 'converting a column not used',
    ddl: ['alter table b modify column k bigint'],
    expected: 'harmless',
  },
  { title: 'adding an index', ddl: ['alter table b add unique index ik (k)'], expected: 'harmless' },
  { title: 'dropping an index', ddl: ['alter table b drop index ia'], expected: 'harmless' },
  { title: 'hiding an index', ddl: ['alter table b alter index ia invisible'], expected: 'harmless' },
  { title: 'a comment', ddl: ["alter table b comment = 'x'"], expected: 'harmless' },
  {
    title: 'a comment of a column',
    ddl: ["alter table b modify column a int comment 'x'"],
    expected: 'unchanged',
  },
  {
    title: 'a default for new rows',
    ddl: ['alter table b alter column a set default 7'],
    expected: 'harmless',
  },
  { title: 'moving the auto-increment', ddl: ['alter table b auto_increment = 1000'], expected: 'unchanged' },
  { title: 'statistics', ddl: ['analyze table b'], expected: 'unchanged' },
  { title: 'a life time for rows', ddl: ['alter table b ttl = `w` + interval 1 day'], expected: 'harmless' },
  { title: 'caching', ddl: ['alter table b cache'], expected: 'harmless' },
  {
    title: 'a foreign key',
    ddl: ['create table p (id int primary key)', 'alter table b add foreign key (a) references p (id)'],
    expected: 'harmless',
  },
  { title: 'renaming the table', ddl: ['rename table b to c'], expected: 'renamed' },
  { title: 'moving the table', ddl: ['create database d2', 'rename table b to d2.b'], expected: 'renamed' },
  {
    title: 'dropping a used column',
    ddl: ['alter table b drop column a'],
    expected: 'breaks',
    reason: "'a' was dropped",
  },
  {
    title: 'widening a used column',
    ddl: ['alter table b modify column a bigint'],
    expected: 'breaks',
    reason: 'type',
  },
  {
    title: 'converting a used column',
    ddl: ['alter table b modify column a varchar(20)'],
    expected: 'breaks',
  },
  {
    title: 'lengthening a used string',
    ddl: ['alter table b modify column s varchar(20)'],
    expected: 'breaks',
  },
  {
    title: 'forbidding NULL',
    ddl: ['alter table b modify column a int not null'],
    expected: 'breaks',
    reason: 'type',
  },
  {
    title: 'renaming a used column',
    ddl: ['alter table b rename column a to aa'],
    expected: 'breaks',
    reason: "renamed to 'aa'",
  },
  {
    title: 'another collation',
    ddl: ['alter table b convert to character set utf8mb4 collate utf8mb4_general_ci'],
    expected: 'breaks',
    reason: 'collation',
  },
  { title: 'truncating', ddl: ['truncate table b'], expected: 'breaks', reason: 'dropped or truncated' },
  { title: 'dropping', ddl: ['drop table b'], expected: 'breaks', reason: 'dropped or truncated' },
  {
    title: 'partitioning',
    ddl: ['alter table b partition by hash (id) partitions 3'],
    expected: 'breaks',
    reason: 'dropped or truncated',
  },
  {
    title: 'adding a partition',
    create: PARTITIONED,
    ddl: ['alter table b add partition (partition p2 values less than (30))'],
    expected: 'breaks',
    reason: 'partitions',
  },
  {
    title: 'dropping a partition',
    create: PARTITIONED,
    ddl: ['alter table b drop partition p1'],
    expected: 'breaks',
    reason: 'partitions',
  },
  {
    title: 'truncating a partition',
    create: PARTITIONED,
    ddl: ['alter table b truncate partition p1'],
    expected: 'breaks',
    reason: 'partitions',
  },
  {
    title: 'exchanging a partition',
    create: PARTITIONED,
    ddl: [
      'create table x (id int primary key, a int, s varchar(10))',
      'alter table b exchange partition p0 with table x',
    ],
    expected: 'breaks',
    reason: 'partitions',
  },
  {
    title: 'an index of a partitioned table',
    create: PARTITIONED,
    ddl: ['create index i on b (a)'],
    expected: 'harmless',
  },
];

describe('schema changes on the real TiDB', function () {
  this.timeout(600_000);
  let rig: Rig;
  let kv: KvClient;
  let session: TidbSession;
  const { signal } = new AbortController();

  before(async () => {
    rig = await sharedRig();
    kv = new KvClient(rig);
    session = await TidbSession.open(rig, 'drift');
    await session.run("set sql_mode = 'STRICT_TRANS_TABLES'");
  });

  after(async () => {
    await session.close();
    kv.close();
  });

  beforeEach(async () => {
    await session.tries('alter table b nocache');
    await session.run('drop table if exists b, c, x, p');
    await session.run('drop database if exists d2');
  });

  async function find(): Promise<TableVersion> {
    const table = await new Catalog(kv, true).findTable('drift', 'b', await kv.now(), signal);
    if (table === undefined) throw new Error('no table b');
    return table;
  }

  for (const { title, ddl, expected, reason, create = CREATE } of SCENARIOS) {
    it(`takes ${title} as ${expected}`, async () => {
      await session.run(create);
      const built = await find();
      await checkSchema(session, built, 'drift');
      for (const statement of ddl) await session.run(statement);
      const at = await kv.now();
      const next = await new Catalog(kv, true).tableAt(built.id, at, signal);
      const ids = USED.flatMap(
        (name) => built.columns.find((column) => column.name.lower === name)?.id ?? [],
      );
      const drift = schemaDrift(built, ids, next);
      expect(drift.kind, JSON.stringify(drift)).to.equal(expected);
      if (reason !== undefined) expect(drift).to.have.property('reason').that.includes(reason);
      if (next === undefined) return;
      const key = tableMetaKey(next.databaseId, next.id);
      const value = await kv.get(key, at, signal);
      expect(decodeSchemaChange({ key, value, commitTs: at })).to.deep.equal({
        kind: 'tablePut',
        commitTs: at,
        databaseId: next.databaseId,
        info: next.info,
      });
    });
  }

  it('reads the schema as it was at an earlier timestamp', async () => {
    await session.run(CREATE);
    const then = await kv.now();
    await session.run('alter table b drop column s');
    await session.run('rename table b to c');
    const catalog = new Catalog(kv, true);
    const before = await catalog.findTable('drift', 'b', then, signal);
    const now = await kv.now();
    expect(before?.columns.map(({ name }) => name.original)).to.deep.equal(['id', 'a', 's', 'k', 'w']);
    expect(await catalog.findTable('drift', 'b', now, signal)).to.equal(undefined);
    const after = await catalog.findTable('drift', 'c', now, signal);
    expect(after?.columns.map(({ name }) => name.original)).to.deep.equal(['id', 'a', 'k', 'w']);
    expect(after?.id).to.equal(before?.id);
    expect(after?.fingerprintOf([1, 2])).to.equal(before?.fingerprintOf([1, 2]));
    expect(after?.fingerprintOf([1, 3])).not.to.equal(before?.fingerprintOf([1, 3]));
  });
});
