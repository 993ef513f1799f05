/**
 * The seam between relaying and views: whoever knows about views looks at each statement before it goes to TiDB and
 * says what becomes of it. The relay knows nothing else about statements.
 *
 * A gate is asked on the hot path, synchronously, with the client's bytes where they were received. For everything
 * that is no business of views it must say `pass` after a glance.
 */
import type { SqlError } from '../base/errors.js';
import type { ColumnDefinition } from '../wire/column-definition.js';
import type { AnswerOutcome } from '../wire/expected-answers.js';
import type { Cell } from '../wire/text-row.js';
import type { TextResult } from '../wire/text-result-reader.js';

/** Commands that a gate is asked about. */
export type StatementKind = 'query' | 'prepare' | 'initDb' | 'changeUser' | 'resetConnection';

/** A statement in the client's bytes. One object is used again and again: read it during the call only. */
export interface StatementText {
  readonly kind: StatementKind;
  /** Lent for the call. The text is `bytes[start … end)`, in the session's character_set_client. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Whether that is the whole text, or only as much as has arrived (possibly nothing). */
  readonly isComplete: boolean;
}

/** What becomes of a statement. */
export type Verdict =
  /** To TiDB, unchanged. `answered` is told when the last packet of TiDB's answer has passed. */
  | { readonly kind: 'pass'; readonly answered?: (outcome: AnswerOutcome) => void }
  /** Hold it back until it is complete, and ask again. Not allowed for a complete statement. */
  | { readonly kind: 'needMore' }
  /** Answered with this error. */
  | { readonly kind: 'refuse'; readonly error: SqlError }
  /**
   * Answered here, once all earlier answers are out; only for a complete statement. A prepared statement is given a
   * number of ours (it has no parameters), and `run` is called each time it is executed.
   */
  | { readonly kind: 'take'; readonly run: LocalStatement };

/** The verdict on almost everything. */
export const PASS: Verdict = { kind: 'pass' };

/** @see Verdict */
export const NEED_MORE: Verdict = { kind: 'needMore' };

/**
 * Answers a taken statement. Until its promise settles, nothing else happens on the client's session.
 *
 * It must finish the answer (`end`, `ok` or `err`), or throw: an operating error becomes an ERR packet
 * (error-map.ts), also in the middle of rows.
 */
export type LocalStatement = (session: SessionAccess, answer: AnswerWriter) => Promise<void>;

/** A client's session on its tidb-server, lent to a taken statement. */
export interface SessionAccess {
  /** As TiDB knows it: what KILL takes. */
  readonly connectionId: number;
  /** Bits of {@link Capability} that the client and TiDB have agreed on; they apply to `query` too. */
  readonly capabilities: number;
  /** Bits of {@link ServerStatus} after the last statement: whether a transaction is open, autocommit. */
  readonly status: number;
  /** Aborted when the client or the tidb-server goes away, or the statement is killed (`Proxy.interrupt`). */
  readonly signal: AbortSignal;
  /**
   * Runs one statement on the client's own session: its transaction, privileges, variables. The client sees nothing
   * of it; the session's diagnostics (SHOW WARNINGS, LAST_INSERT_ID) do. After an abort the statement may still run.
   *
   * @param sql - sent as UTF-8.
   * @throws SqlError — TiDB's own; LimitError — when the answer exceeds `ownQueryBytes`; the signal's reason.
   */
  query(sql: string, signal: AbortSignal): Promise<TextResult>;
  /**
   * Runs statements on the client's own session, as the client would, and sends TiDB's answer on as the next results
   * of the answer ({@link AnswerWriter.expectMore}), however long it is. An error ends the answer. It is no part of
   * what `interrupt` ends: TiDB's own KILL reaches it.
   *
   * @param text - of one or several statements, in the session's character set.
   * @throws the reason for which the session has ended.
   */
  relay(text: Uint8Array): Promise<AnswerOutcome>;
}

/** Writes the answer to a taken statement: rows are text, whatever protocol the client runs the statement by. */
export interface AnswerWriter {
  /** Whether its last result, or an error, is out. */
  readonly isFinished: boolean;
  /** Whether another result follows the one that is written next; without this, none does. */
  expectMore(hasMore: boolean): void;
  /** Begins a result set. */
  columns(columns: readonly ColumnDefinition[]): void;
  /**
   * Adds rows; resolves when the client has room for more.
   *
   * @throws the signal's reason.
   */
  rows(rows: readonly (readonly Cell[])[], signal: AbortSignal): Promise<void>;
  /** Sends what was gathered, for answers that come slowly. @throws the signal's reason. */
  flush(signal: AbortSignal): Promise<void>;
  /** Ends the result set, and the answer if no more is expected. */
  end(warnings?: number): void;
  /** Answers without a result set. */
  ok(ok?: { readonly affectedRows?: bigint; readonly warnings?: number; readonly info?: string }): void;
  /** Ends the answer with an error. */
  err(error: SqlError): void;
}

/** Looks at the statements of one session, in the order in which the client sent them. */
export interface StatementGate {
  /** The session's current database, as far as the gate can tell; undefined: none. */
  readonly database?: string | undefined;
  judge(statement: StatementText): Verdict;
}

/** What is known of a session when its gate is made. */
export interface SessionIdentity {
  readonly connectionId: number;
  readonly user: string;
  /** The database named at login, if any. */
  readonly database: string | undefined;
  readonly capabilities: number;
}

/** Makes a gate for each session that has logged in. */
export interface StatementGates {
  open(session: SessionIdentity): StatementGate;
}

/** Lets everything pass. */
export const OPEN_GATES: StatementGates = { open: ({ database }) => ({ database, judge: () => PASS }) };
