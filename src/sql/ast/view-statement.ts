/**
 * The statements of this program (SURFACE §2), as they were written. Whether an option exists, a feature is built, a
 * name is known is not decided here. Pieces that TiDB has to understand — the select, expressions for points in time,
 * partitioning — stay exact slices of the source.
 */
import type { ViewVariable } from '../scan/view-variables.js';

/** Any statement of this program. */
export type ViewStatement =
  | CreateView
  | AlterView
  | DropViews
  | RefreshView
  | CompareView
  | CheckView
  | CancelJob
  | ExplainView
  | ShowViews
  | ShowCreateView
  | ShowViewStatus
  | LogStatement
  | Subscribe
  | SetVariables
  | ShowVariables;

/** `[db.]name`, as written. */
export interface ObjectName {
  /** undefined: the session's database. */
  readonly database: string | undefined;
  readonly name: string;
}

/** `n unit`, as in `INTERVAL 5 SECOND`. */
interface IntervalValue {
  /** A decimal number as written, > 0 or 0. */
  readonly amount: string;
  /** In upper case. */
  readonly unit: string;
}

/** `CREATE MATERIALIZED VIEW` */
export interface CreateView {
  readonly kind: 'createView';
  readonly isReplacing: boolean;
  readonly ifNotExists: boolean;
  readonly name: ObjectName;
  /** Empty: the select's own names, no keys. */
  readonly elements: readonly TableElement[];
  readonly comment: string | undefined;
  readonly shardRowIdBits: number | undefined;
  readonly preSplitRegions: number | undefined;
  /** `PARTITION BY …`, from that word on. */
  readonly partitioning: string | undefined;
  readonly refresh: RefreshPolicy | undefined;
  readonly readMode: ReadMode | undefined;
  readonly attributes: string | undefined;
  readonly options: readonly ViewOption[];
  /** The select as it stands in the source. */
  readonly select: string;
  /** Where the select begins in the source. */
  readonly selectStart: number;
  readonly withData: boolean;
}

/** An entry in the parentheses behind a view's name. */
export type TableElement =
  | { readonly kind: 'column'; readonly name: string }
  | {
      readonly kind: 'primaryKey';
      readonly parts: readonly IndexPart[];
      readonly isClustered: boolean | undefined;
    }
  | IndexElement;

/** `UNIQUE KEY n (…)`, `INDEX n (…)` */
interface IndexElement {
  readonly kind: 'index';
  readonly isUnique: boolean;
  readonly name: string | undefined;
  readonly parts: readonly IndexPart[];
}

/** A column of an index. */
export interface IndexPart {
  readonly column: string;
  /** Length of the prefix that is indexed. */
  readonly length: number | undefined;
  readonly isDescending: boolean;
}

/** When a view's table is written. */
type RefreshPolicy =
  | { readonly kind: 'onCommit' }
  | { readonly kind: 'every'; readonly interval: IntervalValue }
  /** TiDB's own spelling; `start` and `next` are SQL expressions. */
  | {
      readonly kind: 'schedule';
      readonly isFast: boolean;
      readonly start: string | undefined;
      readonly next: string;
    }
  | { readonly kind: 'manual' };

/** What readers of a view are promised by default. */
type ReadMode =
  | { readonly kind: 'stale' | 'session' | 'strict' }
  | { readonly kind: 'bounded'; readonly staleness: IntervalValue };

/** `name = value` in WITH or SET. */
interface ViewOption {
  /** In lower case. */
  readonly name: string;
  /** Without quotes if it was a string. */
  readonly value: string;
}

/** `ALTER MATERIALIZED VIEW` */
interface AlterView {
  readonly kind: 'alterView';
  readonly name: ObjectName;
  /** At least one. */
  readonly actions: readonly AlterAction[];
}

/** One action of an ALTER. */
type AlterAction =
  | { readonly kind: 'rename'; readonly to: ObjectName }
  | { readonly kind: 'comment'; readonly comment: string }
  | { readonly kind: 'refresh'; readonly policy: RefreshPolicy }
  | { readonly kind: 'readMode'; readonly mode: ReadMode }
  | { readonly kind: 'attributes'; readonly attributes: string }
  | { readonly kind: 'as'; readonly select: string; readonly selectStart: number }
  | { readonly kind: 'swap'; readonly with: ObjectName }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'addIndex'; readonly index: IndexElement }
  | { readonly kind: 'dropIndex'; readonly name: string }
  | { readonly kind: 'set'; readonly options: readonly ViewOption[] };

/** `DROP MATERIALIZED VIEW` */
export interface DropViews {
  readonly kind: 'dropViews';
  readonly ifExists: boolean;
  readonly names: readonly ObjectName[];
  readonly behavior: 'restrict' | 'cascade' | undefined;
}

/** `REFRESH MATERIALIZED VIEW` */
export interface RefreshView {
  readonly kind: 'refreshView';
  readonly name: ObjectName;
  readonly mode: 'sync' | 'async' | undefined;
  /** undefined: bare, which waits until the view contains all that was committed. */
  readonly method: RefreshMethod | undefined;
  readonly isDryRun: boolean;
  readonly isProfiled: boolean;
}

/** How a refresh makes the view current. */
type RefreshMethod =
  | { readonly kind: 'fast'; readonly asOf: string | undefined }
  | { readonly kind: 'complete'; readonly place: 'inPlace' | 'deltaApply' | 'outOfPlace' | undefined };

/** `COMPARE MATERIALIZED VIEW` */
interface CompareView {
  readonly kind: 'compareView';
  readonly name: ObjectName;
  readonly asOf: string | undefined;
  readonly outputInto: ObjectName | undefined;
  readonly isRepairing: boolean;
}

/** `ADMIN CHECK MATERIALIZED VIEW` */
export interface CheckView {
  readonly kind: 'checkView';
  readonly name: ObjectName;
}

/** `CANCEL MATERIALIZED VIEW … JOB` */
interface CancelJob {
  readonly kind: 'cancelJob';
  readonly target: 'build' | 'refresh' | 'logPurge';
  readonly jobId: bigint;
}

/** `EXPLAIN … MATERIALIZED VIEW` */
export interface ExplainView {
  readonly kind: 'explainView';
  /** In lower case; undefined: not said. */
  readonly format: string | undefined;
  readonly isAnalyzed: boolean;
  readonly subject: CreateView | { readonly kind: 'view'; readonly name: ObjectName };
}

/** What a SHOW keeps. */
export type ShowFilter =
  | { readonly kind: 'like'; readonly pattern: string }
  | { readonly kind: 'where'; readonly expression: string };

/** `SHOW [FULL] MATERIALIZED VIEWS` */
export interface ShowViews {
  readonly kind: 'showViews';
  readonly isFull: boolean;
  readonly database: string | undefined;
  readonly filter: ShowFilter | undefined;
}

/** `SHOW CREATE MATERIALIZED VIEW` */
interface ShowCreateView {
  readonly kind: 'showCreateView';
  readonly name: ObjectName;
}

/** `SHOW MATERIALIZED VIEW STATUS` */
export interface ShowViewStatus {
  readonly kind: 'showViewStatus';
  readonly name: ObjectName | undefined;
  readonly like: string | undefined;
}

/** A statement on materialized view logs: accepted, does nothing. */
interface LogStatement {
  readonly kind: 'log';
  readonly verb: 'create' | 'alter' | 'drop' | 'purge' | 'show' | 'showCreate';
  readonly table: ObjectName | undefined;
}

/** `SUBSCRIBE TO` */
interface Subscribe {
  readonly kind: 'subscribe';
  readonly name: ObjectName;
  readonly asOf: string | undefined;
  readonly withSnapshot: boolean;
  readonly withProgress: boolean;
}

/** A `SET` of which at least one variable is this program's. */
interface SetVariables {
  readonly kind: 'setVariables';
  readonly assignments: readonly VariableAssignment[];
  /** The other assignments as they stand in the source, in order: for TiDB. */
  readonly others: readonly string[];
}

/** `[scope] variable = value` */
interface VariableAssignment {
  readonly scope: 'session' | 'global';
  readonly variable: ViewVariable;
  readonly value: VariableValue;
}

/** What a variable is set to: a word such as `strict`, a string's text, or an expression as SQL. */
type VariableValue =
  | { readonly kind: 'word' | 'string'; readonly text: string }
  | { readonly kind: 'expression'; readonly sql: string }
  | { readonly kind: 'default' };

/** `SHOW VARIABLES` that asks for variables of this program. */
interface ShowVariables {
  readonly kind: 'showVariables';
  readonly scope: 'session' | 'global';
  readonly filter: ShowFilter | undefined;
}
