/** A TableScan's message as a layout of stored rows. */
import { present } from '../../../base/assert.js';
import { ByteReader } from '../../../codec/byte-reader.js';
import type { Datum } from '../../../codec/datum.js';
import {
  FieldFlag,
  type FieldType,
  MysqlType,
  type MysqlTypeCode,
  hasFlag,
} from '../../../codec/field-type.js';
import { readFlagged } from '../../../codec/flagged-datum.js';
import type { HandleLayout, LayoutColumn, RowLayout } from '../../../codec/row-layout.js';
import { ROWID_COLUMN, ROWID_TYPE } from '../../../codec/table-keys.js';
import { collationName } from '../../../tikv/coprocessor/collation-id.js';
import type { ColumnInfoMessage, ExecutorMessage } from '../../../tikv/coprocessor/cop-types.js';
import { notServed } from './plan-error.js';

/** What is scanned, and how to read it. */
export interface ScannedTable {
  readonly layout: RowLayout;
  readonly columnIds: readonly number[];
  /** In the order of {@link columnIds}. */
  readonly types: readonly FieldType[];
  /** Whether a range that ends at the next key of its start's length is one key (TRUTH §10). */
  readonly takesPoints: boolean;
}

const TYPE_CODES = new Set<number>(Object.values(MysqlType));

/** Reads the message. @throws PlanError — it asks for what is not served. */
export function scannedTable(scan: NonNullable<ExecutorMessage['tblScan']>): ScannedTable {
  if (scan.desc) notServed('descending scans');
  const columns = scan.columns.map(columnOf);
  return {
    layout: {
      columns: columns.filter((column) => column.id !== ROWID_COLUMN),
      handle: handleOf(scan),
      isNewCollation: scan.columns.some((column) => column.collation < 0),
    },
    columnIds: columns.map((column) => column.id),
    types: columns.map((column) => column.type),
    takesPoints: scan.primaryColumnIds.length === 0,
  };
}

function handleOf(scan: NonNullable<ExecutorMessage['tblScan']>): HandleLayout {
  if (scan.primaryColumnIds.length > 0) {
    const columns = scan.primaryColumnIds.map((id) => ({
      columnId: Number(id),
      isPrefix: scan.primaryPrefixColumnIds.includes(id),
    }));
    return { kind: 'common', columns };
  }
  const handle = scan.columns.find((column) => column.pkHandle && Number(column.columnId) !== ROWID_COLUMN);
  return handle === undefined ? { kind: 'rowid' } : { kind: 'int', columnId: Number(handle.columnId) };
}

function columnOf(message: ColumnInfoMessage): LayoutColumn {
  const id = Number(message.columnId);
  if (id === ROWID_COLUMN) return { id, type: ROWID_TYPE, originDefault: undefined };
  if (id < 0) notServed(`column ${id}`);
  const type = typeOf(message);
  return { id, type, originDefault: originDefaultOf(message, type) };
}

function typeOf({ tp, flag, columnLen, decimal, collation, elems }: ColumnInfoMessage): FieldType {
  if (!isTypeCode(tp)) return notServed(`type ${tp}`);
  const collate = collationName(collation) ?? notServed(`collation ${collation}`);
  const charset = present(collate.split('_')[0], 'the first word of a collation');
  return { tp, flag, flen: columnLen, decimal, charset, collate, elems };
}

function isTypeCode(tp: number): tp is MysqlTypeCode {
  return TYPE_CODES.has(tp);
}

/** undefined: a row without the column is corrupt. */
function originDefaultOf({ defaultVal }: ColumnInfoMessage, type: FieldType): Datum | undefined {
  if (defaultVal !== undefined && defaultVal.length > 0) return readFlagged(new ByteReader(defaultVal), type);
  return hasFlag(type, FieldFlag.notNull) ? undefined : null;
}
