/**
 * The verdict on each statement of one session: relayed, refused because it would write to a view, or answered here.
 * Synchronous, on the client's bytes where they lie; a statement that concerns no view costs one scan.
 */
import { SqlError } from '../../base/errors.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../sql/scan/lex-mode.js';
import { ScanBit } from '../../sql/scan/statement-scanner.js';
import { columnChanges } from '../../sql/scan/column-changes.js';
import { readTables } from '../../sql/scan/read-tables.js';
import { type StatementRange, splitStatements } from '../../sql/scan/statement-end.js';
import type { WrittenNames } from '../../sql/scan/written-name.js';
import { Capability } from '../../wire/capability.js';
import { parseChangeUser } from '../../wire/com-change-user.js';
import { ProtocolError } from '../../wire/protocol-error.js';
import { killedConnection } from '../../sql/scan/kill-statement.js';
import { writtenNames } from '../../sql/scan/written-names.js';
import {
  type LocalStatement,
  NEED_MORE,
  PASS,
  type StatementGate,
  type StatementText,
  type Verdict,
} from '../statement-gate.js';
import type { GateNames } from './gate-names.js';
import type { NamedStatements } from './named-statements.js';
import { refusalOf, refusalOfChange, refusalOfRead } from './refusal.js';
import { type AnsweredStatements, killStatement } from './kill.js';
import { type SessionDatabase, databaseUsed, databasesUsed } from './session-database.js';
import { type PieceJudge, severalStatements } from './several-statements.js';

/** What a gate is made of. */
export interface GateParts {
  /** The names now. */
  readonly names: () => GateNames;
  readonly database: SessionDatabase;
  readonly named: NamedStatements;
  /** Runs a statement of ours; its bytes are a copy. */
  readonly take: (text: Uint8Array) => LocalStatement;
  /** Runs a DROP DATABASE; its bytes are a copy. */
  readonly dropDatabase: (text: Uint8Array, database: string) => LocalStatement;
  readonly statements: AnsweredStatements;
  /** Of the client's connection. */
  readonly capabilities: number;
}

/** As much of a statement as is needed to see whether it is one of ours. */
const HEAD_BYTES = 128;
/** Where ALTER stands in a statement that begins with it, comments in front of it included. */
const ALTER_WITHIN_BYTES = 256;
const DOUBLE_QUOTE = 0x22;
/** `"x"` may be a name, if the session says so; nobody tells us whether it does. */
const ANSI_MODE: LexMode = { ...DEFAULT_LEX_MODE, ansiQuotes: true };

/** Judges one session's statements. */
export class ViewGate implements StatementGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  get database(): string | undefined {
    return this.#parts.database.name;
  }

  judge(statement: StatementText): Verdict {
    switch (statement.kind) {
      case 'query':
      case 'prepare':
        return this.#judgeText(statement);
      case 'initDb': {
        const { bytes, start, end, isComplete } = statement;
        if (!isComplete) return NEED_MORE;
        const name = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
        return { kind: 'pass', answered: this.#parts.database.onAnswer(name) };
      }
      case 'changeUser': {
        const { bytes, start, end, isComplete } = statement;
        if (!isComplete) return NEED_MORE;
        const { database, named } = this.#parts;
        const changed = database.onAnswer(this.#newDatabase(bytes.subarray(start - 1, end)));
        return {
          kind: 'pass',
          answered: (outcome) => {
            changed(outcome);
            named.onReset(outcome);
          },
        };
      }
      case 'resetConnection':
        return { kind: 'pass', answered: (outcome) => this.#parts.named.onReset(outcome) };
    }
  }

  /** The database that a COM_CHANGE_USER names. What we cannot read TiDB will not take either. */
  #newDatabase(payload: Uint8Array): string | undefined {
    try {
      return parseChangeUser(payload, this.#parts.capabilities).database || undefined;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return undefined;
    }
  }

  #judgeText(statement: StatementText): Verdict {
    const names = this.#parts.names();
    const { start, end, isComplete } = statement;
    if (!isComplete) {
      // Without views only the first words matter, and what may stand behind the first statement.
      const isLongEnough = end - start >= HEAD_BYTES;
      const mayBeMany = (this.#parts.capabilities & Capability.multiStatements) !== 0;
      if (!isLongEnough || mayBeMany || names.byName.size > 0) return NEED_MORE;
    }
    const modes = modesOf(statement);
    let bits = 0;
    for (const mode of modes) bits |= names.scanner.scan(statement.bytes, start, end, mode);
    const verdict = this.#verdictOn(statement, bits, modes, names);
    const mayPass = verdict.kind === 'pass' && (bits & ScanBit.named) === 0;
    if ((bits & ScanBit.many) === 0 || mayPass || verdict.kind === 'needMore') return verdict;
    if (statement.kind === 'prepare') return { kind: 'refuse', error: preparesSeveral() };
    return { kind: 'take', run: severalStatements(statement.bytes.slice(start, end), this.#pieces) };
  }

  /** A packet of several statements is judged here as if each of them did what any of them does. */
  #verdictOn(statement: StatementText, bits: number, modes: readonly LexMode[], names: GateNames): Verdict {
    if ((bits & ScanBit.named) !== 0) return this.#named(statement, bits, modes, names);
    if ((bits & ScanBit.ours) !== 0) return this.#ours(statement, bits);
    return this.#theirs(statement, bits, modes, names);
  }

  #theirs(statement: StatementText, bits: number, modes: readonly LexMode[], names: GateNames): Verdict {
    // Nearly every statement goes on from here without another look.
    const mayBeForbidden = (bits & ScanBit.write) !== 0 || names.hasInvalid;
    if (!mayBeForbidden) return this.#passing(statement, bits);
    for (const mode of modes) {
      const verdict = this.#forbidden(statement, bits, mode, names);
      if (verdict !== undefined) return verdict;
    }
    return this.#passing(statement, bits);
  }

  /** The verdict on PREPARE, EXECUTE and DEALLOCATE. */
  #named(statement: StatementText, bits: number, modes: readonly LexMode[], names: GateNames): Verdict {
    // TiDB prepares none of them.
    if (statement.kind === 'prepare') return PASS;
    if (!statement.isComplete) return NEED_MORE;
    // Each statement of a packet is asked about when it is alone.
    const verdict = (bits & ScanBit.many) === 0 ? this.#parts.named.judge(statement, modes) : undefined;
    if (verdict?.kind === 'take' || verdict?.kind === 'refuse') return verdict;
    const other = this.#theirs(statement, bits, modes, names);
    return other.kind === 'pass' ? (verdict ?? other) : other;
  }

  /** What the statements of a packet are judged by, one by one. */
  readonly #pieces: PieceJudge = {
    judge: (bytes, { start, end }, mode) => {
      const names = this.#parts.names();
      const bits = names.scanner.scan(bytes, start, end, mode);
      const statement = { kind: 'query', bytes, start, end, isComplete: true } as const;
      return this.#verdictOn(statement, bits, [mode], names);
    },
    isOurs: (bytes, { start, end }, mode) => {
      const bits = this.#parts.names().scanner.scan(bytes, start, end, mode);
      return (bits & (ScanBit.ours | ScanBit.named)) === ScanBit.ours;
    },
  };

  /** The verdict on a statement that may not reach TiDB as it is. */
  #forbidden(statement: StatementText, bits: number, mode: LexMode, names: GateNames): Verdict | undefined {
    const { bytes, start, end } = statement;
    const isMany = (bits & ScanBit.many) !== 0;
    // What stands after a USE in the same packet means the database that it names.
    const databases = [this.#parts.database.name, ...(isMany ? databasesUsed(bytes, start, end, mode) : [])];
    const isInRegistry = databases.some((database) => database?.toLowerCase() === names.systemSchema);
    const hasName = isInRegistry || (bits & ScanBit.name) !== 0;
    const isWrite = (bits & ScanBit.write) !== 0;
    let error: SqlError | undefined;
    if (isWrite && hasName) {
      const written = writtenNames(bytes, start, end, mode);
      const isPrepare = (bits & ScanBit.named) !== 0;
      const dropped = isPrepare ? undefined : soleDatabaseDropped(written, bits);
      if (dropped !== undefined && names.bySchema.has(dropped.toLowerCase()))
        return { kind: 'take', run: this.#parts.dropDatabase(bytes.slice(start, end), dropped) };
      error = firstOf(databases, (database) => refusalOf(written, names, database));
    }
    if (hasName && names.hasInvalid) {
      const read = readTables(bytes, start, end, mode);
      error ??= firstOf(databases, (database) => refusalOfRead(read, names, database));
    }
    if (isWrite && names.byBase.size > 0 && (isMany || mayAlter(bytes, start, end))) {
      const changes = columnChanges(bytes, start, end, mode);
      error ??= firstOf(databases, (database) => refusalOfChange(changes, names, database));
    }
    return error === undefined ? undefined : { kind: 'refuse', error };
  }

  #ours(statement: StatementText, bits: number): Verdict {
    const { bytes, start, end, isComplete } = statement;
    if (!isComplete) return NEED_MORE;
    if ((bits & ScanBit.many) !== 0) {
      // Of a packet this only says that it has to be taken apart; what cannot be taken apart stays with it.
      const message =
        'A comment that is code holds a statement on materialized views and others: send it alone';
      return { kind: 'refuse', error: new SqlError(1235, '42000', message) };
    }
    return { kind: 'take', run: this.#parts.take(bytes.slice(start, end)) };
  }

  #passing(statement: StatementText, bits: number): Verdict {
    const { bytes, start, end, kind } = statement;
    if (kind !== 'query') return PASS;
    if ((bits & ScanBit.many) === 0) return this.#passingOne(bytes, statement);
    let verdict = PASS;
    for (const piece of splitStatements(bytes, start, end, DEFAULT_LEX_MODE)) {
      const next = this.#passingOne(bytes, piece);
      if (next.kind !== 'pass') return next;
      if (next.answered !== undefined) verdict = next;
    }
    return verdict;
  }

  #passingOne(bytes: Uint8Array, statement: StatementRange): Verdict {
    const { start, end } = statement;
    const victim = killedConnection(bytes, start, end);
    if (victim !== undefined && this.#parts.statements.mayBeOurs(victim))
      return { kind: 'take', run: killStatement(bytes.slice(start, end), victim, this.#parts.statements) };
    if (!beginsLikeUse(bytes, start, end)) return PASS;
    const used = databaseUsed(bytes, statement, DEFAULT_LEX_MODE);
    return used === undefined ? PASS : { kind: 'pass', answered: this.#parts.database.onAnswer(used) };
  }
}

/** TiDB's own error for it. */
function preparesSeveral(): SqlError {
  return new SqlError(8115, 'HY000', 'Can not prepare multiple statements');
}

function firstOf(
  databases: readonly (string | undefined)[],
  refusal: (database: string | undefined) => SqlError | undefined,
): SqlError | undefined {
  for (const database of databases) {
    const found = refusal(database);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The database of a packet that is one DROP DATABASE and nothing else. */
function soleDatabaseDropped({ names }: WrittenNames, bits: number): string | undefined {
  const [name, ...more] = names;
  const isSole = name?.action === 'drop' && name.table === undefined && more.length === 0;
  return isSole && (bits & ScanBit.many) === 0 ? name.database : undefined;
}

/** Whether the word ALTER is in the text: what costs a walk over all tokens is asked of few statements. */
function mayAlter(bytes: Uint8Array, start: number, end: number): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, ALTER_WITHIN_BYTES));
  return /alter/i.test(text.toString('latin1'));
}

/** In which ways a text is read: as usual, and with ANSI_QUOTES if that could make a difference. */
function modesOf({ bytes, start, end }: StatementText): readonly LexMode[] {
  const quote = bytes.indexOf(DOUBLE_QUOTE, start);
  return quote >= 0 && quote < end ? BOTH_MODES : USUAL_MODE;
}

const USUAL_MODE = [DEFAULT_LEX_MODE];
const BOTH_MODES = [DEFAULT_LEX_MODE, ANSI_MODE];

/** Whether the first word may be USE: white space or a comment first, or a `u`. */
function beginsLikeUse(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 5) return false;
  const first = bytes[start] ?? 0;
  return (
    first === 0x75 || first === 0x55 || first === 0x2f || first === 0x2d || first === 0x23 || first <= 0x20
  );
}
