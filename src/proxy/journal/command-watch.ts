/**
 * Watches one session's commands for the journal: when each begins, what it is, and when its answer has ended. It keeps
 * the first bytes of each statement under way, and of statements that are prepared, and nothing after them.
 *
 * With pipelining an answer's bytes are counted up to the chunk that ends it, so what follows in the same chunk counts
 * for the one before.
 */
import { NO_BYTES } from '../../base/bytes.js';
import { limits } from '../../base/limits.js';
import { Command } from '../../wire/command.js';
import type { AnswerListener } from '../../wire/expected-answers.js';
import { HEADER_BYTES } from '../../wire/packet-header.js';
import type { MessageHead } from '../command-walker.js';
import type { JournalOptions } from './journal.js';
import type { SessionFacts } from './session-facts.js';
import { type StatementLabel, statementLabels } from './statement-kind.js';
import { shownText, statementDigest } from './statement-text.js';

/** A command under way. */
interface Running {
  readonly command: number;
  text: Uint8Array;
  /** Whether there was more of it. */
  isCut: boolean;
  readonly startMs: number;
  /** What the audit log tells of it; undefined: nothing. */
  audited: readonly StatementLabel[] | undefined;
}

/** Names of commands in records. */
const COMMAND_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Command).map(([name, code]) => [code, name]),
);

const NOTHING: Running = { command: 0, text: NO_BYTES, isCut: false, startMs: 0, audited: undefined };

/** Statements answered here that change nothing: an audit log is not about them. */
const READS: ReadonlySet<string> = new Set([
  ...['show', 'explain', 'desc', 'describe', 'admin', 'compare', 'select', 'set', 'prepare', 'deallocate'],
]);

/** Watches one session. */
export class CommandWatch {
  readonly #facts: SessionFacts;
  readonly #options: JournalOptions;
  readonly #monotonicMs: () => number;
  readonly #running = new Set<Running>();
  /** Texts by the number of the prepared statement, the oldest first. */
  readonly #prepared = new Map<number, Pick<Running, 'text' | 'isCut'>>();
  #last = NOTHING;
  #answerBytes = 0;

  constructor(facts: SessionFacts, options: JournalOptions, monotonicMs: () => number) {
    this.#facts = facts;
    this.#options = options;
    this.#monotonicMs = monotonicMs;
  }

  /** A command begins. @param head - of its message. */
  begins({ bytes, at, length, end }: MessageHead): void {
    const payload = at + HEADER_BYTES;
    const command = bytes[payload] ?? 0;
    const until = Math.min(payload + length, end);
    const running = { ...NOTHING, command, startMs: this.#monotonicMs() };
    this.#last = running;
    if (command === Command.stmtExecute || command === Command.stmtFetch) {
      Object.assign(running, this.#prepared.get(statementIdAt(bytes, payload + 1)));
    } else if (command === Command.stmtClose) {
      this.#prepared.delete(statementIdAt(bytes, payload + 1));
    } else if (command === Command.query || command === Command.stmtPrepare) {
      this.#look(running, bytes, payload + 1, until, length - 1);
    }
    if (this.#options.audit !== undefined && mayKill(running.text)) this.#auditKills(running);
  }

  /** The command that began last was held back and is complete. @param message - its code and its text. */
  whole(message: Uint8Array): void {
    this.#look(this.#last, message, 1, message.length, message.length - 1);
    if (this.#options.audit !== undefined && mayKill(this.#last.text)) this.#auditKills(this.#last);
  }

  /**
   * The command that began last goes to TiDB.
   *
   * @param listener - of its answer, if it has one besides.
   * @param preparedId - the number that the last COM_STMT_PREPARE was given, asked when its answer has ended.
   */
  forwarded(listener: AnswerListener | undefined, preparedId: () => number): AnswerListener {
    const running = this.#last;
    this.#running.add(running);
    return (outcome) => {
      // First: it may say what the record says, for instance another database.
      listener?.(outcome);
      if (running.command === Command.stmtPrepare && outcome.errno === 0) this.#keep(preparedId(), running);
      this.#ended(running, outcome.errno);
    };
  }

  /**
   * The command that began last is answered here.
   *
   * @param isRefused - it is answered by an error, without having been run.
   * @param preparedId - the number that it is given, if it is a COM_STMT_PREPARE.
   * @returns to be told the error of the answer when that is out; 0: none.
   */
  answeredHere(isRefused: boolean, preparedId: number | undefined): (errno: number) => void {
    const running = this.#last;
    this.#running.add(running);
    if (preparedId !== undefined) this.#keep(preparedId, running);
    else if (this.#options.audit !== undefined) {
      const labels = statementLabels(running.text);
      const isRead = labels.every(({ kind }) => READS.has(kind.split(' ')[0] ?? ''));
      if (isRefused || !isRead || labels.length === 0) running.audited = labels;
    }
    return (errno) => this.#ended(running, errno);
  }

  /** The tidb-server has sent something. */
  received(bytes: number): void {
    this.#answerBytes += bytes;
  }

  /** The session has ended: what was under way has been cut short. */
  end(): void {
    for (const running of this.#running) this.#ended(running, undefined);
    this.#prepared.clear();
  }

  #look(running: Running, bytes: Uint8Array, start: number, end: number, length: number): void {
    const most = Math.min(end, start + limits.loggedStatementBytes);
    // A copy: what was received is forwarded, and may be written over.
    running.text = bytes.slice(start, Math.max(start, most));
    running.isCut = running.text.length < length;
  }

  #auditKills(running: Running): void {
    const kills = statementLabels(running.text).filter(({ kind }) => kind.startsWith('kill'));
    if (kills.length > 0) running.audited = kills;
  }

  #keep(id: number, { text, isCut }: Running): void {
    this.#prepared.delete(id);
    this.#prepared.set(id, { text, isCut });
    if (this.#prepared.size <= limits.loggedPreparedStatements) return;
    const [oldest] = this.#prepared.keys();
    if (oldest !== undefined) this.#prepared.delete(oldest);
  }

  /** @param errno - undefined: it has not been answered. */
  #ended(running: Running, errno: number | undefined): void {
    if (!this.#running.delete(running)) return;
    const durationMs = this.#monotonicMs() - running.startMs;
    const bytes = this.#answerBytes;
    this.#answerBytes = 0;
    const { slow, audit } = this.#options;
    const isSlow = slow !== undefined && durationMs >= slow.thresholdMs;
    const { audited } = running;
    // Of what is prepared its running is told.
    const isAudited = audit !== undefined && audited !== undefined && running.command !== Command.stmtPrepare;
    if (!isSlow && !isAudited) return;
    const outcome = {
      durationMs: Math.round(durationMs * 1000) / 1000,
      bytes,
      errno,
      isCutShort: errno === undefined || undefined,
    };
    const record = { ...this.#facts.record(), command: COMMAND_NAMES.get(running.command), ...outcome };
    if (isSlow) slow.sink.write({ ...record, ...this.#textOf(running, slow.hasText) });
    if (isAudited) {
      const kind = audited.map((label) => label.kind).join('; ');
      const object = audited.flatMap((label) => label.object ?? []).join(', ') || undefined;
      audit.write({ event: 'statement', ...record, kind, object });
    }
  }

  #textOf(
    { text, isCut }: Running,
    hasText: boolean,
  ): Readonly<Record<string, string | boolean | undefined>> {
    if (text.length === 0) return {};
    const kind = statementLabels(text)[0]?.kind.split(' ')[0];
    const statement = hasText ? shownText(text) : undefined;
    if (statement === undefined) return { kind, digest: statementDigest(text) };
    return { kind, statement, isStatementCut: isCut || undefined };
  }
}

function statementIdAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24)) >>>
    0
  );
}

/** Whether it is worth looking for a KILL: the word is somewhere in the text. */
function mayKill(text: Uint8Array): boolean {
  return /kill/i.test(Buffer.from(text.buffer, text.byteOffset, text.length).toString('latin1'));
}
