import { expect } from 'chai';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { printQuery } from '../../../src/sql/parse/print-select.js';
import { parseSelect } from '../../../src/sql/parse/select-parser.js';
import { CORPUS, CORPUS_TABLES } from './select-corpus.js';
import { startLocalRig, type LocalRig } from './local-rig.js';

/** A query without its places in the text. */
function shape(text: string): string {
  return JSON.stringify(parseSelect(text), (key, value: unknown) =>
    key === 'span' ? undefined : typeof value === 'bigint' ? `${value}` : value,
  );
}

describe('plan/canonical text against TiDB', function () {
  this.timeout(120_000);
  let rig: LocalRig;
  let connection: Connection;

  before(async () => {
    rig = await startLocalRig();
    connection = await rig.connect('test');
    for (const sql of CORPUS_TABLES) await connection.query(sql);
  });

  after(async () => {
    await connection.end();
    await rig.stop();
  });

  /** Makes `select` a view and gives back what TiDB stores. */
  async function canonical(view: string, select: string): Promise<string> {
    await connection.query(`create or replace view ${view} as ${select}`);
    const [rows] = await connection.query<RowDataPacket[]>(
      "select view_definition from information_schema.views where table_schema = 'test' and table_name = ?",
      [view],
    );
    return String((rows[0] as unknown as readonly string[])[0]);
  }

  async function explain(view: string): Promise<string> {
    const [rows] = await connection.query<RowDataPacket[]>(`explain format = 'brief' select * from ${view}`);
    return rows.map((row) => (row as unknown as readonly string[]).join(' | ')).join('\n');
  }

  for (const select of CORPUS) {
    it(`reads and prints ${select.slice(0, 80)}`, async () => {
      const original = await canonical('v', select);
      const printed = printQuery(parseSelect(original));
      expect(shape(printed), 'print, then parse').equal(shape(original));
      const again = await canonical('w', printed);
      expect(shape(again), 'the tree that TiDB makes of what we print').equal(shape(original));
      expect(await explain('w'), 'the plan').equal(await explain('v'));
    });
  }
});
