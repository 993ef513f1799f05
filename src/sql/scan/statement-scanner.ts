/**
 * The one look at every statement that a client sends: is it for this program, may it write to a view, or may it
 * pass as it is. Bytes in, bits out: no parser, no promise, no allocation on the way of a statement that passes.
 *
 * A packet may hold several statements; the bits say what any of them does.
 */
import { utf8 } from '../../base/bytes.js';
import { CLASS_OF, CONTINUES_WORD, SPACE } from './byte-class.js';
import { Gate } from './gate.js';
import { keywordAt } from './keyword.js';
import type { LexMode } from './lex-mode.js';
import type { NameIndex } from './name-index.js';
import { kindByFirstWord, statementKind, type StatementKind } from './statement-kind.js';
import { stringText } from './string-text.js';
import { Noticed, Sweep } from './sweep.js';
import { TokenCursor } from './token-cursor.js';

/** Bits of {@link StatementScanner.scan}'s answer. */
export const ScanBit = {
  /** Begins like one of this program's statements, or sets one of its variables. */
  ours: 1,
  /** May write, alter or lock a named table. */
  write: 2,
  /** A registered name occurs somewhere in the text. */
  name: 4,
  /** What it does cannot be told from its text: a prepared statement's name, text in a variable, an unclear comment. */
  hidden: 8,
  /** More than one statement. */
  many: 16,
  /** An optimizer hint speaks of `MV_READ`. */
  readHint: 32,
  /** Mentions one of this program's session variables. */
  variable: 64,
  /** Gives a name to a statement, runs or forgets what has one: PREPARE, EXECUTE, DEALLOCATE. */
  named: 128,
} as const;

/** What a packet is, as a whole: the strongest of its statements. */
export type StatementClass = 'pass' | 'ours' | 'write';

/** Scans statements against one snapshot of the registered names. */
export class StatementScanner {
  readonly #gate: Gate;
  readonly #sweep: Sweep;

  constructor(names: NameIndex) {
    this.#gate = new Gate(names);
    this.#sweep = new Sweep(names);
  }

  /** Bits of {@link ScanBit} for the statements in bytes[start, end). */
  scan(bytes: Uint8Array, start: number, end: number, mode: LexMode): number {
    let bits = 0;
    let statements = 0;
    let at = start;
    while (at < end) {
      while (at < end && CLASS_OF[bytes[at] ?? 0] === SPACE) at++;
      const isPassed = this.#gate.passes(bytes, at, end);
      const stop = isPassed ? end : this.#sweep.run(bytes, at, end, mode);
      const noticed = isPassed ? 0 : this.#sweep.noticed;
      const kind = fastKind(bytes, at, stop);
      if (kind !== undefined) {
        bits |= bitsOf(kind, noticed);
        statements++;
      } else if (stop > at) {
        const cursor = new TokenCursor(bytes, at, stop, mode);
        if (cursor.kind !== 'end' || cursor.isUnclear) {
          bits |= this.#slow(cursor, mode, noticed);
          statements++;
        }
      }
      at = stop + 1;
    }
    return statements > 1 ? bits | ScanBit.many : bits;
  }

  /** The class of the statements in bytes[start, end). */
  classify(bytes: Uint8Array, start: number, end: number, mode: LexMode): StatementClass {
    const bits = this.scan(bytes, start, end, mode);
    if ((bits & ScanBit.ours) !== 0) return 'ours';
    return (bits & ScanBit.write) !== 0 ? 'write' : 'pass';
  }

  /** Bits of a statement that its first word does not decide. */
  #slow(cursor: TokenCursor, mode: LexMode, noticed: number): number {
    while (cursor.takeSymbol('('));
    if (!cursor.take('prepare')) return bitsOf(statementKind(cursor), noticed);
    while (cursor.kind !== 'end' && !cursor.take('from')) cursor.next();
    if (cursor.kind !== 'string') return bitsOf('hidden', noticed) | ScanBit.named;
    const text = utf8(stringText(cursor.bytes, cursor.start, cursor.end, mode.noBackslashEscapes));
    const prepared = this.scan(text, 0, text.length, mode) & ~ScanBit.many;
    return prepared | bitsOf('pass', noticed) | ScanBit.named;
  }
}

/** The kind of a statement whose first word stands at `at` and decides it; undefined if it takes more than that. */
function fastKind(bytes: Uint8Array, at: number, end: number): StatementKind | undefined {
  let to = at;
  while (to < end && CONTINUES_WORD[bytes[to] ?? 0] === 1) to++;
  const word = keywordAt(bytes, at, to);
  return word === undefined ? undefined : kindByFirstWord(word);
}

function bitsOf(kind: StatementKind, noticed: number): number {
  let bits = 0;
  if ((noticed & Noticed.name) !== 0) bits |= ScanBit.name;
  if ((noticed & Noticed.readHint) !== 0) bits |= ScanBit.readHint;
  if ((noticed & Noticed.variable) !== 0) bits |= ScanBit.variable;
  if ((noticed & Noticed.unclear) !== 0) bits |= ScanBit.hidden | ScanBit.write;
  if (kind === 'ours' || (kind === 'set' && (noticed & Noticed.variable) !== 0)) return bits | ScanBit.ours;
  if (kind === 'hidden' || kind === 'execute') bits |= ScanBit.hidden;
  if (kind === 'deallocate' || kind === 'execute') bits |= ScanBit.named;
  return isWrite(kind, noticed) ? bits | ScanBit.write : bits;
}

function isWrite(kind: StatementKind, noticed: number): boolean {
  switch (kind) {
    case 'write':
    case 'hidden':
    case 'execute':
      return true;
    case 'with':
      return (noticed & (Noticed.lock | Noticed.dml)) !== 0;
    case 'query':
    case 'set':
      return (noticed & Noticed.lock) !== 0;
    case 'pass':
    case 'deallocate':
    case 'ours':
      return false;
  }
}
