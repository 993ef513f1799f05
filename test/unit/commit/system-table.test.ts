import { expect } from 'chai';
import { compareBytes } from '../../../src/base/bytes.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import { type BuildRecord, buildOfRecord, buildToRecord } from '../../../src/commit/build-record.js';
import { FrontierRecord } from '../../../src/commit/frontier.js';
import { type SystemRecord, SystemTable, numberIn, textIn } from '../../../src/commit/system-table.js';
import { registryTable, registryTables } from '../../support/registry.js';
import { columnJson, indexJson, tableJson, tableVersion } from '../catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';

const MAX = 0xffff_ffff_ffff_ffffn;

const RECORDS: Readonly<Record<string, SystemRecord>> = {
  meta: { name: 'format_version', value: '1' },
  frontier: {
    ...{ group_id: 0n, epoch: MAX, applied_ts: 450_000_000_000_000_000n, term: 7n },
    ...{ owner: 'höst-1', start_ts: 1n },
  },
  epochs: { group_id: 0n, epoch: 12n, applied_ts: 13n, commit_ts: MAX },
  builds: {
    ...{ id: 5n, attempt: 1n, term: 2n, phase: 'scan', table_id: 99n, table_name: 'build_5_1' },
    ...{ snapshot_ts: 4n, applied_ts: 0n, rows_written: 3n },
  },
  members: {
    ...{ id: 'host-x', address: '', status_address: '127.0.0.1:1', host: 'h', version: '0.1.0' },
    heartbeat: 3n,
  },
  requests: { id: 1n, member: 'm', request: '{"kind":"drop"}', answer: null },
};

describe('system tables', () => {
  const tables = registryTables();

  for (const [name, record] of Object.entries(RECORDS)) {
    it(`gives rows of ${name} back as they were written`, () => {
      const table = tables[name as keyof typeof tables];
      const { key, value } = table.encode(record);
      expect(table.decode(key, value)).to.deep.equal(record);
      expect(table.keyOf(record)).to.deep.equal(key);
      const { start, end } = table.range;
      expect(compareBytes(start, key) < 0 && compareBytes(key, end) < 0).to.equal(true);
    });
  }

  it('takes a column that is left out for NULL', () => {
    const { key, value } = tables.requests.encode({ id: 1n, member: 'm', request: 'r' });
    expect(tables.requests.decode(key, value)['answer']).to.equal(null);
  });

  it('leaves columns that a newer version has added in peace', () => {
    const newer = columnJson(2, 'more', fieldType('varchar(10)'));
    const [name, value] = ['name', 'value'].map((text, place) => {
      const type = fieldType('varchar(64) not null');
      return columnJson(place, text, place === 0 ? asPrimaryKey(type) : type);
    });
    const primary = indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true });
    const json = tableJson([name!, value!, newer], {
      ...{ is_common_handle: true, common_handle_version: 1, index_info: [primary] },
    });
    const table = new SystemTable(tableVersion(json));
    const pair = table.encode({ name: 'a', value: 'b' });
    expect(table.decode(pair.key, pair.value)).to.deep.equal({ name: 'a', value: 'b', more: null });
  });

  it('refuses a table with a secondary index: nobody would maintain it', () => {
    const json = tableJson([columnJson(0, 'id', asPrimaryKey(fieldType('int')))], {
      pk_is_handle: true,
      index_info: [indexJson(1, 'i', [0])],
    });
    expect(() => new SystemTable(tableVersion(json))).to.throw('secondary index');
  });

  it('asks for numbers and texts where they must be', () => {
    const record: SystemRecord = { n: 1n, t: 'x', none: null };
    expect([numberIn(record, 'n'), textIn(record, 't')]).to.deep.equal([1n, 'x']);
    expect(() => numberIn(record, 't')).to.throw('t is x, not a number');
    expect(() => textIn(record, 'none')).to.throw('none is null, not a text');
  });
});

describe('frontier record', () => {
  it('is read as it was written', () => {
    const record = new FrontierRecord(new SystemTable(registryTable('frontier')));
    const frontier = { epoch: 3n, appliedTs: ts(9n), term: MAX, owner: 'me', startTs: ts(11n) };
    expect(record.decode(record.encode(frontier))).to.deep.equal(frontier);
  });
});

describe('build record', () => {
  const build: BuildRecord = {
    ...{ viewId: 450n, attempt: 2n, term: 3n, phase: 'catchUp', tableId: 120, tableName: 'build_450_2' },
    ...{ snapshotTs: 5n as Ts, appliedTs: 6n as Ts, rowsWritten: 7n },
  };

  it('is read as it was written, in every phase', () => {
    for (const phase of ['scan', 'catchUp', 'merged'] as const) {
      expect(buildOfRecord(buildToRecord({ ...build, phase }))).to.deep.equal({ ...build, phase });
    }
  });

  it('begins from the start when a newer version has written a phase of its own', () => {
    expect(buildOfRecord({ ...buildToRecord(build), phase: 'verifying' }).phase).to.equal('scan');
  });
});
