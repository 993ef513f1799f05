import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import { fromHex } from '../../../src/base/bytes.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { datumText } from '../../../src/codec/datum-text.js';
import { decodeIndexEntry } from '../../../src/codec/index-entry.js';
import { decodeTableKey } from '../../../src/codec/table-keys.js';
import { allColumnIds, decodeRows, encodeRows, textRows } from './support/rows.js';
import { ciName, tableVersion } from './support/table-json.js';
import { type RecordedPair, readTrace } from './support/traces.js';

interface RecordedTable {
  readonly name: string;
  readonly table_id: number;
  readonly columns: readonly {
    readonly id: number;
    readonly name: string;
    readonly type: Record<string, unknown>;
  }[];
  readonly indexes: readonly {
    readonly id: number;
    readonly name: string;
    readonly unique: boolean;
    readonly primary: boolean;
    readonly columns: readonly { readonly name: string; readonly length: number }[];
  }[];
  readonly pk_is_handle: boolean;
  readonly is_common_handle: boolean;
  readonly common_handle_version: number;
  readonly pairs: readonly RecordedPair[];
}

const { tables } = readTrace('stored-bytes') as { readonly tables: readonly RecordedTable[] };

function recorded(name: string): RecordedTable {
  const table = tables.find((candidate) => candidate.name === name);
  if (table === undefined) throw new Error(`no table ${name} in the trace`);
  return table;
}

/** The table, with only those indexes that `keeps` says. */
function versionOf(table: RecordedTable, keeps: (indexName: string) => boolean = () => true): TableVersion {
  const offsetOf = (name: string): number => table.columns.findIndex((column) => column.name === name);
  return tableVersion({
    id: table.table_id,
    name: ciName(table.name),
    state: 5,
    pk_is_handle: table.pk_is_handle,
    is_common_handle: table.is_common_handle,
    common_handle_version: table.common_handle_version,
    cols: table.columns.map(({ id, name, type }, offset) => ({
      id,
      name: ciName(name),
      offset,
      type,
      state: 5,
    })),
    index_info: table.indexes
      .filter((index) => keeps(index.name))
      .map(({ id, name, unique, primary, columns }) => ({
        id,
        idx_name: ciName(name),
        is_unique: unique,
        is_primary: primary,
        state: 5,
        idx_cols: columns.map((column) => ({
          name: ciName(column.name),
          offset: offsetOf(column.name),
          length: column.length,
        })),
      })),
  });
}

/** What the recorded INSERT statements put in, in the order of the record keys. */
const CONTENT: Readonly<Record<string, readonly (readonly (string | null)[])[]>> = {
  'int pk': [
    ['-3', '-7', 'x', '-2.25', '1999-01-01 00:00:00.000'],
    ['1', '5', 'Abc ', '1.50', '2024-02-29 12:00:00.500'],
    ['2', null, null, null, null],
  ],
  'int pk, ci collations': [
    ['1', 'Zürich ', 'Straße', 'Ångström', 'ab'],
    ['2', '', '', '', ''],
  ],
  'common handle': [
    ['Key', '1', '1.500', 'u'],
    ['other ', '-2', null, null],
  ],
  rowid: [
    ['1', 'x'],
    [null, null],
  ],
  'nonclustered string pk': [
    ['p', '1'],
    ['q ', '2'],
  ],
  'unsigned and bit and enum and year and time keys': [
    [
      '18446744073709551615',
      'b',
      'x,y',
      '\u0001\u0001',
      '2024',
      '-01:02:03.50',
      '-1.5',
      '18446744073709551615',
      '2024-01-01 00:00:00',
    ],
    ['1', 'a', '', '\u0000\u0000', '1901', '00:00:00.00', '0', '0', null],
  ],
};

/** Indexes whose collation is not supported yet. */
const UNSUPPORTED = ['k2', 'k3'];

describe('codec and catalog against stored bytes of a real cluster', () => {
  it('knows what every recorded table holds', () => {
    expect(tables.map(({ name }) => name)).to.have.members(Object.keys(CONTENT));
  });

  for (const table of tables) {
    const isSupported = (name: string): boolean =>
      table.name !== 'int pk, ci collations' || !UNSUPPORTED.includes(name);

    it(`decodes the rows of '${table.name}' to what was inserted`, () => {
      const version = versionOf(table);
      expect(textRows(version, decodeRows(version, table.pairs))).to.deep.equal(CONTENT[table.name]);
    });

    it(`encodes the rows of '${table.name}' to the same pairs, index entries included`, () => {
      const version = versionOf(table, isSupported);
      const ids = new Set(version.info.indexes.map(({ id }) => id));
      const expected = table.pairs.filter(({ key }) => {
        const parsed = decodeTableKey(fromHex(key));
        return parsed.kind === 'record' || ids.has(parsed.indexId);
      });
      expect(expected.length).to.be.greaterThan(1);
      expect(encodeRows(version, decodeRows(version, table.pairs))).to.deep.equal(expected);
    });

    it(`decodes the index entries of '${table.name}' to values and handles of its rows`, () => {
      const version = versionOf(table);
      const rows = decodeRows(version, table.pairs);
      const shown = textRows(version, rows);
      const handles = table.pairs
        .map(({ key }) => decodeTableKey(fromHex(key)))
        .filter((key) => key.kind === 'record');
      for (const { key, value } of table.pairs) {
        const parsed = decodeTableKey(fromHex(key));
        if (parsed.kind === 'record') continue;
        const index = version.info.indexes.find(({ id }) => id === parsed.indexId);
        const columns = (index?.columns ?? []).flatMap(({ offset, prefixLength }) => {
          const column = version.info.columns[offset];
          return column === undefined ? [] : { id: column.id, type: column.type, prefixLength };
        });
        const layout = { columns, isCommonHandle: version.info.isCommonHandle, isNewCollation: true };
        const entry = decodeIndexEntry(fromHex(key), fromHex(value), layout);
        const row = handles.findIndex(({ handle }) => Buffer.from(handle).equals(entry.handle));
        expect(row, key).to.be.at.least(0);
        const values = columns.map(({ type }, i) => datumText(entry.values[i] ?? null, type));
        const expected = (index?.columns ?? []).map(({ offset, prefixLength }) => {
          const whole = shown[row]?.[offset] ?? 'NULL';
          return prefixLength < 0 ? whole : Array.from(whole).slice(0, prefixLength).join('');
        });
        expect(values, key).to.deep.equal(expected);
      }
    });
  }

  it('refuses to write an index whose collation it does not know, by name', () => {
    const version = versionOf(recorded('int pk, ci collations'), (name) => name === 'k3');
    expect(() => new RowEncoder(version, allColumnIds(version)))
      .to.throw(SqlError, 'utf8mb4_0900_ai_ci')
      .with.property('errno', 1235);
  });
});
