/** TiDB's keys and rows, as far as the checks of the rig write them by hand. */
import { concatBytes, utf8 } from '../../../src/base/bytes.js';

/** Memcomparable form: groups of eight bytes, each followed by 0xFF less the number of padding zeros. */
export function encodeBytes(raw: Uint8Array): Uint8Array {
  const groups = Math.floor(raw.length / 8) + 1;
  const out = new Uint8Array(groups * 9);
  for (let group = 0; group < groups; group++) {
    const part = raw.subarray(group * 8, group * 8 + 8);
    out.set(part, group * 9);
    out[group * 9 + 8] = 0xff - (8 - part.length);
  }
  return out;
}

/** Inverse of {@link encodeBytes}. */
export function decodeBytes(encoded: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 9 <= encoded.length; at += 9) {
    parts.push(encoded.subarray(at, at + 8 - (0xff - encoded[at + 8]!)));
  }
  return concatBytes(...parts);
}

function encodeInt(value: number): Uint8Array {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)) ^ (1n << 63n));
  return out;
}

/** Where a table's rows begin. */
export function rowsOf(tableId: number): Uint8Array {
  return concatBytes(utf8('t'), encodeInt(tableId), utf8('_r'));
}

/** Where they end. */
export function rowsEnd(tableId: number): Uint8Array {
  return concatBytes(utf8('t'), encodeInt(tableId), utf8('_s'));
}

/** Key of the row with an integer handle. */
export function rowKey(tableId: number, handle: number): Uint8Array {
  return concatBytes(rowsOf(tableId), encodeInt(handle));
}

/** A row (format v2) with one string column of the given id; long strings make the wide form. */
export function rowValue(columnId: number, text: string): Uint8Array {
  const data = utf8(text);
  const head = Buffer.alloc(9);
  head.set([0x80, 0, 1, 0, 0, 0, columnId]);
  head.writeUInt16LE(data.length, 7);
  return concatBytes(head, data);
}
