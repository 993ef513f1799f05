/** A rig, a client of it, a connection to its TiDB, and tables of which both see the rows. */
import { setMaxListeners } from 'node:events';
import mysql, { type Connection } from 'mysql2/promise';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import { originDefaultOf } from '../../../src/catalog/origin-default.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import type { Datum } from '../../../src/codec/datum.js';
import { appendDatum, cellAt } from '../../../src/codec/cell.js';
import { type ColumnBuilder, columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Column } from '../../../src/codec/column.js';
import { datumText } from '../../../src/codec/datum-text.js';
import type { FieldType } from '../../../src/codec/field-type.js';
import { writeCompact } from '../../../src/codec/flagged-datum.js';
import type { MutationBatch } from '../../../src/codec/mutation-batch.js';
import type { Ts } from '../../../src/codec/tso.js';
import { type TikvCluster, connectCluster } from '../../../src/tikv/client.js';
import type { ScanColumn } from '../../../src/tikv/coprocessor/dag-request.js';
import { BatchingTransport } from '../../../src/tikv/batch/batching-transport.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { type Rig, type RigOptions, startRig } from '../../support/rig.js';

export const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

export type Row = Readonly<Record<string, unknown>>;

/** What most tests begin with. */
export class Harness implements AsyncDisposable {
  readonly rig: Rig;
  readonly cluster: TikvCluster;
  readonly catalog: Catalog;
  readonly sql: Connection;
  readonly transport: GrpcTransport;
  /** Failures of background tasks. */
  readonly crashes: string[];

  private constructor(parts: Pick<Harness, 'rig' | 'cluster' | 'sql' | 'transport' | 'crashes'>) {
    this.rig = parts.rig;
    this.cluster = parts.cluster;
    this.sql = parts.sql;
    this.transport = parts.transport;
    this.crashes = parts.crashes;
    this.catalog = new Catalog(parts.cluster.snapshots, true);
  }

  static async start(options: RigOptions = {}): Promise<Harness> {
    const rig = await startRig(options);
    const crashes: string[] = [];
    const runtime = systemRuntime((task, error) => crashes.push(`${task}: ${String(error)}`));
    const transport = new GrpcTransport();
    const transports = { pd: transport, kv: new BatchingTransport(transport, runtime) };
    const cluster = await connectCluster(
      { pdSeeds: [rig.pd], transports, runtime, telemetry: silent },
      NEVER,
    );
    const sql = await connect(rig);
    await sql.query('create database if not exists e2e');
    await sql.query('use e2e');
    return new Harness({ rig, cluster, sql, transport, crashes });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.close();
    this.transport.close();
    await this.sql.end();
    await this.rig.stop();
  }

  /** Rows of a statement; numbers beyond 2^53 as strings. */
  async query(text: string): Promise<readonly Row[]> {
    const [rows] = await this.sql.query(text);
    return rows as Row[];
  }

  /** Rows of a SELECT at a timestamp. */
  async queryAt(ts: Ts, text: string): Promise<readonly Row[]> {
    await this.sql.query(`set @@tidb_snapshot = '${ts}'`);
    try {
      return await this.query(text);
    } finally {
      await this.sql.query("set @@tidb_snapshot = ''");
    }
  }

  tso(): Promise<Ts> {
    return this.cluster.tso.next(NEVER);
  }

  /** Creates a table and gives its schema. */
  async create(name: string, definition: string): Promise<TableVersion> {
    await this.sql.query(`drop table if exists ${name}`);
    await this.sql.query(`create table ${name} ${definition}`);
    return this.table(name);
  }

  /** A table's schema now. */
  async table(name: string): Promise<TableVersion> {
    const found = await this.catalog.findTable('e2e', name, await this.tso(), NEVER);
    if (found === undefined) throw new Error(`no table ${name}`);
    return found;
  }
}

/** A connection to the rig's TiDB. */
export function connect(rig: Rig): Promise<Connection> {
  return mysql.createConnection({
    host: '127.0.0.1',
    port: rig.mysqlPort,
    user: 'root',
    supportBigNumbers: true,
    bigNumberStrings: false,
    dateStrings: true,
  });
}

/** Values as columns of a table's public columns. */
export function columnsOf(table: TableVersion, rows: readonly (readonly Datum[])[]): readonly Column[] {
  const builders: ColumnBuilder[] = table.columns.map((column) => columnBuilderOf(column.type));
  for (const row of rows) row.forEach((datum, i) => appendDatum(builders[i]!, datum));
  return builders.map((builder) => builder.finish());
}

/** Rows of columns as text, NULL as null: what TiDB prints, in UTC. */
export function textRows(
  columns: readonly Column[],
  rows: number,
  types: readonly FieldType[],
): (string | null)[][] {
  return Array.from({ length: rows }, (_, row) =>
    columns.map((column, i) => {
      const datum = cellAt(column, row, types[i]!);
      return datum === null ? null : datumText(datum, types[i]!);
    }),
  );
}

/** As a transaction wants them. */
export function mutationsOf(batch: MutationBatch): Mutation[] {
  return Array.from({ length: batch.count }, (_, i): Mutation => {
    const key = batch.keyAt(i).slice();
    const expected = batch.expectationAt(i);
    const assert = expected === 'unknown' ? {} : { assert: expected === 'present' ? 'exist' : 'notExist' };
    if (batch.kindAt(i) === 'delete') return { kind: 'delete', key, ...assert } as Mutation;
    return { kind: 'put', key, value: batch.valueAt(i).slice(), ...assert } as Mutation;
  });
}

/** All public columns of a table, as a scan wants them. */
export function scanColumnsOf(table: TableVersion): readonly ScanColumn[] {
  return table.columns.map((column) => {
    const datum = originDefaultOf(column);
    const out = new ByteWriter();
    if (datum !== undefined && datum !== null) writeCompact(out, datum, column.type);
    const isHandle = table.handle.kind === 'int' && table.handle.columnId === column.id;
    const base = { id: column.id, type: column.type, isHandle };
    return out.length === 0 ? base : { ...base, originDefault: out.take() };
  });
}
