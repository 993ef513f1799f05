/**
 * What one session has prepared by PREPARE: statements of ours, which TiDB never hears of, and what those that TiDB
 * has prepared would write. A table that became a view since then must not be written by EXECUTE.
 *
 * A text in a user variable is asked for, and looked at, before TiDB prepares it. Statements that TiDB prepares from
 * such a text, or instead of one of ours, are taken, so that what the client has sent behind them waits until it is
 * known which one the name means.
 */
import { SqlError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import { fromUtf8, utf8 } from '../../base/bytes.js';
import { type LexMode, lexModeOf } from '../../sql/scan/lex-mode.js';
import { type NamedStatement, namedStatement } from '../../sql/scan/named-statement.js';
import { ScanBit } from '../../sql/scan/statement-scanner.js';
import { writtenNames } from '../../sql/scan/written-names.js';
import type { WrittenNames } from '../../sql/scan/written-name.js';
import { printName } from '../../sql/parse/print-text.js';
import { parseViewStatement } from '../../sql/parse/view-statement-parser.js';
import type { AnswerOutcome } from '../../wire/expected-answers.js';
import type { LocalStatement, SessionAccess, Verdict } from '../statement-gate.js';
import type { GateNames } from './gate-names.js';
import { refusalOf } from './refusal.js';
import type { SessionDatabase } from './session-database.js';
import { askSession } from './session-questions.js';
import { statementText } from './statement-text.js';
import type { ParsedStatement } from './view-statement.js';

/** What is known of a name. `bytes`: roughly what that takes. */
type Entry =
  | { readonly kind: 'ours'; readonly parsed: ParsedStatement; readonly bytes: number }
  | ({ readonly kind: 'write'; readonly bytes: number } & Write);

/** What TiDB's statement writes; unqualified names mean this database. */
interface Write {
  readonly written: WrittenNames;
  readonly database: string | undefined;
}

const ENTRY_BYTES = 256;
const WRITTEN_NAME_BYTES = 128;
/** A tree is larger than its text. */
const BYTES_PER_CHARACTER = 16;

type Prepare = Extract<NamedStatement, { kind: 'prepare' }>;

/** ER of TiDB's: there is none of that name. */
const UNKNOWN_NAME = 8111;

/** What it is made of. */
export interface NamedStatementParts {
  readonly names: () => GateNames;
  readonly database: SessionDatabase;
  /** Runs a statement of ours. */
  readonly run: (parsed: ParsedStatement) => LocalStatement;
}

/** One session's. */
export class NamedStatements {
  readonly #parts: NamedStatementParts;
  /** Made for the first one: most sessions never have any. */
  #byName: Map<string, Entry> | undefined;
  #bytes = 0;

  constructor(parts: NamedStatementParts) {
    this.#parts = parts;
  }

  /** The verdict on a PREPARE, EXECUTE or DEALLOCATE; undefined: that of any statement of TiDB's. */
  judge(
    text: { readonly bytes: Uint8Array; readonly start: number; readonly end: number },
    modes: readonly LexMode[],
  ): Verdict | undefined {
    const { bytes, start, end } = text;
    for (const mode of modes) {
      const statement = namedStatement(bytes, start, end, mode);
      if (statement === undefined) continue;
      const entry = this.#byName?.get(statement.name);
      switch (statement.kind) {
        case 'prepare':
          return this.#judgePrepare(statement, entry, bytes.subarray(start, end), mode);
        case 'execute':
          return entry === undefined ? undefined : this.#judgeExecute(entry, statement.parameterCount);
        case 'deallocate':
          return entry === undefined ? undefined : this.#judgeDeallocate(entry, statement.name);
      }
    }
    return undefined;
  }

  /** A command that makes the session forget all names was answered. */
  onReset({ errno }: AnswerOutcome): void {
    if (errno !== 0) return;
    this.#byName = undefined;
    this.#bytes = 0;
  }

  #judgePrepare(
    { name, source }: Prepare,
    entry: Entry | undefined,
    bytes: Uint8Array,
    mode: LexMode,
  ): Verdict | undefined {
    if (source.kind === 'variable' || entry?.kind === 'ours') return this.#takePrepare(bytes);
    const inner = utf8(source.text);
    const bits = this.#parts.names().scanner.scan(inner, 0, inner.length, mode);
    if ((bits & ScanBit.ours) !== 0) return this.#takePrepare(bytes);
    const next = this.#writeOf(source.text, mode);
    if (next === undefined && entry === undefined) return undefined;
    if (this.#isFullFor(next)) return { kind: 'refuse', error: tooMany() };
    return { kind: 'pass', answered: ({ errno }) => this.#became(name, next, errno) };
  }

  #judgeExecute(entry: Entry, parameterCount: number): Verdict | undefined {
    if (entry.kind === 'ours') {
      // TiDB's own error for it: ours have no parameters.
      if (parameterCount === 0) return { kind: 'take', run: this.#parts.run(entry.parsed) };
      return { kind: 'refuse', error: new SqlError(8112, 'HY000', 'Wrong parameter count') };
    }
    const error = refusalOf(entry.written, this.#parts.names(), entry.database);
    return error === undefined ? undefined : { kind: 'refuse', error };
  }

  #judgeDeallocate(entry: Entry, name: string): Verdict {
    if (entry.kind === 'write')
      return { kind: 'pass', answered: ({ errno }) => this.#became(name, undefined, errno) };
    const run: LocalStatement = (_session, answer) => {
      this.#became(name, undefined, 0);
      answer.ok();
      return Promise.resolve();
    };
    return { kind: 'take', run };
  }

  #takePrepare(lent: Uint8Array): Verdict {
    const bytes = lent.slice();
    const run: LocalStatement = async (session, answer) => {
      const { pinned, characterSet } = await askSession(session);
      const mode = lexModeOf(pinned.sqlMode);
      const statement = namedStatement(bytes, 0, bytes.length, mode);
      const preparation = { bytes, mode, characterSet, session };
      const text = statement?.kind === 'prepare' ? await textOf(statement, preparation) : undefined;
      if (statement === undefined || text === undefined) {
        // TiDB says what is wrong with it.
        await session.relay(bytes);
      } else if (await this.#prepareOurs(statement.name, text, mode, session)) {
        answer.ok();
      } else {
        const next = this.#writeOf(text, mode);
        this.#checkWrite(next);
        const { errno } = await session.relay(bytes);
        this.#became(statement.name, next, errno);
      }
    };
    return { kind: 'take', run };
  }

  /** @returns whether the text is a statement of ours: then it is prepared. */
  async #prepareOurs(name: string, text: string, mode: LexMode, session: SessionAccess): Promise<boolean> {
    const bytes = utf8(text);
    const bits = this.#parts.names().scanner.scan(bytes, 0, bytes.length, mode);
    // A PREPARE of a PREPARE is for TiDB to refuse.
    if ((bits & ScanBit.ours) === 0 || (bits & ScanBit.named) !== 0) return false;
    if ((bits & ScanBit.many) !== 0) throw new SqlError(8115, 'HY000', 'Can not prepare multiple statements');
    const parsed = { statement: parseViewStatement(text, mode), text };
    const entry: Entry = { kind: 'ours', parsed, bytes: ENTRY_BYTES + text.length * BYTES_PER_CHARACTER };
    if (this.#isFullFor(entry)) throw tooMany();
    await forgetInTidb(name, session);
    this.#became(name, entry, 0);
    return true;
  }

  /** @throws SqlError — a view would be written. */
  #checkWrite(next: Extract<Entry, { kind: 'write' }> | undefined): void {
    if (next === undefined) return;
    const error = refusalOf(next.written, this.#parts.names(), next.database);
    if (error !== undefined) throw error;
    if (this.#isFullFor(next)) throw tooMany();
  }

  #writeOf(text: string, mode: LexMode): Extract<Entry, { kind: 'write' }> | undefined {
    const inner = utf8(text);
    const written = writtenNames(inner, 0, inner.length, mode);
    const { length } = written.names;
    if (length === 0) return undefined;
    const bytes = ENTRY_BYTES + length * WRITTEN_NAME_BYTES;
    return { kind: 'write', written, database: this.#parts.database.name, bytes };
  }

  #isFullFor(entry: Entry | undefined): boolean {
    return this.#bytes + (entry?.bytes ?? 0) > limits.namedStatementBytes;
  }

  /** TiDB, or we, have prepared or forgotten something under a name, unless that failed. */
  #became(name: string, entry: Entry | undefined, errno: number): void {
    if (errno !== 0) return;
    const byName = (this.#byName ??= new Map<string, Entry>());
    this.#bytes += (entry?.bytes ?? 0) - (byName.get(name)?.bytes ?? 0);
    if (entry === undefined) byName.delete(name);
    else byName.set(name, entry);
  }
}

/** A PREPARE that is carried out: the session in which that happens. */
interface Preparation {
  readonly bytes: Uint8Array;
  readonly mode: LexMode;
  readonly characterSet: string;
  readonly session: SessionAccess;
}

/** The text that a PREPARE means; undefined: none that could be prepared. */
async function textOf(
  { source }: Prepare,
  { bytes, mode, characterSet, session }: Preparation,
): Promise<string | undefined> {
  if (source.kind === 'text') {
    const decoded = utf8(statementText(bytes, characterSet));
    const read = namedStatement(decoded, 0, decoded.length, mode);
    return read?.kind === 'prepare' && read.source.kind === 'text' ? read.source.text : undefined;
  }
  const variable = fromUtf8(bytes.subarray(source.start, source.end));
  // In hexadecimal: whatever character_set_results is.
  const { rows } = await session.query(`SELECT HEX(CONVERT(${variable} USING utf8mb4))`, session.signal);
  const hex = rows[0]?.[0]?.toString('latin1');
  return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString('utf8');
}

/** A name of ours is none of TiDB's any more. */
async function forgetInTidb(name: string, session: SessionAccess): Promise<void> {
  try {
    await session.query(`DEALLOCATE PREPARE ${printName(name)}`, session.signal);
  } catch (error) {
    if (!(error instanceof SqlError) || error.errno !== UNKNOWN_NAME) throw error;
  }
}

/** ER_MAX_PREPARED_STMT_COUNT_REACHED. */
function tooMany(): SqlError {
  const message = `Can't create more prepared statements: what a session keeps of them exceeds ${limits.namedStatementBytes} bytes`;
  return new SqlError(1461, '42000', message);
}
