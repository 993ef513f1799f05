/**
 * Makes a server's answer to one COM_QUERY a part of a longer answer: sequence ids count on from what was sent before
 * it, and its last result says that another follows, if one does. Bytes are changed where they lie and nothing else
 * is, so that a result of any size passes through; what is kept is the beginning of a message that a chunk cut off
 * before its status flags.
 *
 * @see answer-follower.ts for the forms that answers have
 */
import { NO_BYTES, concatBytes, copyBytes } from '../base/bytes.js';
import { EOF_BELOW_BYTES, EOF_HEADER } from './eof-packet.js';
import { ERR_HEADER } from './err-packet.js';
import type { AnswerOutcome } from './expected-answers.js';
import { LOCAL_INFILE_HEADER } from './local-infile.js';
import { MessageHead } from './message-head.js';
import { OK_HEADER } from './ok-packet.js';
import { FULL_PAYLOAD, HEADER_BYTES, nextSequence } from './packet-header.js';
import { PayloadReader } from './payload-reader.js';
import { ProtocolError } from './protocol-error.js';
import { ServerStatus } from './server-status.js';

/** A message's header, and as much of it as an OK packet's status flags can need: two integers lie before them. */
const HEAD_BYTES = HEADER_BYTES + 1 + 9 + 9 + 2;

/** The place of an answer in a longer one. */
export interface AnswerPlace {
  /** Of its first packet, as the client shall see it. */
  readonly sequence: number;
  /** Whether another result follows. */
  readonly hasMore: boolean;
  readonly isEofDeprecated: boolean;
}

/** What became of a chunk. */
export interface RewrittenChunk {
  /** For the client. */
  readonly bytes: Uint8Array;
  /** Of the chunk, what comes after the answer. */
  readonly rest: Uint8Array;
  /** Once the answer has ended. `status` is 0 after an error: it says nothing of flags. */
  readonly outcome: AnswerOutcome | undefined;
}

/** Rewrites one answer. */
export class AnswerRewriter {
  readonly #place: AnswerPlace;
  readonly #head = new MessageHead();
  #carry: Uint8Array = NO_BYTES;
  #phase: 'head' | 'columns' | 'columnsEnd' | 'rows' = 'head';
  #columnsLeft = 0;
  /** Bytes of the current packet still to come; −1 between packets. */
  #left = -1;
  #isContinuation = false;
  /** Sequence id of the next packet as the server counts; −1: it begins where the command's packets ended. */
  #expected = -1;
  #sequence: number;
  #outcome: AnswerOutcome | undefined;

  constructor(place: AnswerPlace) {
    this.#place = place;
    this.#sequence = place.sequence;
  }

  /** Sequence id of the client's next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether the client has a part of a packet or message, so that nothing else can be said to it. */
  get isInMessage(): boolean {
    return this.#left >= 0 || this.#isContinuation;
  }

  /**
   * Rewrites a piece of the answer.
   *
   * @param chunk - changed; what is returned may lie in it.
   * @throws ProtocolError — when the answer cannot be followed; the session is then of no more use.
   */
  feed(chunk: Uint8Array): RewrittenChunk {
    const bytes = this.#carry.length === 0 ? chunk : concatBytes(this.#carry, chunk);
    this.#carry = NO_BYTES;
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      if (this.#left < 0) {
        if (!this.#hasHead(bytes, at)) {
          this.#carry = copyBytes(bytes.subarray(at));
          return { bytes: bytes.subarray(0, at), rest: NO_BYTES, outcome: undefined };
        }
        this.#enter(bytes, at);
        at += HEADER_BYTES;
      }
      const count = Math.min(this.#left, end - at);
      this.#left -= count;
      at += count;
      if (this.#left > 0) break;
      this.#left = -1;
      if (this.#outcome === undefined || this.#isContinuation) continue;
      return { bytes: bytes.subarray(0, at), rest: bytes.subarray(at), outcome: this.#outcome };
    }
    return { bytes, rest: NO_BYTES, outcome: undefined };
  }

  #hasHead(bytes: Uint8Array, at: number): boolean {
    const available = bytes.length - at;
    if (available < HEADER_BYTES) return false;
    return available >= Math.min(HEADER_BYTES + lengthAt(bytes, at), HEAD_BYTES);
  }

  #enter(bytes: Uint8Array, at: number): void {
    const length = lengthAt(bytes, at);
    const sequence = bytes[at + 3] ?? 0;
    if (this.#expected >= 0 && sequence !== this.#expected)
      throw lost(`a packet of sequence id ${sequence} where ${this.#expected} comes next`);
    if (!this.#isContinuation) {
      if (length === 0) throw lost('an empty message');
      this.#head.lie(bytes, at + HEADER_BYTES, Math.min(length, bytes.length - at - HEADER_BYTES));
      this.#message(bytes, at + HEADER_BYTES, length);
      this.#head.clear();
    }
    this.#expected = nextSequence(sequence);
    bytes[at + 3] = this.#sequence;
    this.#sequence = nextSequence(this.#sequence);
    this.#left = length;
    this.#isContinuation = length === FULL_PAYLOAD;
  }

  #message(bytes: Uint8Array, at: number, length: number): void {
    const first = this.#head.u8(0);
    if (first === ERR_HEADER) {
      this.#outcome = { errno: this.#head.errno(), status: 0 };
      return;
    }
    switch (this.#phase) {
      case 'head':
        if (first === LOCAL_INFILE_HEADER) throw lost('a file is asked for among several statements');
        if (first === OK_HEADER) this.#endResult(bytes, at, false);
        else this.#beginColumns(bytes.subarray(at, at + length));
        return;
      case 'columns':
        if (--this.#columnsLeft === 0) this.#phase = this.#place.isEofDeprecated ? 'rows' : 'columnsEnd';
        return;
      case 'columnsEnd':
        if (first !== EOF_HEADER) throw lost('no EOF packet after the columns');
        this.#markStatus(bytes, at, true);
        this.#phase = 'rows';
        return;
      case 'rows':
        if (first !== EOF_HEADER) return;
        if (length < (this.#place.isEofDeprecated ? FULL_PAYLOAD : EOF_BELOW_BYTES))
          this.#endResult(bytes, at, !this.#place.isEofDeprecated);
    }
  }

  #beginColumns(payload: Uint8Array): void {
    const reader = new PayloadReader(payload, 'tidb', 'column count');
    this.#columnsLeft = Number(reader.lenencInt());
    reader.end();
    if (this.#columnsLeft === 0) throw reader.malformed('no columns');
    this.#phase = 'columns';
  }

  #endResult(bytes: Uint8Array, at: number, isEof: boolean): void {
    const status = this.#markStatus(bytes, at, isEof);
    this.#phase = 'head';
    if ((status & ServerStatus.moreResults) === 0) this.#outcome = { errno: 0, status };
  }

  /** Says that another result follows, if one does. @returns the flags as the server sent them. */
  #markStatus(bytes: Uint8Array, at: number, isEof: boolean): number {
    const offset = isEof ? 3 : this.#head.okStatusAt();
    if (offset + 2 > this.#head.length) throw lost('a cut OK or EOF packet');
    const status = this.#head.u16(offset);
    if (this.#place.hasMore) bytes[at + offset] = (status | ServerStatus.moreResults) & 0xff;
    return status;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}

function lost(what: string): ProtocolError {
  return new ProtocolError('tidb', `lost track of tidb-server's answer: ${what}`);
}
