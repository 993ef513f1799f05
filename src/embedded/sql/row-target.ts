/** The table that a statement writes to: its columns, defaults and writer. */
import { present } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import { lowerName } from '../../catalog/lower-name.js';
import type { Datum } from '../../codec/datum.js';
import { parseDatum } from '../../codec/datum-parse.js';
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { ROWID_TYPE } from '../../codec/table-keys.js';
import type { Expression, Select, SelectItem } from '../../sql/ast/select.js';
import { isNow } from './column-facts.js';
import { unknownColumn } from './name-errors.js';
import type { ResultTable } from './relation-table.js';
import type { SchemaTable } from './schema.js';
import { relationNamed, selectOf } from './select-nodes.js';
import { packedMoment } from './session-functions.js';
import { storedValue } from './store-value.js';
import { TableWriter } from './table-rows.js';
import type { Work } from './work.js';

/** A value of a statement and its type. */
export interface Typed {
  readonly value: Datum;
  readonly type: FieldType;
}

/** Of nodes that nobody typed. */
export const SPAN = { start: 0, end: 0 };
/** The relation that holds a table's rows for the statement that changes them. */
export const TARGET = '#target';
/** The name of the hidden row id there, which nobody can type. */
export const ROW_ID = '#rowid';

/** One table that a statement writes to. */
export class Target {
  readonly table: SchemaTable;
  readonly writer: TableWriter;
  readonly work: Work;
  /** A row's columns, with the hidden row id last if there is one. */
  readonly columns: ResultTable['columns'];

  constructor(work: Work, table: SchemaTable) {
    this.work = work;
    this.table = table;
    this.writer = new TableWriter(table.version, work.transaction);
    const shown = table.version.columns.map(({ name, type }) => ({ name: name.original, type }));
    const hasRowId = table.version.handle.kind === 'rowid';
    this.columns = hasRowId ? [...shown, { name: ROW_ID, type: ROWID_TYPE }] : shown;
  }

  /** The place of a column. @throws SqlError 1054 */
  place(name: string): number {
    const place = this.columns.findIndex((column) => lowerName(column.name) === lowerName(name));
    if (place < 0) throw unknownColumn(name, 'field list');
    return place;
  }

  /** A value as its column holds it. @throws SqlError — it does not fit. */
  stored({ value, type }: Typed, place: number, row: number): Datum {
    const column = present(this.columns[place], `no column ${place}`);
    return storedValue(value, type, { ...column, row, offsetMinutes: this.work.offsetMinutes });
  }

  /** The moment of the statement as a column holds it. */
  now(type: FieldType): Datum {
    const offset = type.tp === MysqlType.timestamp ? 0 : this.work.offsetMinutes;
    const unit = 10n ** BigInt(6 - Math.max(type.decimal, 0));
    const packed = packedMoment(this.work.nowMs, offset);
    const fraction = packed & 0xff_ffffn;
    return packed - (fraction % unit);
  }

  /** The default of a column. @throws SqlError 1364 — it has none. */
  defaultOf(place: number): Datum {
    const { name, type } = present(this.columns[place], `no column ${place}`);
    const stored = present(
      this.table.stored.cols?.find((column) => column.name.O === name),
      `column ${name}`,
    );
    if (isNow(stored)) return this.now(type);
    if (stored.default_bit !== null) return parseBits(stored.default_bit);
    if (stored.default !== null) return parseDatum(stored.default, type) ?? null;
    const isFree = !hasFlag(type, FieldFlag.notNull) || hasFlag(type, FieldFlag.autoIncrement);
    if (isFree) return null;
    if (type.tp === MysqlType.enum) return 1n;
    throw new SqlError(1364, 'HY000', `Field '${name}' doesn't have a default value`);
  }

  /** A select of this table's rows, under the table's own name. */
  select(items: readonly Expression[], alias = this.table.version.info.name.original): Select {
    const named = items.map((value, i): SelectItem => ({ kind: 'item', span: SPAN, value, alias: `#${i}` }));
    return selectOf(named, relationNamed(TARGET, alias, SPAN), SPAN);
  }
}

function parseBits(base64: string): bigint {
  return BigInt(`0x${Buffer.from(base64, 'base64').toString('hex') || '0'}`);
}

/** A result's values with their types. */
export function typedRows({ columns, rows }: ResultTable): readonly (readonly Typed[])[] {
  return rows.map((row) =>
    row.map((value, i) => ({ value, type: present(columns[i], `no column ${i}`).type })),
  );
}
