/** A table's rows, read and written through a transaction: rows are values in the order of its public columns. */
import { present } from '../../base/assert.js';
import { type KeyString, copyBytes, keyString } from '../../base/bytes.js';
import { SqlError } from '../../base/errors.js';
import { RowEncoder } from '../../catalog/row-encoder.js';
import { type TableInfo, columnAt } from '../../catalog/table-info.js';
import type { TableVersion } from '../../catalog/table-version.js';
import { ByteSlice } from '../../codec/byte-slice.js';
import { appendDatum, cellAt } from '../../codec/cell.js';
import { columnBuilderOf } from '../../codec/column-builder.js';
import { datumText } from '../../codec/datum-text.js';
import { FieldFlag, hasFlag } from '../../codec/field-type.js';
import { decodeIndexValue } from '../../codec/index-value.js';
import { MutationBatch } from '../../codec/mutation-batch.js';
import { ROWID_COLUMN, ROWID_TYPE, decodeTableKey, intHandle, recordKey } from '../../codec/table-keys.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';
import type { KeyValue } from '../../tikv/snapshot.js';
import type { StorageTransaction } from './storage-transaction.js';

/** Decodes pairs into rows. @param columnIds - −1 is the hidden row id. */
export function decodeRows(
  table: TableVersion,
  columnIds: readonly number[],
  pairs: readonly KeyValue[],
): readonly Row[] {
  const decoder = table.rowDecoder(columnIds);
  for (const { key, value } of pairs) decoder.append(new ByteSlice(key), new ByteSlice(value));
  const columns = decoder.finish();
  const types = columnIds.map((id) => table.column(id)?.type ?? ROWID_TYPE);
  return pairs.map((_, row) =>
    types.map((type, i) => cellAt(present(columns[i], `no column ${i}`), row, type)),
  );
}

/** The rows of all partitions. @throws BudgetError */
export async function readRows(
  table: TableVersion,
  columnIds: readonly number[],
  transaction: StorageTransaction,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const range of table.recordRanges)
    rows.push(...decodeRows(table, columnIds, await transaction.scan(range, signal)));
  return rows;
}

/** The rows that have these integer handles, in their order. @throws BudgetError */
export async function readRowsAt(
  { table, columnIds }: { readonly table: TableVersion; readonly columnIds: readonly number[] },
  handles: readonly bigint[],
  transaction: StorageTransaction,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const pairs: KeyValue[] = [];
  const ordered = [...handles].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const id of table.physicalIds) {
    for (const handle of ordered) {
      const key = recordKey(id, intHandle(handle));
      const value = await transaction.get(key, signal);
      if (value !== undefined) pairs.push({ key, value });
    }
  }
  return decodeRows(table, columnIds, pairs);
}

/** A change of one key. */
export interface KeyChange {
  readonly key: Uint8Array;
  /** undefined: the key is deleted. */
  readonly value: Uint8Array | undefined;
  /** Whether another row has it, if it is there already. */
  readonly isNew: boolean;
}

/** Writes rows of one table. A hidden row id is the last value of a row. */
export class TableWriter {
  readonly table: TableVersion;
  /** Of the values of a row. */
  readonly columnIds: readonly number[];
  readonly #transaction: StorageTransaction;
  readonly #encoder: RowEncoder;

  /** @throws SqlError 1235 — a table with something that cannot be written here. */
  constructor(table: TableVersion, transaction: StorageTransaction) {
    if (table.info.partition !== undefined)
      throw new SqlError(
        1235,
        '42000',
        'The embedded cluster does not support writing to partitioned tables yet',
      );
    const ids = table.columns.map(({ id }) => id);
    this.table = table;
    this.columnIds = table.handle.kind === 'rowid' ? [...ids, ROWID_COLUMN] : ids;
    this.#transaction = transaction;
    this.#encoder = new RowEncoder(table, this.columnIds);
    transaction.touch(table);
  }

  /** What it would take to put a row in the place of another. @param before, after - undefined: no row. */
  changes(before: Row | undefined, after: Row | undefined): readonly KeyChange[] {
    const batch = new MutationBatch();
    const rows = [...(before === undefined ? [] : [before]), ...(after === undefined ? [] : [after])];
    if (after !== undefined) this.#checkNulls(after);
    const columns = this.columnIds.map((id, i) => {
      const builder = columnBuilderOf(this.table.column(id)?.type ?? ROWID_TYPE);
      for (const row of rows) appendDatum(builder, row[i] ?? null);
      return builder.finish();
    });
    if (after === undefined) this.#encoder.delete(columns, 0, batch);
    else if (before === undefined) this.#encoder.put(columns, 0, batch);
    else this.#encoder.update(columns, 0, 1, batch);
    const changes: KeyChange[] = [];
    for (let i = 0; i < batch.count; i++) {
      const key = copyBytes(batch.keyAt(i));
      const isPut = batch.kindAt(i) === 'put';
      const isNew = isPut && batch.expectationAt(i) === 'absent';
      changes.push({ key, value: isPut ? copyBytes(batch.valueAt(i)) : undefined, isNew });
    }
    // What is both deleted and put is put.
    const gone = new Set(changes.filter(({ value }) => value === undefined).map(({ key }) => keyString(key)));
    const puts = changes.filter(({ value }) => value !== undefined);
    const kept = new Set(puts.map(({ key }) => keyString(key)));
    return [
      ...changes.filter(({ key, value }) => value === undefined && !kept.has(keyString(key))),
      ...puts.map((put) => ({ ...put, isNew: put.isNew && !gone.has(keyString(put.key)) })),
    ];
  }

  /** Those of the changes' keys that other rows have. @throws BudgetError */
  async taken(changes: readonly KeyChange[], signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const keys = changes.filter(({ isNew }) => isNew).map(({ key }) => key);
    const found: ReadonlySet<KeyString> = await this.#transaction.existing(keys, signal);
    return keys.filter((key) => found.has(keyString(key)));
  }

  /** Looks ahead for what {@link taken} will be asked. @throws BudgetError */
  async look(changes: readonly KeyChange[], signal: AbortSignal): Promise<void> {
    await this.#transaction.look(
      changes.filter(({ isNew }) => isNew).map(({ key }) => key),
      signal,
    );
  }

  /** Writes changes that no other row is in the way of. */
  write(changes: readonly KeyChange[]): void {
    for (const { key, value } of changes) this.#transaction.write(key, value);
  }

  /** The row that has a key of the table or of a unique index. @throws BudgetError */
  async rowOf(key: Uint8Array, signal: AbortSignal): Promise<Row> {
    const record = await this.#recordOf(key, signal);
    const value = present(await this.#transaction.get(record, signal), 'a key that is taken has a row');
    return present(decodeRows(this.table, this.columnIds, [{ key: record, value }])[0], 'a row');
  }

  /** ER_DUP_ENTRY for a row and the key that another has. */
  duplicate(row: Row, key: Uint8Array): SqlError {
    const { info } = this.table;
    const place = decodeTableKey(key);
    const index =
      place.kind === 'index'
        ? info.indexes.find(({ id }) => id === place.indexId)
        : info.indexes.find(({ isPrimary }) => isPrimary);
    const shown = index === undefined ? this.#handleText(row) : keyText(info, index.columns, row);
    const name = index === undefined || index.isPrimary ? 'PRIMARY' : index.name.original;
    return new SqlError(1062, '23000', `Duplicate entry '${shown}' for key '${info.name.original}.${name}'`);
  }

  #handleText(row: Row): string {
    const place = this.columnIds.indexOf(this.table.keyColumnIds[0] ?? ROWID_COLUMN);
    return String(row[place]);
  }

  #checkNulls(row: Row): void {
    this.table.columns.forEach(({ type, name }, i) => {
      if (row[i] === null && hasFlag(type, FieldFlag.notNull))
        throw new SqlError(1048, '23000', `Column '${name.original}' cannot be null`);
    });
  }

  async #recordOf(key: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    if (decodeTableKey(key).kind !== 'index') return key;
    const value = present(await this.#transaction.get(key, signal), 'a key that is taken has a value');
    const handle = present(decodeIndexValue(value).handle, 'an entry of a unique index tells its row');
    return recordKey(this.table.id, handle);
  }
}

function keyText(info: TableInfo, columns: readonly { readonly offset: number }[], row: Row): string {
  const shown = info.columns.filter(({ state, isHidden }) => state === 'public' && !isHidden);
  return columns
    .map(({ offset }) => {
      const column = columnAt(info, offset);
      return datumText(row[shown.indexOf(column)] ?? null, column.type);
    })
    .join('-');
}
