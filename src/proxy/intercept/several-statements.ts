/**
 * A packet of several statements, one of which at least TiDB may not see as it is: cut into its statements, which run
 * one after the other, each judged with the state that those before it left (database, views, prepared names). What
 * is TiDB's runs on the client's own session, as many at once as stand side by side, and TiDB's answer is sent on. The
 * first error ends the packet.
 *
 * TiDB reads a packet whole before it runs any of it, so a syntax error anywhere stops all. Here that holds of the
 * statements that TiDB does not know; one of TiDB's own is found malformed when its turn comes.
 */
import { assert } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import { type LexMode, lexModeOf } from '../../sql/scan/lex-mode.js';
import { type StatementRange, statementPieces } from '../../sql/scan/statement-end.js';
import { TokenCursor } from '../../sql/scan/token-cursor.js';
import { parseViewStatement } from '../../sql/parse/view-statement-parser.js';
import type { AnswerWriter, LocalStatement, SessionAccess, Verdict } from '../statement-gate.js';
import { type SessionState, askSession } from './session-questions.js';
import { statementText } from './statement-text.js';

/** Looks at single statements of a packet. */
export interface PieceJudge {
  /** With the state that there is now. */
  judge(bytes: Uint8Array, piece: StatementRange, mode: LexMode): Verdict;
  /** Whether it is one of this program's. */
  isOurs(bytes: Uint8Array, piece: StatementRange, mode: LexMode): boolean;
}

/** Character sets in which the second byte of a character may look like a quote. */
const DOUBLE_BYTE: ReadonlySet<string> = new Set(['gbk', 'gb18030']);

/** Answers a packet. @param bytes - its text, in the session's character set; a copy. */
export function severalStatements(bytes: Uint8Array, judge: PieceJudge): LocalStatement {
  return async (session, answer) => {
    const state = await askSession(session);
    const packet = new Packet(bytes, lexModeOfSession(state), judge);
    if (packet.isSeveral) {
      // Whether the client may send several is TiDB's to say: by what was agreed on, and by tidb_multi_statement_mode.
      await session.query('DO 0; DO 0', session.signal);
    }
    packet.checkSyntax(state.characterSet);
    await packet.run(session, answer);
  };
}

function lexModeOfSession({ pinned, characterSet }: SessionState): LexMode {
  return { ...lexModeOf(pinned.sqlMode), doubleByte: DOUBLE_BYTE.has(characterSet.toLowerCase()) };
}

class Packet {
  readonly #bytes: Uint8Array;
  readonly #mode: LexMode;
  readonly #judge: PieceJudge;

  constructor(bytes: Uint8Array, mode: LexMode, judge: PieceJudge) {
    this.#bytes = bytes;
    this.#mode = mode;
    this.#judge = judge;
  }

  get isSeveral(): boolean {
    const pieces = this.#pieces();
    pieces.next();
    return pieces.next().done !== true;
  }

  /** @throws SqlError — a statement of ours is malformed, or in a character set that cannot be read. */
  checkSyntax(characterSet: string): void {
    for (const piece of this.#pieces()) {
      if (!this.#judge.isOurs(this.#bytes, piece, this.#mode)) continue;
      parseViewStatement(statementText(this.#textOf(piece), characterSet), this.#mode);
    }
  }

  async run(session: SessionAccess, answer: AnswerWriter): Promise<void> {
    const pieces = this.#pieces();
    // Statements of TiDB's that stand side by side.
    let group: StatementRange | undefined;
    for (let next = pieces.next(); next.done !== true;) {
      const piece = next.value;
      next = pieces.next();
      const hasMore = next.done !== true;
      if (group !== undefined && !this.#isPlain(piece)) {
        await this.#relay(group, true, session, answer);
        if (answer.isFinished) return;
        group = undefined;
      }
      const verdict = this.#judgeOf(piece);
      if (verdict.kind === 'pass') {
        this.#refuseFile(piece);
        group = { start: group?.start ?? piece.start, end: piece.end };
        if (hasMore && verdict.answered === undefined) continue;
        const outcome = await this.#relay(group, hasMore, session, answer);
        verdict.answered?.(outcome);
        group = undefined;
      } else {
        await this.#answer(verdict, hasMore, session, answer);
      }
      if (answer.isFinished) return;
    }
  }

  /** Whether it is TiDB's and changes nothing of what the next are judged by. */
  #isPlain(piece: StatementRange): boolean {
    const verdict = this.#judgeOf(piece);
    return verdict.kind === 'pass' && verdict.answered === undefined && !this.#isLoadLocal(piece);
  }

  async #relay(
    range: StatementRange,
    hasMore: boolean,
    session: SessionAccess,
    answer: AnswerWriter,
  ): Promise<{ readonly errno: number; readonly status: number }> {
    answer.expectMore(hasMore);
    await answer.flush(session.signal);
    return session.relay(this.#textOf(range));
  }

  async #answer(
    verdict: Exclude<Verdict, { kind: 'pass' }>,
    hasMore: boolean,
    session: SessionAccess,
    answer: AnswerWriter,
  ): Promise<void> {
    switch (verdict.kind) {
      case 'refuse':
        throw verdict.error;
      case 'take':
        answer.expectMore(hasMore);
        await answer.flush(session.signal);
        await verdict.run(session, answer);
        return;
      case 'needMore':
        assert(false, 'a statement of a packet is complete');
    }
  }

  /** The client would send the file where nobody reads it from. */
  #refuseFile(piece: StatementRange): void {
    if (!this.#isLoadLocal(piece)) return;
    const message = 'Send LOAD DATA LOCAL in a packet of its own, not beside statements that concern views';
    throw new SqlError(1235, '42000', message);
  }

  #isLoadLocal({ start, end }: StatementRange): boolean {
    const cursor = new TokenCursor(this.#bytes, start, end, this.#mode);
    if (!cursor.take('load')) return false;
    while (cursor.keyword !== 'local' && cursor.kind === 'word') cursor.next();
    return cursor.keyword === 'local';
  }

  #judgeOf(piece: StatementRange): Verdict {
    return this.#judge.judge(this.#bytes, piece, this.#mode);
  }

  #textOf({ start, end }: StatementRange): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  #pieces(): Generator<StatementRange, undefined> {
    return statementPieces(this.#bytes, 0, this.#bytes.length, this.#mode);
  }
}
