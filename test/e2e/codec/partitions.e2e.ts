/** Partitioned tables, with local and global indexes, on the real TiDB. */
import { expect } from 'chai';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import { decodeIndexValue } from '../../../src/codec/index-value.js';
import { decodeTableKey, tableRange } from '../../../src/codec/table-keys.js';
import { KvClient } from './kv-client.js';
import { type Rig, sharedRig } from './rig-process.js';
import { checkSchema } from './schema-checks.js';
import {
  decodeRecords,
  encodeAll,
  readPairs,
  selectedRows,
  shownRows,
  storedColumns,
} from './table-checks.js';
import { TidbSession } from './tidb-session.js';

const TABLES = [
  {
    definition: '(id int primary key, a int, s varchar(10), key (a), unique key (s, id))',
    rows: "(1, 5, 'x'), (2, null, 'Y '), (3, 7, null)",
    globalEntries: 0,
  },
  {
    definition:
      '(id int, a int, s varchar(10) collate utf8mb4_general_ci, primary key (s, id) clustered, key (a))',
    rows: "(1, 5, 'x'), (2, null, 'Y '), (3, 7, 'é')",
    globalEntries: 0,
  },
  {
    definition: '(id int, a int, s varchar(10), unique key u (s) global, unique key v (a, id), key (s))',
    rows: "(1, 5, 'x'), (2, null, 'Y '), (3, 7, null)",
    globalEntries: 3,
  },
  {
    definition:
      '(id int, a int, s varchar(10) collate utf8mb4_general_ci, primary key (id, a) clustered, unique key u (s) global)',
    rows: "(1, 5, 'x'), (2, 2, 'Y '), (3, 7, null)",
    globalEntries: 3,
  },
] as const;

describe('partitioned tables on the real TiDB', function () {
  this.timeout(600_000);
  let rig: Rig;
  let kv: KvClient;
  let session: TidbSession;
  const { signal } = new AbortController();

  before(async () => {
    rig = await sharedRig();
    kv = new KvClient(rig);
    session = await TidbSession.open(rig, 'partitioned');
  });

  after(async () => {
    await session.close();
    kv.close();
  });

  for (const [i, { definition, rows, globalEntries }] of TABLES.entries()) {
    it(`decodes and encodes rows and entries of ${definition}`, async () => {
      await session.run(`drop table if exists p${i}`);
      await session.run(`create table p${i} ${definition} partition by hash (id) partitions 3`);
      await session.run(`insert into p${i} (id, a, s) values ${rows}`);
      const table = await new Catalog(kv, true).findTable('partitioned', `p${i}`, await kv.now(), signal);
      if (table === undefined) throw new Error('no table');
      await checkSchema(session, table, 'partitioned');
      expect(table.physicalIds).to.have.length(3);
      const pairs = new Map(await readPairs(kv, table, signal));
      const names = storedColumns(table).map(({ name }) => name);
      const selected = selectedRows(await session.select(`select ${names.join()} from p${i}`));
      expect(shownRows(table, decodeRecords(table, pairs))).to.deep.equal(selected);

      const encoded = new Map<string, string>();
      for (const physicalId of table.physicalIds) {
        const own = new Map(
          [...pairs].filter(([key]) => decodeTableKey(fromHex(key)).tableId === physicalId),
        );
        for (const [key, value] of encodeAll(table, decodeRecords(table, own), physicalId))
          encoded.set(key, value);
      }
      // Entries of global indexes are under the table's own id, and name the partition of their row.
      let global = 0;
      const { start, end } = tableRange(table.id);
      for await (const { key, value } of kv.scan(start, end, await kv.now(), signal)) {
        expect(table.physicalIds).to.include(Number(decodeIndexValue(value).partitionId));
        pairs.set(toHex(key), toHex(value));
        global++;
      }
      expect(global).to.equal(globalEntries);
      const lines = (map: ReadonlyMap<string, string>): string[] =>
        [...map].map((pair) => pair.join(' = ')).sort();
      expect(lines(encoded)).to.deep.equal(lines(pairs));
    });
  }
});
