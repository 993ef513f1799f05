/** A table or database that a statement would change, and how. */

/** What would be done to it. */
export type WriteAction =
  | 'insert'
  | 'update'
  | 'delete'
  | 'lock'
  | 'create'
  | 'alter'
  | 'drop'
  | 'rename'
  | 'truncate'
  | 'load'
  | 'import'
  | 'reference'
  | 'exchange'
  | 'flashback'
  | 'restore'
  /** The statement is not understood; every word of it is given. */
  | 'unknown';

/** A name as the statement gives it; names are folded (name-index.ts). */
export interface WrittenName {
  /** undefined: the session's database, or, without a table too, none. */
  readonly database: string | undefined;
  /** undefined: the whole database. */
  readonly table: string | undefined;
  readonly action: WriteAction;
}

/** What a statement's text does not tell. */
export type HiddenWrite =
  /** Runs what was prepared under this name (folded). */
  | { readonly kind: 'prepared'; readonly name: string }
  /** Prepares the text in a user variable, or calls a procedure, or goes back in time: ask the server or refuse. */
  | { readonly kind: 'variable' }
  | { readonly kind: 'procedure' }
  | { readonly kind: 'everything' }
  /** A comment that only some versions of TiDB take for code. */
  | { readonly kind: 'comment' };

/** All that some statements would change. */
export interface WrittenNames {
  readonly names: readonly WrittenName[];
  readonly hidden: readonly HiddenWrite[];
}

/** Collects {@link WrittenNames}. */
export class WrittenNameSink {
  readonly names: WrittenName[] = [];
  readonly hidden: HiddenWrite[] = [];

  add(
    action: WriteAction,
    name: { readonly database: string | undefined; readonly table: string } | undefined,
  ): void {
    if (name !== undefined) this.names.push({ database: name.database, table: name.table, action });
  }

  addDatabase(action: WriteAction, database: string | undefined): void {
    this.names.push({ database, table: undefined, action });
  }

  hide(write: HiddenWrite): void {
    this.hidden.push(write);
  }
}
