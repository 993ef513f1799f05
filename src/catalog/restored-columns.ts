/**
 * What the value of an index entry holds of the columns that its key does not tell (codec/index-value.ts).
 *
 * - Version 0: if there is one such column, all columns of the index, as they were indexed.
 * - Version 1: of the index's own columns those that the key does not tell, then those of the clustered key; under
 *   `_bin` collations only how many trailing spaces the key lacks. TiDB writes that number as unsigned for the former
 *   and as signed for the latter, which shows from 128 on.
 *
 * @see pingcap/tidb pkg/tablecodec/tablecodec.go (GenIndexValueForClusteredIndexVersion1), pkg/table/tables/tables.go
 *   (TryGetHandleRestoredDataWrapper)
 */
import type { Column } from '../codec/column.js';
import {
  StoredCellWriter,
  StringPrefix,
  WHOLE,
  trailingSpaces,
  writeShortestInt,
  writeShortestUint,
} from '../codec/cell-writer.js';
import { FieldFlag, hasFlag } from '../codec/field-type.js';
import { RowV2Builder } from '../codec/row-v2-builder.js';
import { isBinCollation, isString, needsRestoredData } from '../codec/string-type.js';
import { type EncodedColumn, outOfRange } from './encoded-column.js';

/** A column of an index, or of a clustered key. */
export interface IndexPart {
  readonly column: EncodedColumn;
  /** −1: the whole value. */
  readonly prefixLength: number;
}

/** How one column is held. */
interface Restored {
  readonly column: EncodedColumn;
  readonly prefix: StringPrefix | undefined;
  readonly cells: StoredCellWriter;
  /** The value itself, or its number of trailing spaces in one of two forms. */
  readonly form: 'value' | 'spacesUnsigned' | 'spacesSigned';
}

/** Restored data of the entries of one index. */
export class RestoredColumns {
  readonly #columns: readonly Restored[];
  readonly #row = new RowV2Builder();

  private constructor(columns: readonly Restored[]) {
    this.#columns = columns.toSorted((a, b) => a.column.id - b.column.id);
  }

  /** In values of version 0. */
  static version0(parts: readonly IndexPart[], isNewCollation: boolean): RestoredColumns {
    const isNeeded = parts.some(({ column }) => needsRestoredData(column.type, isNewCollation));
    return new RestoredColumns(isNeeded ? parts.map((part) => restored(part, 'value')) : []);
  }

  /**
   * In values of version 1.
   *
   * @param clustered - the parts of the table's clustered key.
   */
  static version1(
    parts: readonly IndexPart[],
    clustered: readonly IndexPart[],
    isNewCollation: boolean,
  ): RestoredColumns {
    const isNeeded = ({ column }: IndexPart): boolean => needsRestoredData(column.type, isNewCollation);
    const own = parts
      .filter(({ column }) => !hasFlag(column.type, FieldFlag.primaryKey))
      .filter(isNeeded)
      .map((part) => restored(part, isBinCollation(part.column.type.collate) ? 'spacesUnsigned' : 'value'));
    const ofKey = clustered
      .filter(isNeeded)
      .map((part) => ({ column: part.column, prefixLength: longestPrefix(part, parts) }))
      .map((part) => restored(part, isBinCollation(part.column.type.collate) ? 'spacesSigned' : 'value'));
    return new RestoredColumns([...own, ...ofKey]);
  }

  /** Whether entries have none. */
  get isEmpty(): boolean {
    return this.#columns.length === 0;
  }

  /** Puts together those of a row; lent until the next call. */
  of(columns: readonly Column[], row: number): RowV2Builder {
    const builder = this.#row;
    builder.begin();
    for (const one of this.#columns) {
      const isNull = one.column.isNull(columns, row);
      if (isNull && one.form === 'value') {
        builder.addNull(one.column.id);
      } else {
        this.#write(one, columns, row, isNull);
        builder.endValue(one.column.id);
      }
    }
    return builder;
  }

  #write(
    { column, prefix, cells, form }: Restored,
    columns: readonly Column[],
    row: number,
    isNull: boolean,
  ): void {
    const out = this.#row.data;
    const source = column.of(columns);
    const at = column.rowOf(row);
    if (form === 'value') {
      if (prefix !== undefined && source.kind === 'bytes') out.bytes(prefix.of(source, at));
      else if (!cells.write(out, source, at)) throw outOfRange(column);
      return;
    }
    // The spaces of NULL are counted, too: there are none.
    const spaces = isNull ? 0 : trailingSpaces(source, at, prefix);
    if (form === 'spacesSigned') writeShortestInt(out, spaces, 0);
    else writeShortestUint(out, spaces, 0);
  }
}

/** A column of the clustered key that is indexed, too, is held as far as the longer of both needs it. */
function longestPrefix(ofKey: IndexPart, parts: readonly IndexPart[]): number {
  const indexed = parts.find(({ column }) => column === ofKey.column);
  if (indexed === undefined) return ofKey.prefixLength;
  const lengths = [ofKey.prefixLength, indexed.prefixLength];
  return lengths.includes(WHOLE) ? WHOLE : Math.max(...lengths);
}

function restored(part: IndexPart, form: Restored['form']): Restored {
  const { column, prefixLength } = part;
  const isCut = isString(column.type) && prefixLength !== WHOLE;
  return {
    column,
    prefix: isCut ? new StringPrefix(column.type, prefixLength) : undefined,
    cells: new StoredCellWriter(column.type),
    form,
  };
}
