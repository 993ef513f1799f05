/**
 * A table's column as TiDB stores it.
 *
 * @see pingcap/tidb pkg/meta/model/column.go, pkg/parser/types/field_type.go
 */
import { type FieldType, MysqlType, type MysqlTypeCode } from '../codec/field-type.js';
import type { JsonObject } from './json-object.js';
import { SchemaError } from './schema-error.js';
import { type SchemaState, schemaStateOf } from './schema-state.js';

/** A name as written and as compared (TiDB runs with lower_case_table_names = 2). */
export interface CiName {
  readonly original: string;
  readonly lower: string;
}

/** A column. Frozen. */
export interface ColumnInfo {
  readonly id: number;
  readonly name: CiName;
  /** Place in the table's column list, which index columns refer to. */
  readonly offset: number;
  readonly type: FieldType;
  /** Whether it is the array behind a multi-valued index. */
  readonly isArray: boolean;
  readonly state: SchemaState;
  /** Whether there is a DEFAULT other than NULL. */
  readonly hasDefault: boolean;
  /**
   * What rows written before the column existed have for it, as TiDB stores it: text in most cases, for BIT the bytes.
   * undefined: NULL, or nothing. See origin-default.ts.
   */
  readonly originDefault: string | Uint8Array | undefined;
  /** From 1 on, defaults of TIMESTAMP columns are in UTC; before, in the time zone of whatever server it was. */
  readonly version: number;
  /** Not to be seen by users: the column behind an index on an expression. */
  readonly isHidden: boolean;
  readonly generated: { readonly expression: string; readonly isStored: boolean } | undefined;
  /** Offset of the column that this one is to replace (MODIFY COLUMN that converts values). */
  readonly replacesOffset: number | undefined;
  /** Whether MODIFY COLUMN is changing the type in place. */
  readonly hasChangingType: boolean;
}

const TYPE_CODES: ReadonlySet<number> = new Set(Object.values(MysqlType));

function isTypeCode(code: number): code is MysqlTypeCode {
  return TYPE_CODES.has(code);
}

/** Reads a name `{"O": …, "L": …}`. */
export function ciNameOf(json: JsonObject): CiName {
  return Object.freeze({ original: json.text('O'), lower: json.text('L') });
}

/**
 * Reads a FieldType.
 *
 * @throws SchemaError — when it is of a type that is not known here.
 */
function fieldTypeOf(json: JsonObject): FieldType {
  const code = json.integer('Tp');
  if (!isTypeCode(code)) throw new SchemaError(`${json.what} is of the unknown type ${code}`);
  return Object.freeze({
    tp: code,
    flag: json.integer('Flag'),
    flen: json.integer('Flen'),
    decimal: json.integer('Decimal'),
    // Very old versions stored them as the user wrote them.
    charset: (json.optionalText('Charset') ?? '').toLowerCase(),
    collate: (json.optionalText('Collate') ?? '').toLowerCase(),
    elems: Object.freeze(json.texts('Elems')),
  });
}

/** Reads a column. @throws SchemaError — when something needed is missing. */
export function columnInfoOf(json: JsonObject): ColumnInfo {
  const type = fieldTypeOf(json.object('type'));
  const expression = json.optionalText('generated_expr_string') ?? '';
  return Object.freeze({
    id: json.integer('id'),
    name: ciNameOf(json.object('name')),
    offset: json.integer('offset'),
    type,
    isArray: json.object('type').flag('Array'),
    state: schemaStateOf(json),
    hasDefault: storedDefault(json, 'default', type) !== undefined,
    originDefault: storedDefault(json, 'origin_default', type),
    version: json.optionalInteger('version') ?? 0,
    isHidden: json.flag('hidden'),
    generated:
      expression === '' ? undefined : Object.freeze({ expression, isStored: json.flag('generated_stored') }),
    replacesOffset: json.optionalObject('change_state_info')?.integer('relative_col_offset'),
    hasChangingType: json.has('changing_type'),
  });
}

/**
 * A default as stored. JSON cannot hold arbitrary bytes, so that of a BIT column is in a field of its own, in base64;
 * if that is there, the other one is garbage.
 */
function storedDefault(json: JsonObject, field: string, type: FieldType): string | Uint8Array | undefined {
  const bits = type.tp === MysqlType.bit ? json.optionalText(`${field}_bit`) : undefined;
  if (bits !== undefined) return new Uint8Array(Buffer.from(bits, 'base64'));
  const value = json.raw(field);
  if (value === undefined || typeof value === 'string') return value;
  // Old versions stored numbers and truth values as such.
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  throw new SchemaError(`${json.what}.${field} is no plain value`);
}
