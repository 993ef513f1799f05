/**
 * Which database the unqualified names of a session mean: from the login, COM_INIT_DB, and USE, each when TiDB has
 * said yes. Needed to tell whether `INSERT INTO v` means a view.
 */
import { fromUtf8 } from '../../base/bytes.js';
import { type StatementRange, splitStatements } from '../../sql/scan/statement-end.js';
import type { LexMode } from '../../sql/scan/lex-mode.js';
import { unquoteName } from '../../sql/scan/name-index.js';
import { TokenCursor } from '../../sql/scan/token-cursor.js';
import type { AnswerOutcome } from '../../wire/expected-answers.js';

/** The current database of one session. */
export class SessionDatabase {
  #name: string | undefined;

  /** @param name - named at login, if any. */
  constructor(name: string | undefined) {
    this.#name = name;
  }

  /** undefined: none. */
  get name(): string | undefined {
    return this.#name;
  }

  /** A command that makes `name` the database was sent: to be told how it was answered. */
  onAnswer(name: string | undefined): (outcome: AnswerOutcome) => void {
    return ({ errno }) => {
      if (errno === 0) this.#name = name;
    };
  }
}

/** The database that a statement names, if it is a USE. */
export function databaseUsed(
  bytes: Uint8Array,
  statement: StatementRange,
  mode: LexMode,
): string | undefined {
  const cursor = new TokenCursor(bytes, statement.start, statement.end, mode);
  if (!cursor.take('use')) return undefined;
  const { start: from, end: to } = cursor;
  return cursor.kind === 'name' ? unquoteName(bytes, from, to) : fromUtf8(bytes.subarray(from, to));
}

/** The databases that each USE among some statements names, in their order. */
export function databasesUsed(bytes: Uint8Array, start: number, end: number, mode: LexMode): string[] {
  return splitStatements(bytes, start, end, mode).flatMap((range) => databaseUsed(bytes, range, mode) ?? []);
}
