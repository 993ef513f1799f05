/** What the proxy's tests against a real TiDB share: proxies that report crashes, a schema, files. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import { silent } from '../../../src/base/telemetry.js';
import { Proxy, type ProxyOptions } from '../../../src/proxy/proxy.js';
import type { Tidb } from './tidb.js';

/** A proxy for a test; what crashes in the background is in `crashes`. */
export interface TestProxy {
  readonly proxy: Proxy;
  readonly port: number;
  readonly crashes: unknown[];
  stop(timeoutMs?: number): Promise<void>;
}

export async function startProxy(
  backends: readonly string[],
  options: Partial<ProxyOptions> = {},
): Promise<TestProxy> {
  const crashes: unknown[] = [];
  const runtime = systemRuntime((task, error) => crashes.push({ task, error }));
  const listen = { host: '127.0.0.1', port: 0 };
  const proxy = await Proxy.start({ runtime, telemetry: silent, listen, backends, ...options });
  return {
    proxy,
    port: proxy.address.port,
    crashes,
    stop: async (timeoutMs = 2_000) => {
      await proxy.drain(timeoutMs, new AbortController().signal);
      if (crashes.length > 0) throw new AggregateError(crashes, 'the proxy crashed in the background');
    },
  };
}

/** A control connection of a test, straight to TiDB. */
export async function connectTo(port: number, more: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
  return mysql.createConnection({ host: '127.0.0.1', port, user: 'root', ...more });
}

/** Makes the schema `clients` anew: what the clients' sessions find. */
export async function resetSchema({
  host = '127.0.0.1',
  port,
}: Pick<Tidb, 'port'> & Partial<Tidb>): Promise<void> {
  const connection = await connectTo(port, { host, multipleStatements: true });
  await connection.query(`
    DROP DATABASE IF EXISTS clients; CREATE DATABASE clients; USE clients;
    CREATE TABLE loaded (id INT PRIMARY KEY, v VARCHAR(100));
    CREATE TABLE loaded2 LIKE loaded;
    CREATE TABLE types (id INT PRIMARY KEY, t TINYINT, ut TINYINT UNSIGNED, s SMALLINT, us SMALLINT UNSIGNED,
      m MEDIUMINT, um MEDIUMINT UNSIGNED, i INT, ui INT UNSIGNED, b BIGINT, ub BIGINT UNSIGNED, f FLOAT, d DOUBLE,
      n DECIMAL(30,10), y YEAR, dt DATE, ts TIMESTAMP(6) NULL, dtm DATETIME(3), tm TIME(2), c CHAR(10),
      v VARCHAR(100), bi BINARY(5), vb VARBINARY(20), tx TEXT, bl BLOB, lt LONGTEXT, e ENUM('x','y'), st SET('p','q'),
      j JSON, bt BIT(12), ci VARCHAR(20) COLLATE utf8mb4_general_ci, l1 VARCHAR(20) CHARACTER SET latin1);
    SET time_zone = '+00:00';
    INSERT INTO types VALUES
      (0, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, -9223372036854775808,
       18446744073709551615, 1.5, -2.25e100, -12345678901234567890.0123456789, 2024, '2024-02-29',
       '2024-02-29 12:34:56.789012', '2024-02-29 00:00:00.5', '-838:59:59.00', 'c', 'vé😀', x'0001', x'ff00fe',
       'text', x'fb', REPEAT('long', 1000), 'y', 'p,q', '{"a": [1, null, "é"]}', b'101010101010', 'ÀÉ', 'é'),
      (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
      (2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '1970-01-01', '1970-01-02 00:00:00', '1000-01-01', '00:00:00',
       '', '', '', '', '', '', '', 'x', '', 'null', 0, '', '')`);
  await connection.query('INSERT INTO loaded VALUES ?', [
    Array.from({ length: 50 }, (_, i) => [i + 100_000, `row ${i}`]),
  ]);
  await connection.end();
}

/** A folder with files for LOAD DATA LOCAL. */
export function makeFiles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tiview-clients-'));
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i}\tvalue ${'v'.repeat(i % 50)}\n`).join('');
  writeFileSync(join(folder, 'rows.tsv'), rows);
  writeFileSync(join(folder, 'empty.tsv'), '');
  return folder;
}
