/**
 * Walks through what a client sends, message by message, wherever chunks cut it. At the beginning of each message
 * its handler says where the message goes; runs of forwarded messages stay one piece, so that a chunk that is
 * forwarded whole is written whole.
 *
 * A message's header and first bytes are needed for that decision: if a chunk ends before them (at most eight bytes
 * into the message) those bytes wait for the next chunk. Nothing else is kept here.
 */
import { NO_BYTES, concatBytes, copyBytes } from '../base/bytes.js';
import type { SqlError } from '../base/errors.js';
import { HEADER_BYTES, nextSequence } from '../wire/packet-header.js';
import { PacketFollower } from '../wire/packet-follower.js';
import { ProtocolError } from '../wire/protocol-error.js';
import { packetTooLarge } from './proxy-errors.js';

/** Header, command code and statement number: what a handler can count on seeing (or the whole message). */
export const HEAD_BYTES = 9;

/** Where a message goes. */
export type Route = 'forward' | 'hold' | 'drop';

/** A message's beginning: `bytes[at …]` is its header. One object is used again and again. */
export interface MessageHead {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** End of what has arrived. */
  readonly end: number;
  /** Payload bytes of the first packet. */
  readonly length: number;
  readonly sequence: number;
}

/** Decides about messages and gets their bytes. */
export interface MessageHandler {
  /** Whether the next message must wait. Asked between messages. */
  isBlocked(): boolean;
  /** Whether the next messages are a file's contents: they are forwarded, and end with an empty one. */
  isReceivingFile(): boolean;
  /** @throws ProtocolError — when the message cannot be what the client sends now. */
  route(head: MessageHead): Route;
  /** @param bytes - from `start` to `end`: whole messages, or pieces of them, in order. */
  forward(bytes: Uint8Array, start: number, end: number): void;
  hold(bytes: Uint8Array): void;
  /** A message that was not forwarded has ended. @param sequence - of its last packet. */
  endMessage(sequence: number): void;
  endFile(): void;
}

/** Walks through one client's messages. */
export class CommandWalker {
  readonly #handler: MessageHandler;
  readonly #packet = new PacketFollower();
  readonly #head = { bytes: NO_BYTES as Uint8Array, at: 0, end: 0, length: 0, sequence: 0 };
  #carry: Uint8Array = NO_BYTES;
  #isInMessage = false;
  #isInPacket = false;
  #isFile = false;
  #route: Route = 'forward';
  #firstLength = -1;
  readonly #maxBytes: number;
  /** Payload bytes of the current message, as far as its packets have begun. */
  #messageBytes = 0;

  /** @param maxBytes - of one message; 0: no limit. */
  constructor(handler: MessageHandler, maxBytes: number) {
    this.#handler = handler;
    this.#maxBytes = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
  }

  /** Whether a message has begun and not ended. */
  get isInMessage(): boolean {
    return this.#isInMessage || this.#carry.length > 0;
  }

  /** Sequence id of the last packet. */
  get sequence(): number {
    return this.#packet.sequence;
  }

  /**
   * Walks on.
   *
   * @param chunk - handed over: what is forwarded of it is written from it.
   * @returns what has to wait because the handler is blocked; empty otherwise.
   * @throws ProtocolError — when the client's bytes cannot be followed; SqlError — when a message is too long: then
   *   `isInMessage` says whether that was in the middle of a message. Messages before it have been forwarded.
   */
  feed(chunk: Uint8Array): Uint8Array {
    const bytes = this.#carry.length === 0 ? chunk : concatBytes(this.#carry, chunk);
    this.#carry = NO_BYTES;
    const handler = this.#handler;
    let at = 0;
    // Where the bytes begin that are to be forwarded and are not yet.
    let from = 0;
    while (at < bytes.length) {
      if (!this.#isInMessage) {
        if (handler.isBlocked()) break;
        if (!this.#hasHead(bytes, at)) {
          this.#carry = copyBytes(bytes.subarray(at));
          if (from < at) handler.forward(bytes, from, at);
          return NO_BYTES;
        }
        this.#begin(bytes, at, from);
        if (this.#route !== 'forward') {
          if (from < at) handler.forward(bytes, from, at);
          from = bytes.length;
        }
      }
      const start = at;
      at = this.#walk(bytes, at);
      if (this.#route === 'hold') handler.hold(bytes.subarray(start, at));
      if (this.#route !== 'forward') from = at;
      if (!this.#isInMessage) this.#end();
    }
    if (from < at) handler.forward(bytes, from, at);
    return at < bytes.length ? bytes.subarray(at) : NO_BYTES;
  }

  #hasHead(bytes: Uint8Array, at: number): boolean {
    const available = bytes.length - at;
    if (available >= HEAD_BYTES) return true;
    if (available < HEADER_BYTES) return false;
    return available >= HEADER_BYTES + lengthAt(bytes, at);
  }

  #begin(bytes: Uint8Array, at: number, from: number): void {
    this.#firstLength = -1;
    this.#messageBytes = 0;
    this.#isFile = this.#handler.isReceivingFile();
    if (this.#isFile) {
      this.#route = 'forward';
      this.#isInMessage = true;
      return;
    }
    const head = this.#head;
    head.bytes = bytes;
    head.at = at;
    head.end = bytes.length;
    head.length = lengthAt(bytes, at);
    head.sequence = bytes[at + 3] ?? 0;
    try {
      if (head.length > this.#maxBytes) throw this.#tooLarge(head.sequence);
      this.#route = this.#handler.route(head);
    } catch (error) {
      if (from < at) this.#handler.forward(bytes, from, at);
      throw error;
    } finally {
      head.bytes = NO_BYTES;
    }
    this.#isInMessage = true;
  }

  /** Passes over the current message. @returns the position after it, or the chunk's end. */
  #walk(bytes: Uint8Array, start: number): number {
    const packet = this.#packet;
    let at = start;
    for (;;) {
      if (!this.#isInPacket) {
        const expected = nextSequence(packet.sequence);
        at = packet.enter(bytes, at, bytes.length);
        if (at < 0) return bytes.length;
        if (this.#firstLength < 0) this.#firstLength = packet.length;
        else if (packet.sequence !== expected) throw new ProtocolError('client', 'packets out of order');
        this.#messageBytes += packet.length;
        if (this.#messageBytes > this.#maxBytes) throw this.#tooLarge(packet.sequence);
        this.#isInPacket = true;
      }
      at = packet.pass(at, bytes.length);
      if (packet.left > 0) return at;
      this.#isInPacket = false;
      if (!packet.isContinued) {
        this.#isInMessage = false;
        return at;
      }
      if (at === bytes.length) return at;
    }
  }

  #tooLarge(sequence: number): SqlError {
    // The answer comes after the packet that was too much.
    this.#packet.sequence = sequence;
    return packetTooLarge();
  }

  #end(): void {
    if (this.#isFile) {
      if (this.#firstLength === 0) this.#handler.endFile();
    } else if (this.#route !== 'forward') {
      this.#handler.endMessage(this.#packet.sequence);
    }
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}
