import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { type Rig, startRig } from '../../support/rig.js';
import { TestClient } from './client.js';
import { Feed } from './feed.js';
import { rowsEnd, rowsOf } from './keys.js';
import { connect, query } from './table.js';

/** mysql.tidb_ddl_job has this id on every cluster. */
const DDL_JOB_TABLE = 281_474_976_710_654;

const KINDS = 98;

describe('rig: TiDB on it', function () {
  this.timeout(90_000);

  for (const { faults, rows } of [
    { faults: '', rows: 50_000 },
    { faults: 'kv,pd', rows: 10_000 },
  ]) {
    it(`runs ordinary SQL and DDL, ${rows} rows, ${faults === '' ? 'as it is' : `under the faults ${faults}`}`, async () => {
      await using rig = await startRig({ faults, seed: Number(process.env['SEED'] ?? 3) });
      const sql = await connect(rig);
      await sql.query('create database shop');
      await sql.query('use shop');
      await sql.query('create table goods (id int primary key, kind int, name varchar(200), key (kind))');
      await fill(sql, rows);
      const kinds = Array.from({ length: rows }, (_, id) => id % KINDS).reduce((a, b) => a + b, 0);
      expect(await query(sql, 'select count(*) n, sum(kind) s from goods')).to.deep.equal([
        { n: String(rows), s: String(kinds) },
      ]);
      await changeSchema(sql, rows);
      await transact(rig, sql);
      await bigValues(sql);
      await sql.query('drop table things');
      await sql.query('drop database shop');
      sql.destroy();
    });
  }

  async function fill(sql: Connection, rows: number): Promise<void> {
    for (let from = 0; from < rows; from += 10_000) {
      const values = Array.from(
        { length: 10_000 },
        (_, i) => `(${from + i}, ${(from + i) % KINDS}, 'row ${i}')`,
      );
      await sql.query(`insert into goods values ${values.join(',')}`);
    }
  }

  async function changeSchema(sql: Connection, rows: number): Promise<void> {
    await sql.query('alter table goods add column price decimal(12, 2) default 7.25');
    await sql.query('alter table goods add index by_price (price, id)');
    await sql.query('alter table goods modify column kind bigint');
    await sql.query('alter table goods drop column name');
    await sql.query('rename table goods to things');
    await sql.query('admin check table things');
    const indexed = 'select count(*) n from things use index (by_price) where price = 7.25';
    expect(await query(sql, indexed)).to.deep.equal([{ n: String(rows) }]);
  }

  async function transact(rig: Rig, sql: Connection): Promise<void> {
    for (const mode of ['optimistic', 'pessimistic']) {
      await sql.query(`begin ${mode}`);
      await sql.query('update things set price = price + 1 where id < 100');
      await sql.query('rollback');
      await sql.query(`begin ${mode}`);
      await sql.query('update things set price = price + 1 where id < 100');
      await sql.query('commit');
    }
    const other = await connect(rig);
    await sql.query('begin pessimistic');
    await sql.query('update things set kind = 1000 where id = 1');
    const waiting = other.query('update shop.things set kind = kind + 1 where id = 1');
    await sql.query('commit');
    await waiting;
    other.destroy();
    expect(await query(sql, 'select kind, price from things where id = 1')).to.deep.equal([
      { kind: '1001', price: '9.25' },
    ]);
  }

  async function bigValues(sql: Connection): Promise<void> {
    await sql.query('create table big (id int primary key, v longtext)');
    await sql.query("insert into big values (1, repeat('x', 5000000)), (2, repeat('y', 300))");
    await sql.query("update big set v = concat(v, 'z') where id = 2");
    expect(await query(sql, 'select id, length(v) n from big order by id')).to.deep.equal([
      { id: 1, n: '5000000' },
      { id: 2, n: '301' },
    ]);
  }

  it('stores DDL jobs as TiDB writes them, in row format v1', async () => {
    await using rig = await startRig({ resolvedIntervalMs: 20 });
    const client = new TestClient(rig);
    const sql = await connect(rig);
    const [start, end] = [rowsOf(DDL_JOB_TABLE), rowsEnd(DDL_JOB_TABLE)];
    const region = await client.regionOf(start);
    const feed = new Feed(client, region.leader.storeId);
    feed.register(region, { checkpointTs: await rig.tso(), start, end });
    await feed.initialized();
    await sql.query('create database jobs');
    const job = await feed.until('a job', () =>
      feed.rows.find((row) => row.type === 'PREWRITE' && row.opType === 'PUT'),
    );
    expect(job.value[0]).to.equal(0x08);
    feed.close();
    client.close();
    sql.destroy();
  });

  it('starts soon and stays small', async () => {
    const began = performance.now();
    await using rig = await startRig();
    const startMs = performance.now() - began;
    const status = readFileSync(`/proc/${rig.pid}/status`, 'utf8');
    const residentMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    console.log(`      ready after ${Math.round(startMs)} ms, ${Math.round(residentMb)} MB`);
    expect(startMs).to.be.below(15_000);
    expect(residentMb).to.be.below(1024);
  });
});
