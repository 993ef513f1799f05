/** The columns that a query can name, and what its names mean. */
import { lowerName } from '../catalog/lower-name.js';
import type { FieldType } from '../codec/field-type.js';
import type { ColumnReference } from '../sql/ast/leaf.js';

/** A column that can be named. */
export interface ScopeColumn {
  /**
   * The table's, also where an alias stands for the table. undefined: of a derived table, where TiDB writes the
   * database of whatever the column was made of.
   */
  readonly database: string | undefined;
  /** The table's name or alias; undefined: a derived table without one. */
  readonly table: string | undefined;
  readonly name: string;
  readonly type: FieldType;
  /** Why it cannot be used; undefined: it can. */
  readonly refusal: string | undefined;
  /** Whether USING or NATURAL has made another column stand for it where no table is named. */
  readonly isMerged?: boolean;
}

/** Finds columns by name, as TiDB compares names: without regard to case. */
export class Scope {
  readonly columns: readonly ScopeColumn[];

  /** @param columns - in the order of the relation, which may have more behind them. */
  constructor(columns: readonly ScopeColumn[]) {
    this.columns = columns;
  }

  /** Positions of the columns that a reference may mean; TiDB has made sure that there is one, here or outside. */
  find({ database, table, name }: ColumnReference): readonly number[] {
    return this.columns.flatMap((column, position) => {
      const isTable = table === undefined ? column.isMerged !== true : isSame(table, column.table);
      const isDatabase =
        database === undefined || column.database === undefined || isSame(database, column.database);
      return isSame(name, column.name) && isTable && isDatabase ? [position] : [];
    });
  }
}

function isSame(wanted: string, own: string | undefined): boolean {
  return own !== undefined && lowerName(wanted) === lowerName(own);
}
