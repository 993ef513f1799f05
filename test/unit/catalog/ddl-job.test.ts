import { expect } from 'chai';
import { fromHex, fromUtf8 } from '../../../src/base/bytes.js';
import { JsonObject } from '../../../src/catalog/json-object.js';
import { tableInfoOf } from '../../../src/catalog/table-info.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { cellAt } from '../../../src/codec/cell.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { columnJson, tableJson, tableVersion } from './support/table-json.js';
import { readTrace } from './support/traces.js';

interface Trace {
  readonly messages: readonly {
    readonly events: readonly {
      readonly entries?: {
        readonly entries: readonly { readonly type: string; readonly key: string; readonly value: string }[];
      };
    }[];
  }[];
}

const trace = readTrace('ddl-job') as Trace;
const rows = trace.messages
  .flatMap(({ events }) => events.flatMap((event) => event.entries?.entries ?? []))
  .filter(({ value }) => value.startsWith('08'));

/** mysql.tidb_ddl_job: its rows are written in format v1. */
const jobs = tableVersion(
  tableJson(
    [
      columnJson(0, 'job_id', asPrimaryKey(fieldType('bigint'))),
      columnJson(1, 'reorg', fieldType('int')),
      columnJson(2, 'schema_ids', fieldType('text')),
      columnJson(3, 'table_ids', fieldType('text')),
      columnJson(4, 'job_meta', fieldType('blob')),
      columnJson(5, 'type', fieldType('int')),
      columnJson(6, 'processing', fieldType('int')),
    ],
    { pk_is_handle: true },
  ),
);

describe('rows in format v1', () => {
  const decoder = jobs.rowDecoder([1, 2, 3, 4, 5, 6, 7]);
  const types = jobs.info.columns.map(({ type }) => type);
  for (const { key, value } of rows)
    decoder.append(new ByteSlice(fromHex(key)), new ByteSlice(fromHex(value)));
  const count = decoder.rows;
  const columns = decoder.finish();
  const cell = (row: number, i: number): unknown => {
    const column = columns[i];
    const type = types[i];
    if (column === undefined || type === undefined) throw new Error(`no column ${i}`);
    return cellAt(column, row, type);
  };

  it('decodes the recorded DDL jobs: the handle, integers and text', () => {
    expect(count).to.equal(rows.length).and.to.be.greaterThan(10);
    for (let row = 0; row < count; row++) {
      const job = JSON.parse(fromUtf8(cell(row, 4) as Uint8Array)) as Record<string, unknown>;
      expect(cell(row, 0)).to.equal(BigInt(job['id'] as number));
      expect(cell(row, 5)).to.equal(BigInt(job['type'] as number));
      expect(fromUtf8(cell(row, 3) as Uint8Array)).to.include(String(job['table_id']));
    }
  });

  it('finds in them TableInfos that the catalog understands', () => {
    const names = new Set<string>();
    for (let row = 0; row < count; row++) {
      const job = JsonObject.parse(cell(row, 4) as Uint8Array, 'job');
      const info = job.optionalObject('binlog')?.optionalObject('TableInfo');
      if (info !== undefined) names.add(tableInfoOf(info).name.lower);
    }
    expect([...names]).to.include('dd');
  });

  it('refuses every truncation of them, and stays as it was', () => {
    const { key, value } = rows[0] ?? { key: '', value: '' };
    const bytes = fromHex(value);
    const fresh = jobs.rowDecoder([1, 5, 6]);
    let refused = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        fresh.append(new ByteSlice(fromHex(key)), new ByteSlice(bytes, 0, length));
      } catch (error) {
        expect(error).to.be.instanceOf(CodecError);
        refused++;
      }
    }
    expect(refused).to.be.greaterThan(bytes.length - 20);
    expect(fresh.rows).to.equal(bytes.length - refused);
  });
});
