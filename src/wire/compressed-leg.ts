/** One side of a relay whose connection is compressed: frames outside, the plain protocol's stream inside. */

/** Codes and decodes one compressed connection. */
export interface CompressedLeg {
  /** Adds what arrived. @param chunk - lent. */
  feed(chunk: Uint8Array): void;
  /**
   * Contents of the next whole frame, with the sequence ids of the plain protocol; undefined when there is none yet.
   * May be empty. They are the caller's.
   *
   * @throws ProtocolError — it cannot be unpacked.
   */
  next(): Uint8Array | undefined;
  /** Frames for bytes of the plain protocol, which may be cut anywhere. @param bytes - lent for the call. */
  frame(bytes: Uint8Array): readonly Uint8Array[];
}
