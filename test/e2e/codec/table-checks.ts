/** Checks of one table's stored pairs against what TiDB shows, and against what the encoder makes. */
import { expect } from 'chai';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { cellAt, sameDatum } from '../../../src/codec/cell.js';
import type { Column } from '../../../src/codec/column.js';
import { datumBytes } from '../../../src/codec/datum-text.js';
import { FieldFlag, type FieldType, MysqlType } from '../../../src/codec/field-type.js';
import { decodeIndexEntry } from '../../../src/codec/index-entry.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import { ROWID_COLUMN, decodeTableKey, tableRange } from '../../../src/codec/table-keys.js';
import type { KvClient } from './kv-client.js';
import type { ByteRows } from './tidb-session.js';

/** The pairs of a table, key to value, in hexadecimal, ascending. */
export type Pairs = ReadonlyMap<string, string>;

/** A column of a table that its rows hold or its handle tells, or the row id. */
export interface StoredColumn {
  readonly id: number;
  readonly name: string;
  readonly type: FieldType;
}

const ROWID: StoredColumn = {
  id: ROWID_COLUMN,
  name: '_tidb_rowid',
  type: {
    tp: MysqlType.longlong,
    flag: FieldFlag.notNull,
    flen: 20,
    decimal: 0,
    charset: '',
    collate: '',
    elems: [],
  },
};

/** All stored columns of a table. */
export function storedColumns(table: TableVersion): StoredColumn[] {
  const columns = table.info.columns
    .filter(({ generated }) => generated?.isStored !== false)
    .map(({ id, name, type }) => ({ id, name: name.original, type }));
  return table.handle.kind === 'rowid' ? [...columns, ROWID] : columns;
}

/** Reads all pairs of a table. */
export async function readPairs(kv: KvClient, table: TableVersion, signal: AbortSignal): Promise<Pairs> {
  const pairs = new Map<string, string>();
  const at = await kv.now();
  for (const id of table.physicalIds) {
    const { start, end } = tableRange(id);
    for await (const { key, value } of kv.scan(start, end, at, signal)) pairs.set(toHex(key), toHex(value));
  }
  return pairs;
}

export function isRecord(key: string): boolean {
  return decodeTableKey(fromHex(key)).kind === 'record';
}

/** Decoded rows. */
export interface Rows {
  readonly columns: readonly Column[];
  readonly count: number;
}

/** Decodes the record pairs. */
export function decodeRecords(table: TableVersion, pairs: Pairs): Rows {
  const decoder = table.rowDecoder(storedColumns(table).map(({ id }) => id));
  for (const [key, value] of pairs) {
    if (isRecord(key)) decoder.append(new ByteSlice(fromHex(key)), new ByteSlice(fromHex(value)));
  }
  return { count: decoder.rows, columns: decoder.finish() };
}

/** Rows as a text result has them, in hexadecimal, sorted. */
export function shownRows(table: TableVersion, rows: Rows): string[] {
  const types = storedColumns(table).map(({ type }) => type);
  const lines = Array.from({ length: rows.count }, (_, row) =>
    types.map((type, i) => {
      const column = rows.columns[i];
      const bytes = column === undefined ? null : datumBytes(cellAt(column, row, type), type);
      return bytes === null ? 'NULL' : toHex(bytes);
    }),
  );
  return lines.map((line) => line.join()).sort();
}

/** A result in the form of {@link shownRows}. */
export function selectedRows(rows: ByteRows): string[] {
  return rows.map((row) => row.map((value) => value?.toString('hex') ?? 'NULL').join()).sort();
}

/** What the encoder makes of rows, as pairs. */
export function encodeAll(table: TableVersion, rows: Rows, physicalId = table.id): Pairs {
  const batch = new MutationBatch();
  const encoder = encoderOf(table, physicalId);
  for (let row = 0; row < rows.count; row++) encoder.put(rows.columns, row, batch);
  const pairs = new Map<string, string>();
  const sorted = batch.consolidated();
  for (let i = 0; i < sorted.count; i++) pairs.set(toHex(sorted.keyAt(i)), toHex(sorted.valueAt(i)));
  return pairs;
}

function encoderOf(table: TableVersion, physicalId = table.id): RowEncoder {
  return new RowEncoder(
    table,
    storedColumns(table).map(({ id }) => id),
    physicalId,
  );
}

/** Checks that deleting all rows deletes all pairs. */
export function checkDeletes(table: TableVersion, rows: Rows, pairs: Pairs): void {
  const batch = new MutationBatch();
  const encoder = encoderOf(table);
  for (let row = 0; row < rows.count; row++) encoder.delete(rows.columns, row, batch);
  const sorted = batch.consolidated();
  const keys = Array.from({ length: sorted.count }, (_, i) => toHex(sorted.keyAt(i)));
  expect(keys, 'deleted keys').to.deep.equal([...pairs.keys()]);
}

/** Checks that each index entry decodes to values of a row. */
export function checkEntries(table: TableVersion, pairs: Pairs, rows: readonly string[]): number {
  const names = storedColumns(table).map(({ name }) => name);
  const shown = rows.map((row) => row.split(','));
  let entries = 0;
  for (const [key, value] of pairs) {
    const parsed = decodeTableKey(fromHex(key));
    if (parsed.kind === 'record') continue;
    entries++;
    const index = table.info.indexes.find(({ id }) => id === parsed.indexId);
    const columns = (index?.columns ?? []).flatMap(({ offset, prefixLength }) => {
      const column = table.info.columns[offset];
      return column === undefined ? [] : { ...column, prefixLength };
    });
    const layout = {
      columns,
      isCommonHandle: table.info.isCommonHandle,
      isNewCollation: table.isNewCollation,
    };
    const entry = decodeIndexEntry(fromHex(key), fromHex(value), layout);
    const values = columns.map(({ type }, i) => {
      const bytes = datumBytes(entry.values[i] ?? null, type);
      return bytes === null ? 'NULL' : toHex(bytes);
    });
    const isOf = (row: readonly string[]): boolean =>
      columns.every(({ name, prefixLength }, i) => {
        const whole = row[names.indexOf(name.original)] ?? '';
        return prefixLength < 0 ? whole === values[i] : whole.startsWith(values[i] ?? '?');
      });
    expect(shown.some(isOf), `index entry ${key} = ${value} (${values.join()})`).to.equal(true);
  }
  return entries;
}

/**
 * Checks that the encoder's updates, puts and deletes turn the pairs from before a statement into those after it, and
 * that each finds what it expects.
 *
 * @param isPartly - rows may be from before a column was added: then only index entries are compared.
 */
export function checkChange(table: TableVersion, before: Pairs, after: Pairs, isPartly: boolean): void {
  const decoder = table.rowDecoder(storedColumns(table).map(({ id }) => id));
  const encoder = encoderOf(table);
  const batch = new MutationBatch();
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter(isRecord);
  for (const key of keys) {
    const [oldValue, newValue] = [before.get(key), after.get(key)];
    if (oldValue === newValue) continue;
    const slice = new ByteSlice(fromHex(key));
    for (const value of [oldValue, newValue]) {
      if (value !== undefined) decoder.append(slice, new ByteSlice(fromHex(value)));
    }
    if (oldValue !== undefined && newValue !== undefined) {
      encoder.update(decoder.view(), 0, 1, batch);
      checkSameWanted(table, slice, oldValue, newValue);
    } else if (newValue !== undefined) encoder.put(decoder.view(), 0, batch);
    else encoder.delete(decoder.view(), 0, batch);
    decoder.reset();
  }
  const state = new Map(before);
  const changes = batch.consolidated();
  for (let i = 0; i < changes.count; i++) {
    const key = toHex(changes.keyAt(i));
    const expectation = changes.expectationAt(i);
    if (expectation !== 'unknown')
      expect(state.has(key), `${expectation}: ${key}`).to.equal(expectation === 'present');
    if (changes.kindAt(i) === 'put') state.set(key, toHex(changes.valueAt(i)));
    else state.delete(key);
  }
  const compared = (pairs: Pairs): string[] =>
    [...pairs].filter(([key]) => !isPartly || !isRecord(key)).map(([key, value]) => `${key} = ${value}`);
  expect(compared(state).sort(), 'pairs after the change').to.deep.equal(compared(after).sort());
}

/** Checks each column alone: bytes that are called the same decode to the same value. */
function checkSameWanted(table: TableVersion, key: ByteSlice, oldValue: string, newValue: string): void {
  for (const { id, type, name } of storedColumns(table)) {
    const decoder = table.rowDecoder([id]);
    const [a, b] = [new ByteSlice(fromHex(oldValue)), new ByteSlice(fromHex(newValue))];
    decoder.append(key, a);
    decoder.append(key, b);
    const [column] = decoder.view();
    if (column === undefined) throw new Error('no column');
    const isSame = sameDatum(cellAt(column, 0, type), cellAt(column, 1, type));
    if (decoder.sameWanted(a, b)) expect(isSame, `${name} called the same`).to.equal(true);
    // Values of a stored column that differ in bytes differ; only defaults for missing ones are not compared.
    else if (id > 0 && isSame) expect(oldValue, `${name} called different`).to.not.equal(newValue);
  }
}
