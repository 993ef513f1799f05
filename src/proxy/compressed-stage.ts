/**
 * What lies between a compressed socket and its session: unpacks frame by frame, and no further while the session has
 * paused, since one chunk can hold a thousand times its length.
 */
import type { CompressedLeg } from '../wire/compressed-leg.js';
import { ProtocolError } from '../wire/protocol-error.js';

/** Codes and decodes for one socket. */
export class CompressedStage {
  readonly #leg: CompressedLeg;
  readonly #received: (contents: Uint8Array) => void;
  readonly #fail: (error: ProtocolError) => void;
  #isPaused = false;
  #isUnpacking = false;
  #hasFailed = false;

  /**
   * @param received - gets the plain protocol's bytes, handed over.
   * @param fail - what arrived cannot be unpacked.
   */
  constructor(
    leg: CompressedLeg,
    received: (contents: Uint8Array) => void,
    fail: (error: ProtocolError) => void,
  ) {
    this.#leg = leg;
    this.#received = received;
    this.#fail = fail;
  }

  /** @param chunk - lent. */
  receive(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#leg.feed(chunk);
    this.#unpack();
  }

  /** @see CompressedLeg.frame */
  frame(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#leg.frame(bytes);
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on with what has arrived. @returns whether the socket may be read from: the session has not paused anew. */
  resume(): boolean {
    this.#isPaused = false;
    this.#unpack();
    return !this.#isPaused;
  }

  #unpack(): void {
    // The session may resume, or pause, while it is given something.
    if (this.#isUnpacking) return;
    this.#isUnpacking = true;
    while (!this.#isPaused && !this.#hasFailed) {
      const contents = this.#next();
      if (contents === undefined) break;
      if (contents.length > 0) this.#received(contents);
    }
    this.#isUnpacking = false;
  }

  #next(): Uint8Array | undefined {
    try {
      return this.#leg.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#hasFailed = true;
      this.#fail(error);
      return undefined;
    }
  }
}
