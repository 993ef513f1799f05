/** Statements as people type them: nodes of grammar/statement.peggy. */
import type { ColumnReference, Limit } from './leaf.js';
import type { Expression, OrderItem, Query } from './select.js';

/** A table as named; without a database it is the session's. */
export interface TableReference {
  readonly database: string | undefined;
  readonly name: string;
}

/** `column = value` */
export interface Assignment {
  readonly column: ColumnReference;
  readonly value: Expression;
}

/** INSERT and REPLACE; either `rows` or `query` is there. */
export interface InsertStatement {
  readonly kind: 'insert';
  readonly isReplacing: boolean;
  readonly isIgnoring: boolean;
  readonly table: TableReference;
  /** undefined: all. */
  readonly columns: readonly string[] | undefined;
  readonly rows: readonly (readonly Expression[])[] | undefined;
  readonly query: Query | undefined;
  readonly onDuplicate: readonly Assignment[];
}

/** Rows of one table that are to be changed or deleted. */
interface ChosenRows {
  readonly table: TableReference;
  readonly alias: string | undefined;
  readonly where: Expression | undefined;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Limit | undefined;
}

/** UPDATE of one table. */
export interface UpdateStatement extends ChosenRows {
  readonly kind: 'update';
  readonly isIgnoring: boolean;
  readonly assignments: readonly Assignment[];
}

/** DELETE from one table. */
export interface DeleteStatement extends ChosenRows {
  readonly kind: 'delete';
}

/** A column's type as written: `VARCHAR(20) COLLATE utf8mb4_bin`. */
export interface DataType {
  /** In upper case. */
  readonly name: string;
  /** Lengths, or members of ENUM and SET. */
  readonly parameters: readonly string[];
  readonly isUnsigned?: boolean;
  readonly isZerofill?: boolean;
  readonly isBinary?: boolean;
  readonly charset?: string;
  readonly collate?: string;
}

/** A column of CREATE TABLE. */
export interface ColumnDefinition {
  readonly kind: 'column';
  readonly name: string;
  readonly type: DataType;
  readonly attributes: {
    readonly isNotNull?: boolean;
    readonly isNull?: boolean;
    readonly defaultValue?: Expression;
    readonly isUpdatedNow?: boolean;
    readonly isAutoIncrement?: boolean;
    readonly isPrimaryKey?: boolean;
    readonly isClustered?: boolean;
    readonly isUniqueKey?: boolean;
    readonly comment?: string;
    readonly collate?: string;
    /** A word that begins something that is not supported. */
    readonly unsupported?: string;
  };
}

/** A key of CREATE TABLE. */
export interface KeyDefinition {
  readonly kind: 'key';
  /** undefined: named after its first column. */
  readonly name: string | undefined;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  readonly isClustered?: boolean;
  readonly parts: readonly {
    /** undefined: an expression, which is not supported. */
    readonly column: string | undefined;
    readonly length: number | undefined;
  }[];
}

/** Something that is read to be refused. */
interface Unsupported {
  readonly kind: 'unsupported';
  readonly what: string;
}

/** CREATE TABLE. */
export interface CreateTableStatement {
  readonly kind: 'createTable';
  readonly table: TableReference;
  readonly isLenient: boolean;
  readonly isTemporary: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly keys: readonly (KeyDefinition | Unsupported)[];
  readonly like: TableReference | undefined;
  readonly options: {
    readonly charset?: string;
    readonly collate?: string;
    readonly comment?: string;
    readonly autoIncrement?: bigint;
    readonly shardRowIdBits?: number;
    readonly preSplitRegions?: number;
    readonly policy?: string;
    readonly unsupported?: string;
  };
}

/** `SET name = value`; words are texts. `NAMES` is a name here, with a collation. */
export interface VariableAssignment {
  readonly isGlobal: boolean;
  /** `@name` */
  readonly isUser: boolean;
  /** In lower case. */
  readonly name: string;
  readonly value: Expression | string;
  readonly collate?: string | undefined;
}

/** What ALTER TABLE changes. */
export type TableChange =
  | { readonly kind: 'rename'; readonly to: TableReference }
  | { readonly kind: 'addKey'; readonly isLenient: boolean; readonly key: KeyDefinition | Unsupported }
  | { readonly kind: 'dropKey'; readonly isLenient: boolean; readonly name: string }
  | { readonly kind: 'comment'; readonly comment: string }
  | Unsupported;

/** SHOW and DESC. */
export interface ShowStatement {
  readonly kind: 'show';
  /** `columns`, `create table`, `variables`, … */
  readonly what: string;
  readonly isFull: boolean;
  readonly table: TableReference | undefined;
  readonly database: string | undefined;
  readonly like: string | undefined;
  readonly where: Expression | undefined;
}

/** Any statement. */
export type Statement =
  | { readonly kind: 'select' | 'explain'; readonly query: Query }
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | CreateTableStatement
  | {
      readonly kind: 'createDatabase';
      readonly database: string;
      readonly isLenient: boolean;
      readonly options: { readonly charset?: string; readonly collate?: string };
    }
  | { readonly kind: 'dropDatabase'; readonly database: string; readonly isLenient: boolean }
  | {
      readonly kind: 'createView';
      readonly table: TableReference;
      readonly isReplacing: boolean;
      readonly columns: readonly string[];
      readonly query: Query;
    }
  | {
      readonly kind: 'dropTables';
      readonly isView: boolean;
      readonly isLenient: boolean;
      readonly tables: readonly TableReference[];
    }
  | { readonly kind: 'truncate'; readonly table: TableReference }
  | {
      readonly kind: 'renameTables';
      readonly renames: readonly { readonly from: TableReference; readonly to: TableReference }[];
    }
  | { readonly kind: 'alterTable'; readonly table: TableReference; readonly change: TableChange }
  | { readonly kind: 'begin'; readonly isReadOnly: boolean; readonly mode: string | undefined }
  | { readonly kind: 'commit' | 'rollback' }
  | { readonly kind: 'use'; readonly database: string }
  | {
      readonly kind: 'prepare';
      readonly name: string;
      /** Either it or the user's variable that holds it. */
      readonly text: string | undefined;
      readonly variable: string | undefined;
    }
  | {
      readonly kind: 'execute';
      readonly name: string;
      /** As written: `@id`. */
      readonly variables: readonly string[];
    }
  | { readonly kind: 'deallocate'; readonly name: string }
  | {
      readonly kind: 'setConfig';
      readonly instance: string;
      readonly name: string;
      readonly value: Expression;
    }
  | { readonly kind: 'setVariables'; readonly assignments: readonly VariableAssignment[] }
  | ShowStatement
  | { readonly kind: 'analyze' | 'checkTables'; readonly tables: readonly TableReference[] }
  | { readonly kind: 'kill'; readonly isQueryOnly: boolean; readonly connectionId: number };
