/** What most checks begin with: a rig, a connection to its TiDB, and a table with an int key and a string. */
import mysql, { type Connection } from 'mysql2/promise';
import { equalBytes } from '../../../src/base/bytes.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { Rig } from '../../support/rig.js';
import type { Region, TestClient } from './client.js';
import { decodeBytes, rowKey, rowsEnd, rowsOf, rowValue } from './keys.js';

/** `t` and the id. */
const TABLE_PREFIX_LENGTH = 9;

/** A connection to the rig's TiDB. */
export async function connect(rig: Rig): Promise<Connection> {
  return mysql.createConnection({
    host: '127.0.0.1',
    port: rig.mysqlPort,
    user: 'root',
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
}

/** The rows of a result set. */
export async function query(sql: Connection, text: string): Promise<readonly Record<string, unknown>[]> {
  const [rows] = await sql.query(text);
  return rows as Record<string, unknown>[];
}

let tables = 0;

/** Whether the region begins where the table does. TiDB cuts it in the background, after CREATE TABLE has returned. */
function isCut(region: Region, table: TestTable): boolean {
  return equalBytes(decodeBytes(region.region.startKey), table.start.subarray(0, TABLE_PREFIX_LENGTH));
}

/** A table `(id int primary key, v text)` of its own database-wide unique name. */
export class TestTable {
  readonly name: string;
  readonly id: number;
  readonly start: Uint8Array;
  readonly end: Uint8Array;

  constructor(name: string, id: number) {
    this.name = name;
    this.id = id;
    this.start = rowsOf(id);
    this.end = rowsEnd(id);
  }

  /** Creates it and waits until PD knows the region that TiDB cuts for it. */
  static async create(sql: Connection, client: TestClient): Promise<TestTable> {
    const name = `t${++tables}`;
    await sql.query('create database if not exists rig');
    await sql.query('use rig');
    await sql.query(`create table ${name} (id int primary key, v text)`);
    const [row] = await query(
      sql,
      `select tidb_table_id id from information_schema.tables where table_schema = 'rig' and table_name = '${name}'`,
    );
    const table = new TestTable(name, Number(row!['id']));
    while (!isCut(await table.settled(client), table)) await client.rig.tso();
    return table;
  }

  /** Key of a row. */
  key(handle: number): Uint8Array {
    return rowKey(this.id, handle);
  }

  /** A mutation that writes a row. */
  put(handle: number, text: string): { op: 'Put'; key: Uint8Array; value: Uint8Array } {
    return { op: 'Put', key: this.key(handle), value: rowValue(2, text) };
  }

  /** The region of the first row, once PD and the store agree about it. */
  async settled(client: TestClient, at: Uint8Array = this.key(0)): Promise<Region> {
    for (;;) {
      const region = await client.regionOf(at);
      const reply = await client.kv('KvGet', region, { key: at, version: await client.rig.tso() });
      if (reply.regionError === null) return region;
    }
  }

  /** Prewrites and commits one row by hand; the commit ts. */
  async write(client: TestClient, region: Region, handle: number, text: string, txnSource = 0): Promise<Ts> {
    const startTs = await client.rig.tso();
    const context = { context: { txnSource } };
    await client.prewrite(region, startTs, [this.put(handle, text)], context);
    const commitTs = await client.rig.tso();
    const fields = { keys: [this.key(handle)], startVersion: startTs, commitVersion: commitTs };
    await client.kv('KvCommit', region, { ...fields, ...context });
    return commitTs;
  }
}
