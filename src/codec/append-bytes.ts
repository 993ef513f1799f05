/**
 * Copying short byte strings into a writer: for the lengths of keys, handles and most values a loop is faster than the
 * call into the runtime that copies memory.
 */
import type { ByteWriter } from '../base/byte-writer.js';

const LOOP_MAX = 32;

/** Appends bytes `start … end`. */
export function appendBytes(out: ByteWriter, bytes: Uint8Array, start = 0, end = bytes.length): void {
  if (end - start > LOOP_MAX) {
    out.bytes(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    return;
  }
  out.reserve(end - start);
  for (let i = start; i < end; i++) out.u8(bytes[i]!);
}
