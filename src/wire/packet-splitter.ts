/**
 * Cuts a stream into whole messages, joining those that span packets, where messages have to be read rather than
 * relayed: the handshake, and answers to our own queries. It holds at most one message, up to a bound, and joins
 * what arrived only when a message (or a packet of a long one) can be complete, so that time is linear.
 */
import { NO_BYTES, concatBytes } from '../base/bytes.js';
import { FULL_PAYLOAD, HEADER_BYTES } from './packet-header.js';
import { ProtocolError, type Sender } from './protocol-error.js';

/** One message, its packets joined. Its bytes are lent: the reader's to change, and valid until the splitter is fed. */
export interface Message {
  /** Of its last packet. */
  readonly sequence: number;
  readonly payload: Uint8Array;
  /** The same with its header, if it is a single packet: `payload` is a part of it. */
  readonly packet: Uint8Array | undefined;
}

/** Cuts a stream into messages. */
export class PacketSplitter {
  readonly #sender: Sender;
  readonly #maxBytes: number;
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  /** Bytes after `#at` without which there cannot be a next message. */
  #needed = HEADER_BYTES;

  /** @param maxBytes - of one message; a longer one is refused before it is held. */
  constructor(sender: Sender, maxBytes: number) {
    this.#sender = sender;
    this.#maxBytes = maxBytes;
  }

  /** Bytes that arrived and have not been given as a message: the reader's to bound as long as it takes none. */
  get pendingBytes(): number {
    return this.#bytes.length - this.#at + this.#arrivedBytes;
  }

  /** Adds what arrived. The chunk is copied, so its owner may reuse it. */
  feed(chunk: Uint8Array): void {
    // Short chunks, as a login has them, are copied into Node's pool rather than into memory of their own.
    this.#arrived.push(Buffer.from(chunk));
    this.#arrivedBytes += chunk.length;
  }

  /**
   * The next whole message, or undefined when there is none yet.
   *
   * @throws ProtocolError — when a message is longer than the bound.
   */
  next(): Message | undefined {
    if (this.pendingBytes < this.#needed) return undefined;
    this.#join();
    const bytes = this.#bytes;
    const parts: Uint8Array[] = [];
    let at = this.#at;
    let size = 0;
    for (;;) {
      if (bytes.length - at < HEADER_BYTES) {
        this.#wait(at + HEADER_BYTES);
        return;
      }
      const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      size += length;
      if (size > this.#maxBytes) {
        throw new ProtocolError(this.#sender, `a message of over ${this.#maxBytes} bytes where none can be`);
      }
      const payload = at + HEADER_BYTES;
      if (bytes.length - payload < length) {
        this.#wait(payload + length);
        return;
      }
      parts.push(bytes.subarray(payload, payload + length));
      if (length < FULL_PAYLOAD) {
        this.#at = payload + length;
        this.#needed = HEADER_BYTES;
        const sequence = bytes[at + 3]!;
        if (parts.length > 1) return { sequence, payload: concatBytes(...parts), packet: undefined };
        return { sequence, payload: parts[0]!, packet: bytes.subarray(at, this.#at) };
      }
      at = payload + length;
    }
  }

  /** Takes out what has not been given as a message. */
  rest(): Uint8Array {
    this.#join();
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = NO_BYTES;
    this.#at = 0;
    return rest;
  }

  #wait(until: number): undefined {
    this.#needed = until - this.#at;
    return undefined;
  }

  #join(): void {
    if (this.#arrived.length === 0) return;
    if (this.#at === this.#bytes.length && this.#arrived.length === 1) this.#bytes = this.#arrived[0]!;
    else this.#bytes = concatBytes(this.#bytes.subarray(this.#at), ...this.#arrived);
    this.#at = 0;
    this.#arrived = [];
    this.#arrivedBytes = 0;
  }
}
