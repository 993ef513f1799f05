/** The columns that a definition can name, and what its names mean. */
import { lowerName } from '../catalog/lower-name.js';
import type { FieldType } from '../codec/field-type.js';
import type { ColumnReference } from '../sql/ast/select.js';

/** A column that can be named. */
export interface ScopeColumn {
  /** As the database, table or alias is called; undefined: the table was given an alias, which hides it. */
  readonly database: string | undefined;
  readonly table: string;
  readonly name: string;
  readonly type: FieldType;
  /** Why it cannot be used; undefined: it can. */
  readonly refusal: string | undefined;
}

/** Finds columns by name, as TiDB compares names: without regard to case. */
export class Scope {
  readonly columns: readonly ScopeColumn[];

  /** @param columns - in the order of the relation. */
  constructor(columns: readonly ScopeColumn[]) {
    this.columns = columns;
  }

  /** Positions of the columns that a reference may mean; TiDB has made sure that there is one. */
  find({ database, table, name }: ColumnReference): readonly number[] {
    const isSame = (wanted: string | undefined, own: string | undefined): boolean =>
      wanted === undefined || (own !== undefined && lowerName(wanted) === lowerName(own));
    return this.columns.flatMap((column, position) => {
      const isIt =
        isSame(name, column.name) && isSame(table, column.table) && isSame(database, column.database);
      return isIt ? [position] : [];
    });
  }
}
