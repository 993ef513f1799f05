/** A table of a real TiDB with views over it, in the forms that the planner and the engine see. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { parseTableInfo } from '../../../src/catalog/table-info.js';
import { TableVersion } from '../../../src/catalog/table-version.js';
import { appendDatum } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { parseBit, parseDatum } from '../../../src/codec/datum-parse.js';
import { datumBytes } from '../../../src/codec/datum-text.js';
import { type FieldType, MysqlType } from '../../../src/codec/field-type.js';
import { isString } from '../../../src/codec/string-type.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import type { DescribedColumn } from '../../../src/plan/describe.js';

/** A row as TiDB sends it. */
export type TextRow = readonly (Buffer | null)[];

/** Rows of a query, each cell as the bytes of the text protocol. */
export async function textRows(connection: Connection, sql: string): Promise<readonly TextRow[]> {
  const [rows] = await connection.query<RowDataPacket[]>({
    sql,
    rowsAsArray: true,
    typeCast: (field) => field.buffer(),
  });
  return rows as unknown as readonly TextRow[];
}

/** One cell of one row as text. */
export async function oneText(connection: Connection, sql: string): Promise<string> {
  const [row] = await textRows(connection, sql);
  return row?.[0]?.toString('utf8') ?? '';
}

/** The schema of a table, from TiDB's status port. */
export async function tableVersion(status: string, database: string, table: string): Promise<TableVersion> {
  const response = await fetch(`http://${status}/schema/${database}/${table}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return new TableVersion(parseTableInfo(bytes), 1, true);
}

/** A value as stored, from its text. JSON stays text: it is only passed on here. */
export function datumOf(cell: Buffer | null, type: FieldType): Datum {
  if (cell === null) return null;
  if (isString(type) || type.tp === MysqlType.json) return new Uint8Array(cell);
  const datum = type.tp === MysqlType.bit ? parseBit(cell) : parseDatum(cell.toString('utf8'), type);
  if (datum === undefined) throw new Error(`no value of type ${type.tp}: ${cell.toString('utf8')}`);
  return datum;
}

/** A value as TiDB sends it. */
export function bytesOf(datum: Datum, type: FieldType, offsetMinutes: number): Buffer | null {
  if (type.tp === MysqlType.json) return datum === null ? null : Buffer.from(datum as Uint8Array);
  // datum-text.ts writes doubles from 1e15 to 1e21 without an exponent, which TiDB does not.
  if (typeof datum === 'number' && type.tp === MysqlType.double && Math.abs(datum) >= 1e15) {
    return Buffer.from(datum.toExponential().replace('e+', 'e'));
  }
  const bytes = datumBytes(datum, type, offsetMinutes);
  return bytes === null ? null : Buffer.from(bytes);
}

/** A key that equal rows share, and no others. */
export function keyOf(row: TextRow): string {
  return row.map((cell) => (cell === null ? 'N' : `${cell.length}:${cell.toString('latin1')}`)).join('|');
}

/** A multiset of rows. */
export class Bag {
  readonly #counts = new Map<string, number>();

  add(key: string, weight: number): void {
    const count = (this.#counts.get(key) ?? 0) + weight;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }

  /** Sorted, for comparing and printing. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** Rows of datums as a delta. */
export function deltaOf(
  rows: readonly { readonly row: readonly Datum[]; readonly weight: number }[],
  types: readonly FieldType[],
): Delta {
  const builders = types.map(columnBuilderOf);
  for (const { row } of rows) builders.forEach((builder, i) => appendDatum(builder, row[i]!));
  return {
    rows: rows.length,
    weights: Int32Array.from(rows, ({ weight }) => weight),
    columns: builders.map((builder) => builder.finish()),
    isConsolidated: false,
  };
}

/** How TiDB describes a view's columns; scales of decimals as its results have them (TRUTH §8). */
export async function describedColumns(
  connection: Connection,
  view: string,
): Promise<readonly DescribedColumn[]> {
  const shown = await textRows(connection, `show full columns from ${view}`);
  const [, fields] = await connection.query(`select * from ${view} limit 0`);
  return shown.map(([name, type, collation, isNull], i) => {
    const text = type?.toString('utf8') ?? '';
    return {
      name: name?.toString('utf8') ?? '',
      type: text.replace(/^decimal[(](\d+),\d+[)]/, `decimal($1,${fields[i]?.decimals ?? 0})`),
      collation: collation?.toString('utf8'),
      isNotNull: isNull?.toString('utf8') === 'NO',
    };
  });
}
