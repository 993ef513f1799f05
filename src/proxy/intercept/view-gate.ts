/**
 * The verdict on each statement of one session: relayed, refused because it would write to a view, or answered here.
 * Synchronous, on the client's bytes where they lie; a statement that concerns no view costs one scan.
 */
import { SqlError } from '../../base/errors.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../sql/scan/lex-mode.js';
import type { NameIndex } from '../../sql/scan/name-index.js';
import { ScanBit, type StatementScanner } from '../../sql/scan/statement-scanner.js';
import { writtenNames } from '../../sql/scan/written-names.js';
import {
  type LocalStatement,
  NEED_MORE,
  PASS,
  type StatementGate,
  type StatementText,
  type Verdict,
} from '../statement-gate.js';
import { type ViewLookup, refusalOf } from './refusal.js';
import { type SessionDatabase, databaseUsed } from './session-database.js';

/** The names of one snapshot, prepared for looking up. */
export interface GateNames extends ViewLookup {
  readonly index: NameIndex;
  readonly scanner: StatementScanner;
}

/** What a gate is made of. */
export interface GateParts {
  /** The names now. */
  readonly names: () => GateNames;
  readonly database: SessionDatabase;
  /** Runs a statement of ours; its bytes are a copy. */
  readonly take: (text: Uint8Array) => LocalStatement;
}

/** As much of a statement as is needed to see whether it is one of ours. */
const HEAD_BYTES = 128;
const DOUBLE_QUOTE = 0x22;
/** `"x"` may be a name, if the session says so; nobody tells us whether it does. */
const ANSI_MODE: LexMode = { ...DEFAULT_LEX_MODE, ansiQuotes: true };

/** Judges one session's statements. */
export class ViewGate implements StatementGate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
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
      case 'changeUser':
        // It names a database too, or none; whichever it is, what was known is known no longer.
        return { kind: 'pass', answered: this.#parts.database.onAnswer(undefined) };
      case 'resetConnection':
        return PASS;
    }
  }

  #judgeText(statement: StatementText): Verdict {
    const names = this.#parts.names();
    const { bytes, start, end, isComplete } = statement;
    if (!isComplete) {
      // Without views only the first words matter: they say whether the statement is ours.
      const isLongEnough = end - start >= HEAD_BYTES;
      if (!isLongEnough || names.byName.size > 0) return NEED_MORE;
    }
    const bits = this.#scan(names, statement);
    if ((bits & ScanBit.ours) !== 0) return this.#ours(statement, bits);
    const isSuspect = (bits & ScanBit.write) !== 0 && (bits & ScanBit.name) !== 0;
    if (isSuspect) {
      for (const mode of modesOf(statement)) {
        const written = writtenNames(bytes, start, end, mode);
        const refused = refusalOf(written, names, this.#parts.database.name);
        if (refused !== undefined) return { kind: 'refuse', error: refused };
      }
    }
    return this.#passing(statement, bits);
  }

  #scan({ scanner }: GateNames, statement: StatementText): number {
    const { bytes, start, end } = statement;
    let bits = 0;
    for (const mode of modesOf(statement)) bits |= scanner.scan(bytes, start, end, mode);
    return bits;
  }

  #ours(statement: StatementText, bits: number): Verdict {
    const { bytes, start, end, isComplete } = statement;
    if (!isComplete) return NEED_MORE;
    if ((bits & ScanBit.many) !== 0) {
      const message = 'Send statements on materialized views one by one: several in one packet come later';
      return { kind: 'refuse', error: new SqlError(1235, '42000', message) };
    }
    return { kind: 'take', run: this.#parts.take(bytes.slice(start, end)) };
  }

  #passing(statement: StatementText, bits: number): Verdict {
    const { bytes, start, end, kind } = statement;
    const isUse = kind === 'query' && ((bits & ScanBit.many) !== 0 || beginsLikeUse(bytes, start, end));
    if (!isUse) return PASS;
    const used = databaseUsed(bytes, start, end, DEFAULT_LEX_MODE);
    return used === undefined ? PASS : { kind: 'pass', answered: this.#parts.database.onAnswer(used) };
  }
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
