/** A fixed session with mysql2: returns everything it gets, as text. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import mysql from 'mysql2';
import type { Connection, ConnectionOptions } from 'mysql2/promise';

/** @param directory - where rows.tsv lies. */
export async function mysql2Session(options: ConnectionOptions, directory: string): Promise<string> {
  const lines: string[] = [];
  const connection = await open(options);
  const run = async (method: 'query' | 'execute', sql: string, values: unknown[] = []): Promise<void> => {
    lines.push(`${method} ${shorten(sql)}`);
    try {
      const infileStreamFactory = (path: string): Readable => createReadStream(path);
      const options = { sql, values: values as string[], rowsAsArray: true, infileStreamFactory };
      const [rows, fields] = await (method === 'query'
        ? connection.query(options)
        : connection.execute(options));
      lines.push(JSON.stringify(fields, describeFields), shorten(JSON.stringify(rows, printable)));
    } catch (error) {
      const { errno, sqlState, message } = error as { errno?: number; sqlState?: string; message: string };
      lines.push(`error ${String(errno)} ${String(sqlState)} ${message}`);
    }
  };
  await run('query', "SELECT 1, NULL, 'é', 1.5, x'00ff'");
  await run('query', 'CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), b LONGBLOB)');
  await run('query', "INSERT INTO t (v) VALUES ('a'), ('b')");
  await run('query', 'SELECT * FROM types ORDER BY id');
  await run('query', 'SELECT nonsense');
  await run('query', "SELECT 1; SELECT 2; INSERT INTO t (v) VALUES ('m'); SELECT v FROM t WHERE id = 3");
  await run('query', 'SELECT 1; SELECT nonsense; SELECT 3');
  await run('execute', 'INSERT INTO t (v) VALUES (?), (?)', ['p\'"\\', null]);
  await run('execute', 'SELECT * FROM types WHERE id >= ? ORDER BY id', [0]);
  await run('execute', 'SELECT * FROM types WHERE id >= ? ORDER BY id', [1]);
  await run('execute', 'SELECT nonsense FROM t WHERE id = ?', [1]);
  await run('execute', 'SET @x = ?', ['y']);
  connection.unprepare('SELECT * FROM types WHERE id >= ? ORDER BY id');
  await connection.beginTransaction();
  await run('query', "UPDATE t SET v = 'changed' WHERE id = 1");
  await connection.rollback();
  await run('query', 'SELECT v FROM t WHERE id = 1');
  await run('query', `LOAD DATA LOCAL INFILE '${join(directory, 'rows.tsv')}' INTO TABLE loaded`);
  await run('query', 'SELECT COUNT(*), SUM(id), MAX(v) FROM loaded');
  await run('query', `LOAD DATA LOCAL INFILE '${join(directory, 'empty.tsv')}' INTO TABLE loaded`);
  for (const length of [16777215 - 9, 16777215, 2 * 16777215]) {
    await run('execute', 'SELECT LENGTH(?)', ['x'.repeat(length)]);
    await run('query', `SELECT REPEAT('y', ${length})`);
  }
  await run('query', 'SELECT LENGTH(?)', ['x'.repeat(17 * 1024 * 1024)]);
  // Pipelined: mysql2 sends the next command when the last one is answered, so these go through its own queue.
  await Promise.all([run('query', 'SELECT 1'), run('query', 'SELECT nonsense'), run('query', 'SELECT 2')]);
  await connection.ping();
  await connection.changeUser({
    user: options.user ?? 'root',
    password: options.password ?? '',
    database: 'clients',
  });
  await run('query', 'SELECT DATABASE(), @x');
  await connection.end();
  return lines.join('\n');
}

async function open(options: ConnectionOptions): Promise<Connection> {
  const connection = mysql.createConnection({
    ...options,
    database: 'clients',
    multipleStatements: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === null ? resolve() : reject(error)));
  });
  return connection.promise();
}

/** A column's description without the buffer it is read from, which holds whatever came in the same chunk. */
function describeFields(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('columnType' in value)) return value;
  const { name, columnType, flags, decimals, columnLength, characterSet } = value as Record<string, unknown>;
  return [name, columnType, flags, decimals, columnLength, characterSet];
}

function printable(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? shorten(value) : value;
}

function shorten(text: string): string {
  return text.length > 20_000 ? `${text.length}: ${text.slice(0, 10)}…${text.slice(-10)}` : text;
}
