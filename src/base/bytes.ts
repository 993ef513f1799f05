/** Bytes: comparing, joining, printing. Byte order is memcmp's everywhere in this program. */

/** No bytes. Shared, so never write to it (there is nothing to write to). */
export const NO_BYTES = new Uint8Array(0);

/**
 * The bytes as a latin1 string: one character a byte. Two such strings compare with `<` exactly as memcmp compares
 * the bytes, and they can be keys of a `Map`, so this is row identity where packed bytes would be too much.
 */
export type KeyString = string & { readonly brand: 'KeyString' };

/** memcmp: negative, zero or positive. A prefix comes before what it is a prefix of. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Whether both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** A new array with all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A copy that shares nothing with what it was cut from (a socket's buffer is reused or kept alive by a slice). */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** A `Buffer` over the same memory: for its fast string conversions. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** Inverse of {@link toHex}. */
export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** Text as UTF-8 bytes. */
export function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}

/** UTF-8 bytes as text; broken sequences become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}

/** @see KeyString */
export function keyString(bytes: Uint8Array): KeyString {
  return asBuffer(bytes).toString('latin1') as KeyString;
}

/** Inverse of {@link keyString}. */
export function keyBytes(key: KeyString): Uint8Array {
  return new Uint8Array(Buffer.from(key, 'latin1'));
}

/** The least key that is greater than every key beginning with `prefix`; empty if there is none (all 0xFF). */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const end = copyBytes(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    const byte = end[i]!;
    if (byte < 0xff) {
      end[i] = byte + 1;
      return end.subarray(0, i + 1);
    }
  }
  return NO_BYTES;
}

/** The key right after `key`: `key` and a zero byte. */
export function nextKey(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
