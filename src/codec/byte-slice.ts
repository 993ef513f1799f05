/**
 * A piece of a buffer that can be pointed somewhere else: hot loops keep a few of them and `set` them for every row,
 * where `subarray` would allocate an object a row.
 */

/** Bytes `start … end` of a buffer. Mutable: whoever is given one may use it only until its owner sets it again. */
export class ByteSlice {
  bytes: Uint8Array;
  start: number;
  end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Points it at other bytes. */
  set(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    return this;
  }

  /** The bytes, sharing the buffer's memory. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** Whether both hold the same bytes. */
  equals(other: ByteSlice): boolean {
    return (
      this.length === other.length && sameBytes(this.bytes, this.start, other.bytes, other.start, this.length)
    );
  }
}

/** Whether `length` bytes from two positions are the same. */
export function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}
