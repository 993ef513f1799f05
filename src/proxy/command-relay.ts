/**
 * The command phase of one session: forwards both directions untouched, keeps account of which answers are still to
 * come, and has statements that are refused or taken answered here, each in its turn.
 *
 * Order is the whole difficulty. A client may send many commands before the first is answered; so an answer of ours
 * waits until tidb-server's answers to everything before it are out (`#turn`), and what the client sends after it
 * waits until ours is out (`#input`). No socket is known here: see RelayPorts.
 *
 * Whatever cannot be followed ends the session with an ERR packet that says so, in its turn too.
 *
 * Over 400 lines, because each of its decisions looks at nearly all of its state.
 */
import { assert } from '../base/assert.js';
import { NO_BYTES, concatBytes } from '../base/bytes.js';
import { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import { AnswerFollower } from '../wire/answer-follower.js';
import { AnswerKind, type AnswerKindCode } from '../wire/answer-kind.js';
import { Capability } from '../wire/capability.js';
import type { AnswerListener } from '../wire/expected-answers.js';
import { nextSequence } from '../wire/packet-header.js';
import { ProtocolError } from '../wire/protocol-error.js';
import { SESSION_STATUS, ServerStatus } from '../wire/server-status.js';
import { CommandWalker, type MessageHandler, type MessageHead, type Route } from './command-walker.js';
import { framedErr } from './error-map.js';
import { HeldStatement } from './held-statement.js';
import type { CommandWatch } from './journal/command-watch.js';
import { LocalAnswer } from './local-answer.js';
import { localPacket } from './local-packet.js';
import { LocalTask } from './local-task.js';
import type { Standstill } from './move/standstill.js';
import { OwnQueries } from './own-queries.js';
import { interrupted, statementTooLong } from './proxy-errors.js';
import type { CommandRelayParts, RelayPorts } from './relay-ports.js';
import type { SessionState } from './server-metrics.js';
import type { SessionAccess } from './statement-gate.js';
import { type Decision, type LocalAction, StatementRouter } from './statement-router.js';

/** Relays one session's commands and answers. */
export class CommandRelay {
  readonly #parts: CommandRelayParts;
  readonly #ports: RelayPorts;
  readonly #isEofDeprecated: boolean;
  readonly #answers: AnswerFollower;
  readonly #walker: CommandWalker;
  readonly #router: StatementRouter;
  readonly #queries: OwnQueries;
  readonly #watch: CommandWatch | undefined;
  /** What the client sent that has to wait. */
  #input: Uint8Array[] = [];
  #inputBytes = 0;
  #isClientHeld = false;
  #held: HeldStatement | undefined;
  /** What happens when the message that is dropped now has ended. */
  #afterDrop: LocalAction | undefined;
  /** What happens when all earlier answers are out. */
  #turn: (() => void) | undefined;
  #task: LocalTask | undefined;
  #standstill: Standstill | undefined;
  #connectionId: number;
  #isReceivingFile = false;
  #isFailing = false;
  #hasEnded = false;

  constructor(parts: CommandRelayParts) {
    this.#parts = parts;
    this.#ports = parts.ports;
    this.#watch = parts.watch;
    this.#isEofDeprecated = (parts.capabilities & Capability.deprecateEof) !== 0;
    this.#answers = new AnswerFollower(this.#isEofDeprecated, parts.status, () => {
      const refusal = parts.ports.passwordRefusal();
      if (refusal !== undefined) throw refusal;
    });
    this.#connectionId = parts.connectionId;
    this.#router = new StatementRouter(parts.gate, parts.origin, parts.changeUser);
    this.#queries = new OwnQueries((bytes) => parts.ports.toBackend(bytes), this.#isEofDeprecated);
    this.#walker = new CommandWalker(this.#handler(), parts.maxPacketBytes);
  }

  /** Whether the session could end now without cutting anything short: no command, transaction or cursor is open. */
  get isQuiet(): boolean {
    return this.#isStill && this.#input.length === 0 && this.#standstill === undefined;
  }

  /** Whether nothing is under way but perhaps a transaction or a cursor: it is the client's turn. */
  get isAwaitingCommand(): boolean {
    return this.#isWaiting && this.#input.length === 0 && this.#standstill === undefined;
  }

  get #isStill(): boolean {
    const open = ServerStatus.inTransaction | ServerStatus.cursorExists;
    return this.#isWaiting && (this.#answers.status & open) === 0;
  }

  get #isWaiting(): boolean {
    return (
      this.#answers.lastExpected === undefined &&
      this.#turn === undefined &&
      this.#task === undefined &&
      !this.#isReceivingFile &&
      !this.#walker.isInMessage
    );
  }

  /** What the session does. */
  get state(): SessionState {
    if (this.#answers.pendingCount > 0 || this.#turn !== undefined || this.isAnswering) return 'answering';
    return (this.#answers.status & ServerStatus.inTransaction) === 0 ? 'idle' : 'transaction';
  }

  /** @param chunk - handed over: nobody writes to it any more. */
  fromClient(chunk: Uint8Array): void {
    if (this.#hasEnded || this.#isFailing) return;
    if (this.#input.length > 0 || this.#isBlocked) this.#keep(chunk);
    else this.#walk(chunk);
    if (this.#standstill !== undefined) this.#tryStandstill();
  }

  /** @param chunk - the first `length` bytes of it; lent for the call. */
  fromBackend(chunk: Uint8Array, length: number): void {
    if (this.#hasEnded) return;
    this.#watch?.received(length);
    try {
      this.#follow(chunk, length);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof SqlError)) throw error;
      this.#failBackend(chunk, error);
      return;
    }
    if (this.#answers.pendingCount === 0) this.#parts.meter.answered();
    const errors = this.#answers.takeErrors();
    if (errors > 0) this.#parts.meter.refusedByServer(errors);
    if (this.#turn !== undefined) this.#tryTurn();
    if (this.#standstill !== undefined) this.#tryStandstill();
    if (this.#input.length > 0) this.#resumeInput();
  }

  /** The session is to stand still, as soon as it can; undefined: it goes on. */
  setStandstill(standstill: Standstill | undefined): void {
    this.#standstill = standstill;
    if (standstill === undefined) this.#resumeInput();
    else this.#tryStandstill();
  }

  /** That the session waits for, or is in. */
  get standstill(): Standstill | undefined {
    return this.#standstill;
  }

  /** Runs a statement on the session while it stands still. @see SessionAccess.query */
  readonly ask: SessionAccess['query'] = (sql, signal) => this.#queries.run(sql, signal);

  /** Settles when the tidb-server owes no answer to what was asked. */
  answered(): Promise<void> {
    return this.#queries.idle();
  }

  /** Another tidb-server goes on with the session, which stands still. @param status - its flags there. */
  takenOver(connectionId: number, status: number): void {
    this.#connectionId = connectionId;
    this.#answers.noteStatus(status);
  }

  /** Aborts the statement that is answered here now, as KILL QUERY would. @returns whether there was one. */
  interrupt(): boolean {
    this.#task?.interrupt(interrupted());
    return this.isAnswering;
  }

  /** Whether a statement is answered here now. */
  get isAnswering(): boolean {
    return this.#task !== undefined;
  }

  /** Whether {@link interrupt} ends what runs now: TiDB knows nothing of it, so its own KILL does not. */
  get isInterruptible(): boolean {
    return this.#task !== undefined && !this.#queries.isRelaying;
  }

  /** The session ends. A statement that is answered here is aborted; the client gets the reason, if it can. */
  end(reason: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#turn = undefined;
    this.#input = [];
    this.#watch?.end();
    this.#task?.abandon(reason);
    this.#queries.fail(reason);
    this.#standstill?.abandon(reason);
  }

  #follow(chunk: Uint8Array, length: number): void {
    if (this.#queries.isActive) {
      const { rest, status } = this.#queries.feed(chunk.subarray(0, length));
      if (status !== undefined) this.#answers.noteStatus(status);
      this.#answers.feed(rest, 0, rest.length);
      return;
    }
    this.#answers.feed(chunk, 0, length);
    // What comes while a statement is answered here can only be an unasked ERR packet: the connection's end follows.
    if (this.#task === undefined) this.#ports.toClient(chunk, length);
    if (this.#answers.takeFileRequest()) this.#beginFile();
  }

  #beginFile(): void {
    if (this.#walker.isInMessage || this.#input.length > 0 || this.#turn !== undefined) {
      throw new ProtocolError('client', 'commands were sent before the file that LOAD DATA LOCAL asks for');
    }
    this.#isReceivingFile = true;
  }

  #tryStandstill(): void {
    if (this.#isStill && this.#standstill?.hasBegun === false) this.#standstill.begin();
  }

  /** What belongs to a command under way goes on: its rest, a file, the exchange after COM_CHANGE_USER. */
  get #isStopped(): boolean {
    if (this.#standstill?.hasBegun === true) return true;
    const isUnderWay = this.#walker.isInMessage || this.#isReceivingFile;
    return !isUnderWay && this.#answers.pendingCount > 0 && this.#answers.lastExpected !== AnswerKind.auth;
  }

  get #isBlocked(): boolean {
    return (
      this.#turn !== undefined ||
      this.#task !== undefined ||
      (this.#standstill !== undefined && this.#isStopped) ||
      this.#isFailing ||
      this.#hasEnded ||
      this.#answers.pendingCount >= limits.pipelinedCommands
    );
  }

  #handler(): MessageHandler {
    return {
      isBlocked: () => this.#isBlocked,
      isReceivingFile: () => this.#isReceivingFile,
      route: (head) => this.#route(head),
      forward: (bytes, start, end) =>
        this.#ports.toBackend(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)),
      hold: (bytes) => this.#hold(bytes),
      endMessage: (sequence) => this.#endMessage(sequence),
      endFile: () => {
        this.#isReceivingFile = false;
      },
    };
  }

  #walk(chunk: Uint8Array): void {
    try {
      const rest = this.#walker.feed(chunk);
      if (rest.length > 0) this.#keep(rest);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof SqlError)) throw error;
      this.#failClient(error);
    }
  }

  #keep(chunk: Uint8Array): void {
    this.#input.push(chunk);
    this.#inputBytes += chunk.length;
    this.#holdClient();
  }

  #resumeInput(): void {
    while (this.#input.length > 0 && !this.#isBlocked) {
      const [first] = this.#input;
      const chunk = first !== undefined && this.#input.length === 1 ? first : concatBytes(...this.#input);
      this.#input = [];
      this.#inputBytes = 0;
      this.#walk(chunk);
    }
    this.#holdClient();
  }

  #holdClient(): void {
    const isHeld = this.#inputBytes > limits.heldInputBytes;
    if (isHeld === this.#isClientHeld) return;
    this.#isClientHeld = isHeld;
    this.#ports.holdClient(isHeld);
  }

  #route(head: MessageHead): Route {
    if (head.sequence !== 0) {
      // A client's part of the exchange after COM_CHANGE_USER.
      if (this.#answers.lastExpected === AnswerKind.auth) return 'forward';
      throw new ProtocolError('client', `packets out of order: ${head.sequence} begins no command`);
    }
    if (head.length === 0) throw new ProtocolError('client', 'an empty packet where a command begins');
    this.#parts.meter.command(this.#answers.pendingCount === 0);
    this.#watch?.begins(head);
    const decision = this.#router.route(head);
    if (decision.kind === 'hold') {
      this.#held = new HeldStatement();
      return 'hold';
    }
    return this.#decide(decision) ? 'forward' : 'drop';
  }

  #hold(bytes: Uint8Array): void {
    this.#held?.add(bytes);
    if (this.#held === undefined || this.#held.length <= limits.statementBytes) return;
    this.#held = undefined;
    this.#afterDrop = { kind: 'error', error: statementTooLong(limits.statementBytes) };
  }

  #endMessage(sequence: number): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) {
      const message = held.message();
      this.#watch?.whole(message);
      if (this.#decide(this.#router.routeHeld(message))) this.#ports.toBackend(held.framed());
    }
    const action = this.#afterDrop;
    this.#afterDrop = undefined;
    if (action === undefined) return;
    const statementId = action.kind === 'prepared' ? action.statementId : undefined;
    const answered = this.#watch?.answeredHere(action.kind === 'error', statementId);
    this.#takeTurn(() => this.#perform(action, nextSequence(sequence), answered));
  }

  /** @returns whether the message is forwarded. */
  #decide(decision: Decision): boolean {
    switch (decision.kind) {
      case 'forward':
        if (decision.answer === AnswerKind.none) this.#parts.meter.untimed();
        this.#expect(decision.answer, decision.listener);
        return true;
      case 'answer':
        this.#parts.meter.untimed();
        this.#afterDrop = decision.action;
        return false;
      case 'ignore':
        return false;
      case 'hold':
        assert(false, 'a statement is held once');
    }
  }

  #expect(kind: AnswerKindCode, listener: AnswerListener | undefined): void {
    const answers = this.#answers;
    const hasEnd = kind !== AnswerKind.none && kind !== AnswerKind.longData;
    if (this.#watch === undefined || !hasEnd) answers.expect(kind, listener);
    else
      answers.expect(
        kind,
        this.#watch.forwarded(listener, () => answers.preparedId),
      );
  }

  #takeTurn(act: () => void): void {
    assert(this.#turn === undefined, 'one answer of ours waits at a time');
    this.#turn = act;
    this.#tryTurn();
  }

  #tryTurn(): void {
    const act = this.#turn;
    if (act === undefined || this.#answers.pendingCount > 0) return;
    this.#turn = undefined;
    act();
  }

  /** @param answered - to be told of the answer's error, or 0. */
  #perform(action: LocalAction, sequence: number, answered: ((errno: number) => void) | undefined): void {
    if (action.kind === 'run') {
      this.#run(action, sequence, answered);
      return;
    }
    if (action.kind === 'error') this.#parts.meter.refusedHere();
    const packet = localPacket(action, sequence, this.#status);
    this.#ports.toClient(packet, packet.length);
    answered?.(action.kind === 'error' ? action.error.errno : 0);
  }

  #run(
    { statement, isBinary }: Extract<LocalAction, { kind: 'run' }>,
    sequence: number,
    answered: ((errno: number) => void) | undefined,
  ): void {
    const { runtime, capabilities } = this.#parts;
    const connectionId = this.#connectionId;
    const form = { isEofDeprecated: this.#isEofDeprecated, isBinary };
    const status = (): number => this.#status;
    const answer = new LocalAnswer(sequence, form, this.#ports, status);
    const finished = (): void => {
      this.#task = undefined;
      if (answer.hasFailed) this.#parts.meter.refusedHere();
      answered?.(answer.errno);
      if (this.#standstill !== undefined) this.#tryStandstill();
      this.#resumeInput();
    };
    const queries = this.#queries;
    this.#task = new LocalTask({
      runtime,
      statement,
      answer,
      queries,
      connectionId,
      capabilities,
      status,
      finished,
    });
    this.#task.start();
  }

  get #status(): number {
    return this.#answers.status & SESSION_STATUS;
  }

  /** The client's bytes make no sense, or are too many: what it sent before them is answered, then it is told. */
  #failClient(error: ProtocolError | SqlError): void {
    this.#isFailing = true;
    const err = framedErr(nextSequence(this.#walker.sequence), error);
    // The answer to a message that is cut short would never come.
    if (this.#walker.isInMessage) this.#endWith(err, error);
    else this.#takeTurn(() => this.#endWith(err, error));
  }

  /** The answers make no sense, or must not reach the client: what came before in this chunk is still good. */
  #failBackend(chunk: Uint8Array, error: ProtocolError | SqlError): void {
    const isRelaying = this.#task === undefined;
    const { errorAt, errorSequence } = this.#answers;
    if (isRelaying && errorAt > 0) this.#ports.toClient(chunk, errorAt);
    const err = framedErr(errorSequence, error);
    // In the middle of a packet an ERR packet would only be taken for more of it.
    this.#endWith(isRelaying && errorAt >= 0 ? err : NO_BYTES, error);
  }

  #endWith(last: Uint8Array, error: Error): void {
    this.end(error);
    this.#ports.end(last, error);
  }
}
