/**
 * Decides for each command whether it goes to TiDB, waits for its rest, or is answered here: by asking the gate,
 * and by knowing which prepared statements are ours. It decides only; CommandRelay does it.
 */
import { assert } from '../base/assert.js';
import { NO_BYTES } from '../base/bytes.js';
import type { SqlError } from '../base/errors.js';
import { AnswerKind, type AnswerKindCode, answerKindOf } from '../wire/answer-kind.js';
import { Command } from '../wire/command.js';
import type { AnswerListener, AnswerOutcome } from '../wire/expected-answers.js';
import { FULL_PAYLOAD, HEADER_BYTES } from '../wire/packet-header.js';
import type { MessageHead } from './command-walker.js';
import { LocalStatements } from './local-statements.js';
import type { SessionOrigin } from './move/session-origin.js';
import { unknownStatement } from './proxy-errors.js';
import type { UserChange } from './session-user.js';
import type { LocalStatement, StatementGate, StatementKind, Verdict } from './statement-gate.js';

/** What is done instead of forwarding, once all earlier answers are out. */
export type LocalAction =
  | { readonly kind: 'error'; readonly error: SqlError }
  | { readonly kind: 'ok' }
  | { readonly kind: 'prepared'; readonly statementId: number }
  | { readonly kind: 'run'; readonly statement: LocalStatement; readonly isBinary: boolean };

/** What becomes of a command. */
export type Decision =
  | { readonly kind: 'forward'; readonly answer: AnswerKindCode; readonly listener?: AnswerListener }
  | { readonly kind: 'hold' }
  | { readonly kind: 'answer'; readonly action: LocalAction }
  /** Dropped: it has no answer. */
  | { readonly kind: 'ignore' };

type Pass = Extract<Verdict, { kind: 'pass' }>;

const HOLD: Decision = { kind: 'hold' };
const IGNORE: Decision = { kind: 'ignore' };

/** A decision to forward, by kind of answer: made once, because almost every command gets one. */
const FORWARD: readonly Decision[] = Object.values(AnswerKind).map((answer) => ({ kind: 'forward', answer }));

/** Commands that a gate is asked about, by code. */
const GATED: readonly (StatementKind | undefined)[] = Array.from({ length: 256 }, (_, command) => {
  switch (command) {
    case Command.query:
      return 'query';
    case Command.stmtPrepare:
      return 'prepare';
    case Command.initDb:
      return 'initDb';
    case Command.changeUser:
      return 'changeUser';
    case Command.resetConnection:
      return 'resetConnection';
    default:
      return undefined;
  }
});

/** Decides about one session's commands. */
export class StatementRouter {
  readonly #gate: StatementGate;
  readonly #origin: SessionOrigin;
  readonly #changeUser: (payload: Uint8Array) => UserChange;
  readonly #statements = new LocalStatements();
  readonly #text = {
    kind: 'query' as StatementKind,
    bytes: NO_BYTES as Uint8Array,
    start: 0,
    end: 0,
    isComplete: false,
  };

  /** @param changeUser - is asked about each COM_CHANGE_USER that the gate lets pass. */
  constructor(gate: StatementGate, origin: SessionOrigin, changeUser: (payload: Uint8Array) => UserChange) {
    this.#gate = gate;
    this.#origin = origin;
    this.#changeUser = changeUser;
  }

  /** @param head - of a command: its payload is not empty. */
  route(head: MessageHead): Decision {
    const { bytes, at, length } = head;
    const payload = at + HEADER_BYTES;
    const command = bytes[payload] ?? 0;
    const kind = GATED[command];
    if (kind !== undefined) {
      const text = this.#text;
      text.kind = kind;
      text.bytes = bytes;
      text.start = payload + 1;
      text.end = Math.min(payload + length, head.end);
      text.isComplete = payload + length <= head.end && length < FULL_PAYLOAD;
      return this.#judge(command);
    }
    if (!this.#statements.isEmpty) {
      const decision = this.#routeStatement(command, bytes, payload);
      if (decision !== undefined) return decision;
    }
    const answer = answerKindOf(command, length > 1 ? bytes[payload + 1] : undefined, length);
    if (command !== Command.setOption) return forward(answer);
    const listener = this.#origin.changeBy(bytes.subarray(payload, payload + length));
    return listener === undefined ? forward(answer) : { kind: 'forward', answer, listener };
  }

  /** Decides about a command that was held and is complete now. */
  routeHeld(message: Uint8Array): Decision {
    const command = message[0] ?? 0;
    const kind = GATED[command];
    assert(kind !== undefined, `command ${command} was held and is none that a gate sees`);
    Object.assign(this.#text, { kind, bytes: message, start: 1, end: message.length, isComplete: true });
    return this.#judge(command);
  }

  #judge(command: number): Decision {
    const text = this.#text;
    const verdict = this.#gate.judge(text);
    const isQuery = command === Command.query || command === Command.stmtPrepare;
    // Whatever else is asked about is short, and changes the session only when it is whole.
    if (!isQuery && verdict.kind === 'pass' && !text.isComplete) return HOLD;
    const message = isQuery ? NO_BYTES : text.bytes.subarray(text.start - 1, text.end);
    text.bytes = NO_BYTES;
    switch (verdict.kind) {
      case 'pass':
        return isQuery ? this.#passQuery(verdict, command) : this.#pass(verdict, message);
      case 'needMore':
        assert(!text.isComplete, 'a gate asked for more of a complete statement');
        return HOLD;
      case 'refuse':
        return { kind: 'answer', action: { kind: 'error', error: verdict.error } };
      case 'take':
        assert(text.isComplete, 'a gate took a statement that it had not seen whole');
        return { kind: 'answer', action: this.#take(verdict.run, text.kind) };
    }
  }

  #passQuery({ answered }: Pass, command: number): Decision {
    const answer = answerKindOf(command, undefined, 1);
    return answered === undefined ? forward(answer) : { kind: 'forward', answer, listener: answered };
  }

  /** @param message - the command, whole. */
  #pass({ answered }: Pass, message: Uint8Array): Decision {
    const command = message[0] ?? 0;
    const user = command === Command.changeUser ? this.#changeUser(message) : undefined;
    if (user?.kind === 'refuse') return { kind: 'answer', action: { kind: 'error', error: user.error } };
    const changed = this.#origin.changeBy(message);
    const listener = (outcome: AnswerOutcome): void => {
      if (outcome.errno === 0 && command !== Command.initDb) this.#statements.clear();
      user?.answered?.(outcome);
      answered?.(outcome);
      changed?.(outcome);
    };
    return { kind: 'forward', answer: answerKindOf(command, undefined, 1), listener };
  }

  #take(statement: LocalStatement, kind: StatementKind): LocalAction {
    if (kind !== 'prepare') return { kind: 'run', statement, isBinary: false };
    const added = this.#statements.add(statement);
    return typeof added === 'number'
      ? { kind: 'prepared', statementId: added }
      : { kind: 'error', error: added };
  }

  /** @returns undefined for a command that is about no statement of ours. */
  #routeStatement(command: number, bytes: Uint8Array, payload: number): Decision | undefined {
    if (command < Command.stmtExecute || command > Command.stmtFetch) return undefined;
    const id =
      (bytes[payload + 1] ?? 0) |
      ((bytes[payload + 2] ?? 0) << 8) |
      ((bytes[payload + 3] ?? 0) << 16) |
      ((bytes[payload + 4] ?? 0) << 24);
    const statement = this.#statements.get(id);
    if (statement === undefined) return undefined;
    switch (command) {
      case Command.stmtExecute:
        return { kind: 'answer', action: { kind: 'run', statement, isBinary: true } };
      case Command.stmtClose:
        this.#statements.remove(id);
        return IGNORE;
      case Command.stmtSendLongData:
        return IGNORE;
      case Command.stmtReset:
        return { kind: 'answer', action: { kind: 'ok' } };
      case Command.stmtFetch:
        // Executing one of ours never opens a cursor.
        return { kind: 'answer', action: { kind: 'error', error: unknownStatement(id, 'stmt_fetch') } };
      default:
        return undefined;
    }
  }
}

function forward(answer: AnswerKindCode): Decision {
  return FORWARD[answer] ?? { kind: 'forward', answer };
}
