/**
 * Random tables on the real TiDB: what the codecs make of the stored bytes is what SELECT shows, and what they make of
 * the values is the stored bytes. `SEED=` and `TABLES=` choose another run; a failure names its seed and table.
 */
import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { KvClient } from './kv-client.js';
import { Random } from '../../support/random.js';
import { type RandomTable, addedColumn, definitionOf, randomRow, randomTable } from './random-table.js';
import { type Rig, sharedRig } from './rig-process.js';
import { checkSchema } from './schema-checks.js';
import {
  checkChange,
  checkDeletes,
  checkEntries,
  decodeRecords,
  encodeAll,
  isRecord,
  readPairs,
  selectedRows,
  shownRows,
  storedColumns,
} from './table-checks.js';
import { TidbSession } from './tidb-session.js';

const SEED = Number(process.env['SEED'] ?? '1');
const TABLES = Number(process.env['TABLES'] ?? '40');

/** Statements that choose in which format TiDB writes rows. */
const PLAIN = ['set tidb_row_format_version = 2', 'set global tidb_enable_row_level_checksum = off'];
const FORMATS: readonly (readonly string[])[] = [
  PLAIN,
  PLAIN,
  PLAIN,
  PLAIN,
  ['set tidb_row_format_version = 1'],
  ['set tidb_row_format_version = 2', 'set global tidb_enable_row_level_checksum = on'],
];

describe('codec and catalog on random tables of the real TiDB', function () {
  this.timeout(600_000);
  let rig: Rig;
  let kv: KvClient;
  let session: TidbSession;
  let isNewCollation = true;
  const { signal } = new AbortController();
  const seen = { rows: 0, oldRows: 0, checksums: 0, entries: 0, changes: 0 };

  before(async () => {
    rig = await sharedRig();
    kv = new KvClient(rig);
    session = await TidbSession.open(rig, 'random_tables');
    const [row] = await session.texts(
      "select variable_value from mysql.tidb where variable_name='new_collation_enabled'",
    );
    isNewCollation = row?.[0] === 'True';
  });

  after(async () => {
    await session.close();
    kv.close();
    console.log(`      compared: ${JSON.stringify(seen)}`);
  });

  async function insertSome(random: Random, name: string, table: RandomTable): Promise<void> {
    for (let i = random.int(1, 12); i > 0; i--) {
      const { names, values } = randomRow(random, table);
      await session.tries(`insert ignore into ${name} (${names}) values (${values})`);
    }
  }

  /** A statement that changes some rows. */
  function randomChange(random: Random, name: string, table: RandomTable): string {
    const columns = table.columns.filter(({ generated }) => generated === undefined);
    const { names, values } = randomRow(random, table);
    switch (random.int(0, 3)) {
      case 0:
        return `delete from ${name} limit ${random.int(1, 2)}`;
      case 1:
        return `replace into ${name} (${names}) values (${values})`;
      default: {
        const sets = random
          .sample(columns, random.int(1, 3))
          .map((column) => `${column.name} = ${column.literal(random)}`);
        return `update ignore ${name} set ${sets.join(', ')} limit ${random.int(1, 3)}`;
      }
    }
  }

  async function find(name: string): Promise<TableVersion> {
    // Names are found without regard to case.
    const table = await new Catalog(kv, isNewCollation).findTable(
      'RANDOM_Tables',
      name.toUpperCase(),
      await kv.now(),
      signal,
    );
    if (table === undefined) throw new Error(`the catalog does not find ${name}`);
    return table;
  }

  async function checkTable(name: string, isPartly: boolean): Promise<void> {
    const table = await find(name);
    await checkSchema(session, table, 'random_tables');
    for (const { id, generated } of table.info.columns) {
      if (generated?.isStored === false)
        expect(() => table.rowDecoder([id])).to.throw(SqlError, 'virtual generated');
    }
    const pairs = await readPairs(kv, table, signal);
    const rows = decodeRecords(table, pairs);
    const names = storedColumns(table).map((column) => column.name);
    const selected = selectedRows(await session.select(`select ${names.join(',')} from ${name}`));
    expect(shownRows(table, rows), 'decoded rows').to.deep.equal(selected);

    const compared = (list: ReadonlyMap<string, string>): string[] =>
      [...list].filter(([key]) => !isPartly || !isRecord(key)).map(([key, value]) => `${key} = ${value}`);
    expect(compared(encodeAll(table, rows)), 'encoded pairs').to.deep.equal(compared(pairs));
    checkDeletes(table, rows, pairs);
    seen.rows += rows.count;
    for (const [key, value] of pairs) {
      if (!isRecord(key)) continue;
      if (!value.startsWith('80')) seen.oldRows++;
      else if (/^..0[23]/.test(value)) seen.checksums++;
    }
    seen.entries += checkEntries(table, pairs, selected);
  }

  async function checkChanges(
    random: Random,
    name: string,
    definition: RandomTable,
    isPartly: boolean,
  ): Promise<void> {
    const table = await find(name);
    let before = await readPairs(kv, table, signal);
    for (let i = random.int(0, 4); i > 0; i--) {
      const statement = randomChange(random, name, definition);
      if (!(await session.tries(statement))) continue;
      const after = await readPairs(kv, table, signal);
      checkChange(table, before, after, isPartly);
      before = after;
      seen.changes++;
    }
  }

  it(`agrees with TiDB on ${TABLES} random tables (SEED=${SEED})`, async () => {
    let made = 0;
    for (let i = 0; made < TABLES; i++) {
      const random = new Random(SEED * 1_000_003 + i);
      const name = `t${i}`;
      const table = randomTable(random, name);
      if (!(await session.tries(table.create))) continue;
      made++;
      const format = random.pick(FORMATS);
      for (const statement of format) await session.run(statement);
      await insertSome(random, name, table);
      const isAltered = random.chance(0.4);
      // Only rows in today's plain format, with all columns, are what the encoder makes.
      const isPartly = isAltered || format !== PLAIN;
      const statements = [...format, table.create];
      for (let n = isAltered ? random.int(1, 3) : 0; n > 0; n--) {
        const alter = `alter table ${name} add column ${definitionOf(random, addedColumn(random, `a${n}`))}`;
        if (await session.tries(alter)) statements.push(alter);
      }
      if (isAltered) await insertSome(random, name, table);
      try {
        await checkTable(name, isPartly);
        await checkChanges(random, name, table, isPartly);
        await checkTable(name, isPartly);
      } catch (error) {
        console.error(`SEED=${SEED}, table ${i}: ${statements.join('; ')}`);
        throw error;
      }
      await session.run(`drop table ${name}`);
    }
  });
});
