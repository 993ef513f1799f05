// What the small programs of Node.js share: their libraries, the steps that they print, and the steps with a view.
// A step is a line `name<TAB>passed|failed<TAB>what it gave, as JSON`; test/clients/outcomes.ts reads these lines.
// Usage of each: node PROGRAM.mjs PORT DATABASE [view]
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Gives a library of dist/clients/node, where test/clients/install.sh puts them. */
export const load = createRequire(join(import.meta.dirname, '../../../../dist/clients/node/package.json'));

const [port, database, views] = process.argv.slice(2);

/** Where the server is. */
export const server = { host: '127.0.0.1', port: Number(port), user: 'root', password: '', database };

/** JSON of values as they are: bytes in hexadecimal, instants in ISO's form, big integers with an `n`. */
function printable(key, value) {
  // JSON.stringify calls toJSON of a Date or a Buffer before it asks here.
  const given = this[key];
  if (given instanceof Date) return Number.isNaN(given.getTime()) ? 'no date' : `date ${given.toISOString()}`;
  if (Buffer.isBuffer(given)) return `bytes ${given.toString('hex')}`;
  if (typeof given === 'bigint') return `${given}n`;
  return value === undefined ? 'undefined' : value;
}

/** Does a thing and prints what it gave; a step that throws has failed, and the session goes on. */
export async function step(name, run) {
  let status = 'passed';
  let gave;
  try {
    gave = await run();
  } catch (error) {
    status = 'failed';
    gave = { ...sqlError(error), stack: String(error?.stack).split('\n').slice(0, 4) };
  }
  process.stdout.write(`${name}\t${status}\t${JSON.stringify(gave ?? null, printable)}\n`);
}

/** What a server said of a statement that it must refuse. */
export async function refusal(run) {
  let rows;
  try {
    rows = await run();
  } catch (error) {
    return sqlError(error);
  }
  throw new Error(`nothing was refused: ${JSON.stringify(rows, printable)}`);
}

/** The driver's error within what an ORM makes of it. */
function sqlError(error) {
  let inner = error;
  while (inner.errno === undefined && (inner.driverError ?? inner.parent ?? inner.cause) !== undefined)
    inner = inner.driverError ?? inner.parent ?? inner.cause;
  const { errno, code, sqlState, message } = inner;
  return { type: error.constructor.name, errno, code, sqlState, message };
}

/**
 * Steps that only TiView can do, if the program was told to: a view over `base`, a table with `id` and `amount`.
 *
 * @param query - gives the rows of a statement as objects.
 */
export async function viewSteps(query, base) {
  if (views !== 'view') return;
  const plain = (rows) => rows.map((row) => Object.values(row).map(String));
  const sum = 'count(*) as rows_counted, sum(amount) as total';
  await step('view: create', async () => {
    await query(
      `CREATE MATERIALIZED VIEW totals AS SELECT id % 2 AS odd, ${sum} FROM ${base} GROUP BY id % 2`,
    );
  });
  await step('view: read', async () => {
    const read = plain(await query('SELECT odd, rows_counted, total FROM totals ORDER BY odd'));
    const wanted = plain(await query(`SELECT id % 2 AS odd, ${sum} FROM ${base} GROUP BY id % 2 ORDER BY 1`));
    if (JSON.stringify(read) !== JSON.stringify(wanted) || read.length === 0)
      throw new Error(`the view has ${JSON.stringify(read)}, and not ${JSON.stringify(wanted)}`);
    return read;
  });
  await step('view: write', () => refusal(() => query('DELETE FROM totals')));
  await step('view: drop', async () => {
    await query('DROP MATERIALIZED VIEW totals');
  });
  await step('view: gone', () => refusal(() => query('SELECT * FROM totals')));
}
