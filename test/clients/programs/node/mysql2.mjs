// A typical session with mysql2.
import { load, refusal, server, step, viewSteps } from './steps.mjs';

const mysql = load('mysql2/promise');
const pool = mysql.createPool({ ...server, connectionLimit: 3, supportBigNumbers: true, timezone: 'Z' });
const query = async (sql, values) => (await pool.query(sql, values))[0];
const execute = async (sql, values) => (await pool.execute(sql, values))[0];

await step('schema', () =>
  query(`CREATE TABLE things (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE,
    amount DECIMAL(20,4), big BIGINT UNSIGNED, day DATE, at DATETIME(6), duration TIME(3), ratio DOUBLE, flag TINYINT(1),
    data BLOB, doc JSON, kind ENUM('a','b'), bits BIT(9))`),
);
const full = [
  'first',
  '1234567890123456.7891',
  '18446744073709551615',
  '2024-02-29',
  '2024-02-29 12:34:56.789012',
];
const rest = [
  '-12:00:01.5',
  0.1,
  true,
  Buffer.from([0, 255, 39, 92]),
  '{"k": [1, null, "é😀"]}',
  'b',
  Buffer.from([1, 85]),
];
const insert =
  'INSERT INTO things (name,amount,big,day,at,duration,ratio,flag,data,doc,kind,bits) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)';
await step('insert by text', () => query(insert, [...full, ...rest]));
await step('insert prepared', () => execute(insert, ['second', ...full.slice(1), ...rest]));
await step('insert NULL', () => execute('INSERT INTO things (name) VALUES (?)', ['empty']));
await step('insert many', () =>
  query('INSERT INTO things (name, amount) VALUES ?', [
    [
      ['m1', 1.5],
      ['m2', '2.25'],
    ],
  ]),
);
await step('select by text', async () =>
  pool.query('SELECT * FROM things ORDER BY id').then(([rows]) => rows),
);
await step('select prepared', () => execute('SELECT * FROM things WHERE id > ? ORDER BY id', [0]));
await step('columns', async () => {
  const [, fields] = await pool.query('SELECT *, COUNT(*) OVER () AS counted FROM things LIMIT 0');
  return fields.map(({ name, columnType, flags, decimals, columnLength, characterSet, table, schema }) => [
    name,
    columnType,
    flags,
    decimals,
    columnLength,
    characterSet,
    table,
    schema,
  ]);
});
await step('update', () =>
  query("UPDATE things SET ratio = ratio * 2 WHERE name IN ('first', 'second', 'none')"),
);
await step('delete', () => execute('DELETE FROM things WHERE name = ?', ['m2']));
for (const end of ['commit', 'rollback']) {
  await step(`transaction: ${end}`, async () => {
    const connection = await pool.getConnection();
    try {
      await connection.beginTransaction();
      await connection.execute('INSERT INTO things (name, amount) VALUES (?, 7)', [end]);
      const inside = (await connection.query('SELECT name FROM things WHERE amount = 7'))[0];
      const outside = await query('SELECT name FROM things WHERE amount = 7');
      await connection[end]();
      return { inside, outside, after: await query('SELECT name FROM things WHERE amount = 7') };
    } finally {
      connection.release();
    }
  });
}
const wrong = {
  'duplicate key': "INSERT INTO things (name) VALUES ('first')",
  'unknown column': 'SELECT nothing FROM things',
  'unknown table': 'SELECT * FROM nowhere.nothing',
  syntax: 'SELEC 1',
  'too long': `INSERT INTO things (name) VALUES ('${'x'.repeat(51)}')`,
  'NOT NULL': 'INSERT INTO things (name) VALUES (NULL)',
};
for (const [name, sql] of Object.entries(wrong)) {
  await step(`error: ${name}`, () => refusal(() => query(sql)));
  await step(`error, prepared: ${name}`, () => refusal(() => execute(sql)));
}
await step('warnings', async () => {
  const connection = await pool.getConnection();
  try {
    const [{ warningStatus }] = await connection.query("INSERT IGNORE INTO things (name) VALUES ('first')");
    return { warningStatus, warnings: (await connection.query('SHOW WARNINGS'))[0] };
  } finally {
    connection.release();
  }
});
await step('many at once', () =>
  Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      execute('SELECT ? + SLEEP(0) AS n, name FROM things WHERE id = 1', [i]),
    ),
  ),
);
await step('streamed', async () => {
  const connection = await load('mysql2').createConnection(server);
  const names = [];
  for await (const row of connection.query('SELECT name FROM things ORDER BY name').stream())
    names.push(row.name);
  await new Promise((resolve) => connection.end(resolve));
  return names;
});
await step('several statements', async () => {
  const connection = await mysql.createConnection({ ...server, multipleStatements: true });
  const [results] = await connection.query(
    'SELECT 1 AS one; SELECT name FROM things WHERE id = 1; SET @x = 1',
  );
  await connection.end();
  return results;
});
await step('tables', () => query('SHOW FULL TABLES'));
await step('indexes', () =>
  query('SELECT index_name, column_name FROM information_schema.statistics WHERE table_schema = ?', [
    server.database,
  ]),
);
await viewSteps(query, 'things');
await step('end', () => pool.end());
