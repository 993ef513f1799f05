/**
 * Shows each packet's header, whole and in place, of a stream that is cut anywhere: what a cut leaves of a header is
 * held back until the rest comes. For whoever looks at sequence ids or changes them; one who only follows lengths
 * has PacketFollower, which holds nothing back.
 */
import { NO_BYTES, concatBytes, copyBytes } from '../base/bytes.js';
import { FULL_PAYLOAD, HEADER_BYTES } from './packet-header.js';

/** A packet's header, at `at` in `bytes`. */
export interface VisitedHeader {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly sequence: number;
  /** Payload bytes. */
  readonly length: number;
  /** Whether a message begins, rather than goes on. */
  readonly isMessage: boolean;
}

/** Walks through a stream of packets. */
export class HeaderWalker {
  #left = 0;
  #isContinued = false;
  #cut: Uint8Array = NO_BYTES;

  /** Whether a header's first bytes are held back. */
  get isInHeader(): boolean {
    return this.#cut.length > 0;
  }

  /**
   * Walks on.
   *
   * @param visit - gets each header that has become whole.
   * @returns what was held back and the piece, without what is held back now: the very memory that `visit` was shown.
   */
  walk(piece: Uint8Array, visit: (header: VisitedHeader) => void): Uint8Array {
    const bytes = this.#cut.length === 0 ? piece : concatBytes(this.#cut, piece);
    this.#cut = NO_BYTES;
    let at = 0;
    for (;;) {
      const passed = Math.min(this.#left, bytes.length - at);
      this.#left -= passed;
      at += passed;
      if (at === bytes.length) return bytes;
      if (bytes.length - at < HEADER_BYTES) {
        this.#cut = copyBytes(bytes.subarray(at));
        return bytes.subarray(0, at);
      }
      const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      visit({ bytes, at, sequence: bytes[at + 3]!, length, isMessage: !this.#isContinued });
      this.#isContinued = length === FULL_PAYLOAD;
      this.#left = length;
      at += HEADER_BYTES;
    }
  }
}
