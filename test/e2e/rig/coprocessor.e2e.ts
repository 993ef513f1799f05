import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import { concatBytes, toHex } from '../../../src/base/bytes.js';
import { type Rig, startRig } from '../../support/rig.js';
import { decode, encode, type Region, TestClient } from './client.js';
import { connect, TestTable } from './table.js';

/** MySQL's type numbers. */
const LONG = 3;
const BLOB = 252;

describe('rig: the coprocessor', function () {
  this.timeout(60_000);
  let rig: Rig;
  let client: TestClient;
  let sql: Connection;
  let table: TestTable;
  let region: Region;

  before(async () => {
    rig = await startRig();
    client = new TestClient(rig);
    sql = await connect(rig);
    table = await TestTable.create(sql, client);
    await sql.query(`insert into ${table.name} values (1, 'x'), (2, 'y'), (3, 'z')`);
    region = await table.settled(client);
  });
  after(async () => {
    client.close();
    await sql.end();
    await rig.stop();
  });

  /** The scanned rows of a range, as the bytes of TypeDefault. */
  async function scan(
    start: Uint8Array,
    end: Uint8Array,
    primaryColumnIds: readonly bigint[] = [],
  ): Promise<string> {
    const columns = [
      { columnId: 1n, tp: LONG, flag: 2, collation: 63, columnLen: 11, pkHandle: true },
      { columnId: 2n, tp: BLOB, flag: 0, collation: 46, columnLen: -1 },
    ];
    const plan = {
      executors: [{ tp: 0, tblScan: { tableId: BigInt(table.id), columns, primaryColumnIds } }],
      outputOffsets: [0, 1],
      encodeType: 0,
      timeZoneName: 'UTC',
      flags: 0n,
    };
    const data = encode('DagRequest', plan);
    const fields = { tp: 103n, data, startTs: await rig.tso(), ranges: [{ start, end }] };
    const reply = await client.kv('Coprocessor', region, fields);
    expect(reply.regionError).to.equal(null);
    expect(reply.otherError).to.equal('');
    expect(reply.execDetailsV2?.timeDetailV2).not.to.equal(null);
    const { chunks } = decode('SelectResponse', reply.data) as {
      chunks: readonly { rowsData: Uint8Array }[];
    };
    return toHex(concatBytes(...chunks.map((chunk) => chunk.rowsData)));
  }

  it('scans a table', async () => {
    const rows = await scan(concatBytes(table.start, Buffer.of(0)), table.end);
    expect(rows.match(/0202(7[89a])/g)).to.deep.equal(['020278', '020279', '02027a']);
  });

  it('§12.11: takes [t_r, t_s) for a point, which finds nothing', async () => {
    expect(await scan(table.start, table.end)).to.equal('');
  });

  it('reads the point of a row', async () => {
    expect(await scan(table.key(2), table.key(3)))
      .to.contain('020279')
      .and.not.contain('02027a');
  });

  it('takes no range of a table with a common handle for a point', async () => {
    expect(await scan(table.start, table.end, [1n]))
      .to.contain('020278')
      .and.contain('02027a');
  });
});
