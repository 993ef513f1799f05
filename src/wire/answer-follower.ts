/**
 * Follows a server's packets without keeping them: sees where each command's answer ends, whatever its form and
 * wherever chunks cut it, and picks up the status flags on the way. Bytes are never changed or held, so that a
 * relay may forward the very chunk it was given.
 *
 * Every message but a plain row or definition is looked at when its last byte has passed: in the chunk itself if it is
 * there as a whole, else its first bytes are gathered in a small buffer until then. Rows and definitions are passed over
 * packet by packet in one loop, which is where a large result spends its time. Within one answer sequence ids must count up: a follower that lost its place finds out at the next header.
 *
 * Traps (all in the tests): EOF packets exist or not (deprecateEof); a row may begin with 0xFE if its first cell is
 * long; a message of 16 MiB − 1 is followed by an empty packet; a cursor's result ends after its columns; 0xFB turns
 * the direction; an ERR packet may take the place of any message.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { AnswerKind, type AnswerKindCode } from './answer-kind.js';
import { EOF_BELOW_BYTES, EOF_HEADER } from './eof-packet.js';
import { ERR_HEADER } from './err-packet.js';
import { type AnswerListener, ExpectedAnswers } from './expected-answers.js';
import { Lenenc } from './length-encoding.js';
import { LOCAL_INFILE_HEADER } from './local-infile.js';
import { MessageHead } from './message-head.js';
import { OK_HEADER } from './ok-packet.js';
import { FULL_PAYLOAD, HEADER_BYTES, nextSequence } from './packet-header.js';
import { PacketFollower } from './packet-follower.js';
import { asksForPassword } from './password-request.js';
import { PREPARE_OK_BYTES_MIN } from './prepare-ok.js';
import { ProtocolError } from './protocol-error.js';
import { ServerStatus } from './server-status.js';

/** What TiDB's refusals of COM_STMT_SEND_LONG_DATA have in common (conn_stmt.go, driver_tidb.go). */
const LONG_DATA_REFUSAL = 'stmt_send_longdata';

/** What the next message is. From `columns` on, most messages are passed over unseen. */
const Phase = {
  /** The first of an answer, or of a further result of the same answer. */
  head: 0,
  columnsEnd: 1,
  columns: 2,
  /** A known number of definitions and EOF packets, after COM_STMT_PREPARE. */
  definitions: 3,
  rows: 4,
} as const;

/** Follows one connection's answers. */
export class AnswerFollower {
  readonly #expected = new ExpectedAnswers();
  readonly #packet = new PacketFollower();
  readonly #isEofDeprecated: boolean;
  readonly #passwordAsked: (() => void) | undefined;
  readonly #head = new MessageHead();
  /** Whether a header has been passed and its payload not. */
  #isInPacket = false;
  /** Whether the current packet continues a message. */
  #isContinuation = false;
  /** Payload bytes of the current message's first packet. */
  #length = 0;
  #phase: (typeof Phase)[keyof typeof Phase] = Phase.head;
  /** Messages of the current phase still to come. */
  #left = 0;
  /** What the next packet's sequence id must be; −1: not known. */
  #sequence = -1;
  #messageStart = -1;
  #messageSequence = 0;
  #status: number;
  #wantsFile = false;
  #errors = 0;
  #preparedId = 0;

  /**
   * @param status - flags known from the handshake.
   * @param passwordAsked - called when the server wants a password itself after COM_CHANGE_USER; what it throws is
   *   thrown by {@link feed}.
   */
  constructor(isEofDeprecated: boolean, status: number, passwordAsked?: () => void) {
    this.#passwordAsked = passwordAsked;
    this.#isEofDeprecated = isEofDeprecated;
    this.#status = status;
  }

  /** Commands whose answers have not ended. */
  get pendingCount(): number {
    return this.#expected.count;
  }

  /** The form of the last answer expected. */
  get lastExpected(): AnswerKindCode | undefined {
    return this.#expected.last;
  }

  /** The number that the last COM_STMT_PREPARE was answered by. */
  get preparedId(): number {
    return this.#preparedId;
  }

  /** Flags of the last OK or EOF packet. */
  get status(): number {
    return this.#status;
  }

  /** Flags of a statement whose answer was read elsewhere. */
  noteStatus(status: number): void {
    this.#status = status;
  }

  /**
   * After an error: where in the chunk the message began that could not be followed, so that what is before it may
   * go on; −1 when it began in an earlier chunk.
   */
  get errorAt(): number {
    return this.#messageStart;
  }

  /** After an error: the sequence id that the message should have had, for an ERR packet in its place. */
  get errorSequence(): number {
    return this.#messageSequence;
  }

  /** Adds what the server will send for a command that is about to be forwarded. */
  expect(kind: AnswerKindCode, listener?: AnswerListener): void {
    this.#expected.push(kind, listener);
  }

  /** Whether the server has asked for a file since this was last called. */
  takeFileRequest(): boolean {
    const wantsFile = this.#wantsFile;
    this.#wantsFile = false;
    return wantsFile;
  }

  /** Commands that the server has answered by an error since this was last called. */
  takeErrors(): number {
    const errors = this.#errors;
    this.#errors = 0;
    return errors;
  }

  /**
   * Follows what the server sent: `chunk` from `start` to `end`.
   *
   * @throws ProtocolError — when it cannot be followed; the connection must end.
   */
  feed(chunk: Uint8Array, start: number, end: number): void {
    this.#walk(chunk, start, end);
    // The chunk is only lent.
    if (!this.#isInPacket) this.#head.clear();
  }

  #walk(chunk: Uint8Array, start: number, end: number): void {
    const packet = this.#packet;
    let at = start;
    this.#messageStart = -1;
    while (at < end) {
      if (!this.#isInPacket) {
        if (this.#phase >= Phase.columns && !packet.isInHeader && !this.#isContinuation) {
          at = this.#passPlain(chunk, at, end);
          if (at === end) return;
        }
        if (!this.#isContinuation && !packet.isInHeader) this.#messageStart = at;
        at = packet.enter(chunk, at, end);
        if (at < 0) return;
        this.#enterPacket();
        if (packet.left <= end - at && !packet.isContinued && !this.#isContinuation) {
          this.#head.lie(chunk, at, packet.length);
          at = packet.pass(at, end);
          this.#endMessage();
          continue;
        }
        this.#isInPacket = true;
      }
      const from = at;
      at = packet.pass(at, end);
      if (!this.#isContinuation) this.#head.gather(chunk, from, at);
      if (packet.left > 0) return;
      this.#isInPacket = false;
      this.#isContinuation = packet.isContinued;
      if (!this.#isContinuation) this.#endMessage();
    }
  }

  /**
   * Passes over packets that are rows or definitions beyond doubt and end in this chunk.
   *
   * @returns where that stops.
   */
  #passPlain(chunk: Uint8Array, start: number, end: number): number {
    const endBelow = this.#isEofDeprecated ? FULL_PAYLOAD : EOF_BELOW_BYTES;
    const isCounted = this.#phase !== Phase.rows;
    // The last one of a counted list is left to `#endInner`, which knows what follows it.
    let left = isCounted ? this.#left - 1 : Number.POSITIVE_INFINITY;
    let sequence = this.#sequence;
    let at = start;
    while (left > 0 && at + HEADER_BYTES < end) {
      const length = chunk[at]! | (chunk[at + 1]! << 8) | (chunk[at + 2]! << 16);
      const next = at + HEADER_BYTES + length;
      const first = chunk[at + HEADER_BYTES]!;
      if (next > end || length === 0 || length === FULL_PAYLOAD) break;
      if (first >= EOF_HEADER && (first === ERR_HEADER || length < endBelow)) break;
      if (chunk[at + 3] !== sequence) break;
      sequence = (sequence + 1) & 0xff;
      at = next;
      left--;
    }
    this.#sequence = sequence;
    if (isCounted) this.#left = left + 1;
    return at;
  }

  #enterPacket(): void {
    const packet = this.#packet;
    if (!this.#isContinuation) {
      this.#messageSequence = this.#sequence >= 0 ? this.#sequence : packet.sequence;
    }
    if (this.#sequence >= 0 && packet.sequence !== this.#sequence) {
      throw this.#lost(`a packet of sequence id ${packet.sequence} where ${this.#sequence} comes next`);
    }
    this.#sequence = nextSequence(packet.sequence);
    if (!this.#isContinuation) {
      this.#length = packet.length;
      this.#head.clear();
    }
  }

  #endMessage(): void {
    if (this.#length === 0) throw this.#lost('an empty message');
    const first = this.#head.u8(0);
    if (this.#phase === Phase.head) {
      this.#endHead(first);
    } else if (first === ERR_HEADER) {
      this.#complete(this.#head.errno());
    } else {
      this.#endInner(first);
    }
  }

  #endInner(first: number): void {
    switch (this.#phase) {
      case Phase.columns:
        if (--this.#left === 0) this.#phase = this.#isEofDeprecated ? Phase.rows : Phase.columnsEnd;
        return;
      case Phase.columnsEnd:
        if (!this.#isEnd(first)) throw this.#lost('no EOF packet after the columns');
        this.#readEndStatus();
        if ((this.#status & ServerStatus.cursorExists) !== 0) this.#endResult();
        else this.#phase = Phase.rows;
        return;
      case Phase.definitions:
        if (--this.#left === 0) this.#complete(0);
        return;
      default:
        if (this.#isEnd(first)) {
          this.#readEndStatus();
          this.#endResult();
        }
    }
  }

  #endHead(first: number): void {
    let kind = this.#expected.first;
    while (kind === AnswerKind.longData) {
      this.#expected.shift();
      if (first === ERR_HEADER && this.#head.text().includes(LONG_DATA_REFUSAL)) {
        this.#sequence = -1;
        return;
      }
      kind = this.#expected.first;
    }
    if (first === ERR_HEADER) {
      // A server may say unasked that it ends the connection.
      if (kind === undefined) this.#sequence = -1;
      else this.#complete(this.#head.errno());
      return;
    }
    switch (kind) {
      case AnswerKind.result:
        this.#endResultHead(first);
        return;
      case AnswerKind.single:
      case AnswerKind.twice:
        this.#endSingle(first, kind);
        return;
      case AnswerKind.prepare:
        this.#endPrepareHead(first);
        return;
      case AnswerKind.rows:
        this.#phase = Phase.rows;
        this.#endInner(first);
        return;
      case AnswerKind.text:
        this.#complete(0);
        return;
      case AnswerKind.auth:
        this.#endAuth(first);
        return;
      default:
        throw this.#lost('a message that answers nothing');
    }
  }

  #endResultHead(first: number): void {
    if (first === OK_HEADER) {
      this.#readOkStatus();
      this.#endResult();
    } else if (first === LOCAL_INFILE_HEADER) {
      if (this.#expected.count > 1) {
        throw new ProtocolError('client', 'commands were sent before the file that LOAD DATA LOCAL asks for');
      }
      this.#wantsFile = true;
      this.#sequence = -1;
    } else if (first === EOF_HEADER) {
      if (!this.#isEnd(first)) throw this.#lost('an answer that begins with 0xFE');
      this.#readEndStatus();
      this.#complete(0);
    } else {
      this.#left = this.#readColumnCount(first);
      this.#phase = Phase.columns;
    }
  }

  #endSingle(first: number, kind: AnswerKindCode): void {
    if (first === OK_HEADER) this.#readOkStatus();
    else if (this.#isEnd(first)) this.#readEndStatus();
    else throw this.#lost(`a packet beginning with ${first} where OK, EOF or ERR comes`);
    if (kind === AnswerKind.twice) this.#expected.replaceFirst(AnswerKind.single);
    else this.#complete(0);
  }

  #endPrepareHead(first: number): void {
    if (first !== OK_HEADER || this.#head.length < PREPARE_OK_BYTES_MIN) {
      throw this.#lost('no statement number after COM_STMT_PREPARE');
    }
    this.#preparedId = (this.#head.u16(1) | (this.#head.u16(3) << 16)) >>> 0;
    const columns = this.#head.u16(5);
    const parameters = this.#head.u16(7);
    const ends = this.#isEofDeprecated ? 0 : Number(columns > 0) + Number(parameters > 0);
    this.#left = columns + parameters + ends;
    if (this.#left === 0) this.#complete(0);
    else this.#phase = Phase.definitions;
  }

  #endAuth(first: number): void {
    // The client's answers lie between, so sequence ids are not consecutive here.
    this.#sequence = -1;
    if (first !== OK_HEADER) {
      if (asksForPassword(this.#head.bytes())) this.#passwordAsked?.();
      return;
    }
    this.#readOkStatus();
    this.#complete(0);
  }

  /** A result has ended: the answer too, unless another result follows. */
  #endResult(): void {
    if ((this.#status & ServerStatus.moreResults) === 0) this.#complete(0);
    else this.#phase = Phase.head;
  }

  #complete(errno: number): void {
    this.#phase = Phase.head;
    this.#sequence = -1;
    if (errno !== 0) this.#errors++;
    this.#expected.shift()?.({ errno, status: this.#status });
  }

  /** Whether a message of rows (or in the place of one) is their end. */
  #isEnd(first: number): boolean {
    return first === EOF_HEADER && this.#length < (this.#isEofDeprecated ? FULL_PAYLOAD : EOF_BELOW_BYTES);
  }

  #readEndStatus(): void {
    if (this.#isEofDeprecated && this.#length >= 7) {
      this.#readOkStatus();
      return;
    }
    const status = this.#head.eofStatus();
    if (status === undefined) throw this.#lost('a cut EOF packet');
    this.#status = status;
  }

  #readOkStatus(): void {
    const status = this.#head.okStatus();
    if (status === undefined) throw this.#lost('a cut OK packet');
    this.#status = status;
  }

  #readColumnCount(first: number): number {
    const head = this.#head;
    if (head.lenencBytes(0) !== this.#length) throw this.#lost('a column count of odd length');
    if (first < Lenenc.null) return first;
    const count = head.u16(1) | (first === Lenenc.u24 ? head.u8(3) << 16 : 0);
    if (count === 0) throw this.#lost('a result set without columns');
    return count;
  }

  #lost(what: string): ProtocolError {
    return new ProtocolError('tidb', `lost track of tidb-server's answer: ${what}`);
  }
}
