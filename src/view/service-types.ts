/** What crosses the door of this layer: plain, clonable values, so that a front end may live in another process. */
import type { Frontier } from '../commit/frontier.js';
import type { Ts } from '../codec/tso.js';
import type { ViewStatement } from '../sql/ast/view-statement.js';
import type { PinnedSession } from './pinned-session.js';
import type { BaseTable, ViewState } from './view-record.js';

/** A registered view, as statements on tables must know it. */
export interface NamedView {
  readonly schema: string;
  readonly name: string;
  readonly state: ViewState;
  /** Why it is FROZEN or INVALID. */
  readonly lastError: string | undefined;
  /** Base tables, with the columns that it reads. */
  readonly bases: readonly BaseTable[];
}

/** All names at a moment. The same object as long as nothing changes. */
export interface NameSnapshot {
  readonly version: number;
  /** The schema of the registry: nobody's to write to. */
  readonly systemSchema: string;
  readonly views: readonly NamedView[];
}

/** What a statement may rely on about the session that it came from; privileges have been checked there. */
export interface SessionContext {
  readonly connectionId: number;
  readonly pinned: PinnedSession;
  /**
   * Tables that the client's account can see, and views that are to be tables again, in lower case, `schema.table`;
   * undefined where the statement names its views, and the client's own session has been asked about them.
   */
  readonly visible: ReadonlySet<string> | undefined;
}

/** A statement to run. */
export interface StatementInput {
  readonly statement: ViewStatement;
  /** As typed. */
  readonly text: string;
}

/** A column of an answer: everything is text, or an integer printed as text. */
export interface ResultColumn {
  readonly name: string;
  readonly isInteger: boolean;
}

/** A piece of an answer. An answer is columns and rows, or one ok; errors are thrown. */
export type ResultPart =
  | { readonly kind: 'columns'; readonly columns: readonly ResultColumn[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (string | null)[])[] }
  | { readonly kind: 'ok'; readonly warnings: readonly string[] };

/** The only door to views. */
export interface ViewService {
  /** Looked up synchronously on the hot path. */
  names(): NameSnapshot;
  /**
   * Runs a statement. What it has begun goes on as a job when `signal` is aborted.
   *
   * @throws SqlError | TiviewError — for the client.
   */
  execute(input: StatementInput, context: SessionContext, signal: AbortSignal): AsyncIterable<ResultPart>;
  /** Where the views stand, as far as this instance knows. */
  frontier(): Frontier | undefined;
  /** Resolves when the views contain everything committed up to `ts`, or before this call. */
  waitFor(ts: Ts | 'now', signal: AbortSignal): Promise<Frontier>;
  /** For the status port: JSON-clonable. */
  status(): ServiceStatus;
}

/** What a front end needs of the service, in this process or another. */
export type StatementService = Pick<ViewService, 'names' | 'execute'>;

/** What the status port shows of views. */
export interface ServiceStatus {
  readonly role: 'owner' | 'standby';
  readonly owner: string;
  readonly epoch: string;
  readonly term: string;
  readonly lagMs: number | null;
  readonly views: readonly Readonly<Record<string, string | null>>[];
}
