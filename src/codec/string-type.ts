/**
 * Which types are strings, and of which strings an index entry must carry the original, because the sort key in its
 * key does not give it back ("restored data").
 *
 * @see pingcap/tidb pkg/types/etc.go (NeedRestoredData), pkg/util/collate/collate.go (IsBinCollation)
 */
import { type FieldType, MysqlType } from './field-type.js';

/** CHAR, VARCHAR, BINARY, VARBINARY, TEXT and BLOB of all sizes. */
export function isString(type: FieldType): boolean {
  switch (type.tp) {
    case MysqlType.varchar:
    case MysqlType.varString:
    case MysqlType.string:
    case MysqlType.tinyBlob:
    case MysqlType.blob:
    case MysqlType.mediumBlob:
    case MysqlType.longBlob:
      return true;
    default:
      return false;
  }
}

/** VARCHAR or VARBINARY. */
function isVarchar(type: FieldType): boolean {
  return type.tp === MysqlType.varchar || type.tp === MysqlType.varString;
}

/** A string of bytes rather than characters. */
export function isBinaryString(type: FieldType): boolean {
  return isString(type) && type.collate === 'binary';
}

/** Whether the sort key of a CHAR under this collation is the string itself. */
export function isBinCollation(collate: string): boolean {
  switch (collate) {
    case 'binary':
    case 'utf8mb4_0900_bin':
    case 'utf8mb4_bin':
    case 'utf8_bin':
    case 'latin1_bin':
    case 'ascii_bin':
      return true;
    default:
      return false;
  }
}

/** Whether keys do not tell values of the type, so that rows and index entries hold what is missing. */
export function needsRestoredData(type: FieldType, isNewCollation: boolean): boolean {
  return (
    isNewCollation &&
    isString(type) &&
    type.collate !== 'binary' &&
    type.collate !== 'utf8mb4_0900_bin' &&
    (!isBinCollation(type.collate) || isVarchar(type))
  );
}

/** Whether a column prefix in an index is counted in bytes; else in characters. */
export function isPrefixInBytes(type: FieldType): boolean {
  return type.charset === 'binary' || type.charset === 'ascii';
}
