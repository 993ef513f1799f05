import { expect } from 'chai';
import { fromHex } from '../../../src/base/bytes.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { cellAt } from '../../../src/codec/cell.js';
import { datumBytes } from '../../../src/codec/datum-text.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { encodeRows } from './support/rows.js';
import { columnJson, tableJson, tableVersion } from './support/table-json.js';
import { readTrace } from './support/traces.js';

interface Trace {
  readonly table: { readonly id: number; readonly create: string };
  readonly messages: readonly {
    readonly events: readonly {
      readonly entries?: {
        readonly entries: readonly {
          readonly type: string;
          readonly op_type: string;
          readonly key: string;
          readonly value: string;
        }[];
      };
    }[];
  }[];
  readonly snapshots: readonly { readonly rows: readonly Readonly<Record<string, string | null>>[] }[];
}

const trace = readTrace('all-types') as Trace;

/** The column definitions of SHOW CREATE TABLE. */
const definitions = [...trace.table.create.matchAll(/^ {2}`(\w+)` (.+?),?$/gm)].map((match) => ({
  name: match[1] ?? '',
  sql: (match[2] ?? '').replace('CHARACTER SET latin1 ', ''),
}));

const table = tableVersion(
  tableJson(
    definitions.map(({ name, sql }, i) =>
      columnJson(i, name, name === 'id' ? asPrimaryKey(fieldType(sql)) : fieldType(sql)),
    ),
    { id: trace.table.id, pk_is_handle: true },
  ),
);

const puts = trace.messages
  .flatMap(({ events }) => events.flatMap((event) => event.entries?.entries ?? []))
  .filter((entry) => entry.type === 'COMMITTED' && entry.op_type === 'PUT');

/** As the trace writes values: strings of bytes in hexadecimal, everything else as text. */
function recordedForm(bytes: Uint8Array, charset: string, isBlob: boolean): string {
  const buffer = Buffer.from(bytes);
  return charset === 'binary' || isBlob ? `hex:${buffer.toString('hex')}` : buffer.toString('utf8');
}

const SHOWN_IN_HEX = new Set(['tx', 'bn', 'vb', 'bl', 'bt']);

describe('codec and catalog against rows of every type from a real cluster', () => {
  it('has all columns of the recorded table', () => {
    expect(definitions).to.have.length(29);
  });

  it('decodes the recorded rows to what SELECT showed', () => {
    const ids = table.info.columns.map(({ id }) => id);
    const decoder = table.rowDecoder(ids);
    const latest = new Map(puts.map((put) => [put.key, put.value]));
    const shown = new Map<string, Record<string, string | null>>();
    for (const [key, value] of latest) {
      decoder.append(new ByteSlice(fromHex(key)), new ByteSlice(fromHex(value)));
      const columns = decoder.finish();
      const row: Record<string, string | null> = {};
      table.info.columns.forEach(({ name, type }, i) => {
        const column = columns[i];
        const bytes = column === undefined ? null : datumBytes(cellAt(column, 0, type), type);
        const isHex = SHOWN_IN_HEX.has(name.lower);
        row[name.lower] = bytes === null ? null : recordedForm(bytes, isHex ? 'binary' : '', isHex);
      });
      shown.set(row['id'] ?? '', row);
    }
    const expected = trace.snapshots.at(-1)?.rows ?? [];
    expect(expected).to.have.length(3);
    for (const row of expected) expect(shown.get(row['id'] ?? '')).to.deep.equal(row);
  });

  it('encodes the recorded rows to the same bytes', () => {
    const ids = table.info.columns.map(({ id }) => id);
    for (const { key, value } of puts) {
      const decoder = table.rowDecoder(ids);
      decoder.append(new ByteSlice(fromHex(key)), new ByteSlice(fromHex(value)));
      expect(encodeRows(table, { columns: decoder.finish(), rows: 1 })).to.deep.equal([{ key, value }]);
    }
  });
});
