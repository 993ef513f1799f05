/** Columns of system tables and of what SHOW shows. */
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import type { OutputColumn } from '../../plan/logical-plan.js';

/** A column of text. */
export function textColumn(name: string): OutputColumn {
  return { name, type: /(?:SCHEMA|SCHEMA_NAME|TABLE_NAME)$/.test(name) ? NAME : TEXT };
}

/** A column of integers. */
export function numberColumn(name: string): OutputColumn {
  return { name, type: NUMBER };
}

const TEXT: FieldType = {
  tp: MysqlType.varchar,
  flag: 0,
  flen: 512,
  decimal: 0,
  charset: 'utf8mb4',
  collate: 'utf8mb4_bin',
  elems: [],
};
/** Databases and tables are looked up without regard to case. */
const NAME: FieldType = { ...TEXT, collate: 'utf8mb4_general_ci' };
const NUMBER: FieldType = {
  tp: MysqlType.longlong,
  flag: FieldFlag.binary,
  flen: 21,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
};
