/**
 * Appended bytes, addressed by offset. Short pieces are copied word by word: making a view of the source and calling
 * `set` costs as much as a hundred bytes do.
 */
const BY_HAND = 256;

/** Bytes with a view for reading words: a message, or an arena. */
export interface WordBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** A growing run of bytes. `bytes` and `view` are replaced when it grows. */
export class ByteArena implements WordBytes {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView;
  used = 0;

  constructor(capacity = 0) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Appends `from.bytes[at … at + length)`. There must be room. */
  append(from: WordBytes, at: number, length: number): void {
    const to = this.used;
    this.used = to + length;
    if (length > BY_HAND) {
      this.bytes.set(from.bytes.subarray(at, at + length), to);
      return;
    }
    const source = from.view;
    const target = this.view;
    let i = 0;
    for (; i + 4 <= length; i += 4) target.setInt32(to + i, source.getInt32(at + i, true), true);
    for (; i < length; i++) target.setUint8(to + i, source.getUint8(at + i));
  }

  /** Whether `length` more bytes fit. */
  hasRoom(length: number): boolean {
    return this.used + length <= this.bytes.length;
  }

  /** Makes room for `length` more bytes, at least doubling. */
  reserve(length: number): void {
    if (this.hasRoom(length)) return;
    const bytes = new Uint8Array(Math.max(this.used + length, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.used));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
