/**
 * Frames messages: header, sequence id, continuation of long ones. Several messages gather in one buffer, so that
 * a whole answer is one write.
 */
import { ByteWriter } from '../base/byte-writer.js';
import { FULL_PAYLOAD, HEADER_BYTES, nextSequence } from './packet-header.js';

/** Gathers framed messages. */
export class PacketWriter {
  readonly #out: ByteWriter;
  #sequence: number;

  /** @param sequence - of the first packet. */
  constructor(sequence: number, capacity = 256) {
    this.#sequence = sequence;
    this.#out = new ByteWriter(capacity);
  }

  /** Sequence id of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Goes on counting from here: others' packets were sent meanwhile. */
  set sequence(sequence: number) {
    this.#sequence = sequence;
  }

  /** Bytes gathered. */
  get length(): number {
    return this.#out.length;
  }

  /** Adds a message whose payload `print` appends to the writer it is given (and does nothing else with it). */
  message(print: (out: ByteWriter) => void): this {
    const start = this.#out.length;
    this.#out.u32le(0);
    print(this.#out);
    const length = this.#out.length - start - HEADER_BYTES;
    if (length < FULL_PAYLOAD) {
      this.#out.setU32le(start, length | (this.#sequence << 24));
      this.#sequence = nextSequence(this.#sequence);
    } else {
      const payload = this.#out.take().subarray(start + HEADER_BYTES);
      this.#out.truncate(start);
      this.payload(payload);
    }
    return this;
  }

  /** Adds a message with this payload. */
  payload(payload: Uint8Array): this {
    let at = 0;
    for (;;) {
      const length = Math.min(payload.length - at, FULL_PAYLOAD);
      this.#out.u32le(length | (this.#sequence << 24)).bytes(payload.subarray(at, at + length));
      this.#sequence = nextSequence(this.#sequence);
      at += length;
      if (length < FULL_PAYLOAD) return this;
    }
  }

  /** A copy of what was gathered; the writer is empty again and counts on. */
  take(): Uint8Array {
    const bytes = this.#out.take();
    this.#out.reset();
    return bytes;
  }
}

/** One framed message. */
export function frame(sequence: number, print: (out: ByteWriter) => void): Uint8Array {
  return new PacketWriter(sequence).message(print).take();
}

/** One framed message with this payload: a copy. */
export function framePayload(sequence: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  if (length >= FULL_PAYLOAD)
    return new PacketWriter(sequence, length + HEADER_BYTES).payload(payload).take();
  const framed = Buffer.allocUnsafe(HEADER_BYTES + length);
  framed[0] = length;
  framed[1] = length >>> 8;
  framed[2] = length >>> 16;
  framed[3] = sequence;
  framed.set(payload, HEADER_BYTES);
  return framed;
}
