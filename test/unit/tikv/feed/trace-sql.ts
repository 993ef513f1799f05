/** Rows of the traces as SQL shows them: the trace's own CREATE TABLE tells how they are decoded. */
import { fromHex, toHex } from '../../../../src/base/bytes.js';
import type { TableVersion } from '../../../../src/catalog/table-version.js';
import { ByteSlice } from '../../../../src/codec/byte-slice.js';
import { cellAt } from '../../../../src/codec/cell.js';
import { datumBytes } from '../../../../src/codec/datum-text.js';
import { type FieldType, MysqlType } from '../../../../src/codec/field-type.js';
import { columnJson, indexJson, tableJson, tableVersion } from '../../catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../../codec/support/field-types.js';
import type { Trace } from './golden-trace.js';

/** A row as in a snapshot of a trace. */
export type SqlRow = Readonly<Record<string, string | null>>;

/** Columns whose ids are not their places: others were there before them, and are gone. */
const COLUMN_IDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'default-columns': { s: 5 },
};

const COLUMN = /^ {2}`(\w+)` (.+?),?$/;
const PRIMARY = /^ {2}PRIMARY KEY \(([^)]*)\).*(?<!NON)CLUSTERED/;

/** The table of a trace, from `SHOW CREATE TABLE`. */
export function tableOf(trace: Trace): TableVersion {
  const lines = (trace.table.create ?? '').split('\n');
  const found = lines.map((line) => COLUMN.exec(line)).filter((match) => match !== null);
  const names = found.map(([, name = '']) => name);
  const clustered = lines.map((line) => PRIMARY.exec(line)?.[1]).find((keys) => keys !== undefined);
  const keys = clustered?.split(',').map((name) => names.indexOf(name.replaceAll('`', ''))) ?? [];
  const columns = found.map(([, name = '', text = ''], place) => {
    const type = fieldType(text.replace(/ DEFAULT .*/, ''));
    // A default that is not NULL is what rows have that are older than the column.
    const origin = / DEFAULT '(.*)'$/.exec(text)?.[1] ?? null;
    const id = COLUMN_IDS[trace.scenario]?.[name] ?? place + 1;
    const ofKey = keys.includes(place) ? asPrimaryKey(type) : type;
    return columnJson(place, name, ofKey, { id, origin_default: origin });
  });
  const type = fieldType(found[keys[0] ?? 0]?.[2]?.replace(/ DEFAULT .*/, '') ?? 'int');
  const isInt = keys.length === 1 && type.tp !== MysqlType.varchar && type.tp !== MysqlType.string;
  const primary = indexJson(1, 'PRIMARY', keys, { is_primary: true, is_unique: true });
  return tableVersion(
    tableJson(columns, {
      id: Number(trace.table.id),
      ...(keys.length === 0
        ? {}
        : isInt
          ? { pk_is_handle: true }
          : { is_common_handle: true, common_handle_version: 1, index_info: [primary] }),
    }),
  );
}

/** What rows show that are older than a column, in the order of the columns. */
export function defaultsOf(table: TableVersion): SqlRow {
  return Object.fromEntries(
    table.columns.map(({ name, originDefault }) => {
      return [name.original, typeof originDefault === 'string' ? originDefault : null];
    }),
  );
}

/** A stored row, as SELECT shows it. */
export function sqlRowOf(table: TableVersion, key: string, value: string): SqlRow {
  const decoder = table.rowDecoder(table.columns.map(({ id }) => id));
  decoder.append(new ByteSlice(fromHex(key)), new ByteSlice(fromHex(value)));
  const cells = decoder.finish();
  return Object.fromEntries(
    table.columns.map(({ name, type }, place) => {
      const bytes = datumBytes(cellAt(cells[place]!, 0, type), type);
      return [name.original, bytes === null ? null : shown(bytes, type)];
    }),
  );
}

const HEX_TYPES: ReadonlySet<number> = new Set([
  ...[MysqlType.tinyBlob, MysqlType.blob, MysqlType.mediumBlob, MysqlType.longBlob, MysqlType.bit],
]);

/** As the recorder wrote them: what the client was given as bytes is hexadecimal. */
function shown(bytes: Uint8Array, type: FieldType): string {
  const isString = type.tp === MysqlType.string || type.tp === MysqlType.varchar;
  const isHex = HEX_TYPES.has(type.tp) || (isString && type.collate === 'binary');
  return isHex ? `hex:${toHex(bytes)}` : Buffer.from(bytes).toString('utf8');
}
