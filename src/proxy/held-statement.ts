/** A statement that is held back while it arrives, because its gate must see it whole. */
import { concatBytes, copyBytes } from '../base/bytes.js';
import { HEADER_BYTES } from '../wire/packet-header.js';
import { PacketFollower } from '../wire/packet-follower.js';

/** The packets of one message, as received. */
export class HeldStatement {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Bytes held, headers and command included. */
  get length(): number {
    return this.#length;
  }

  /** Adds what arrived, as a copy. */
  add(bytes: Uint8Array): void {
    this.#pieces.push(copyBytes(bytes));
    this.#length += bytes.length;
  }

  /** The packets as they were received. */
  framed(): Uint8Array {
    const all = this.#pieces.length === 1 ? this.#pieces[0] : undefined;
    if (all !== undefined) return all;
    const joined = concatBytes(...this.#pieces);
    this.#pieces = [joined];
    return joined;
  }

  /** The message without headers: the command's code and its text. */
  message(): Uint8Array {
    const framed = this.framed();
    const packet = new PacketFollower();
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at + HEADER_BYTES <= framed.length) {
      const from = packet.enter(framed, at, framed.length);
      at = packet.pass(from, framed.length);
      parts.push(framed.subarray(from, at));
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : concatBytes(...parts);
  }
}
