/**
 * How many bytes a JSON value takes in TiDB's binary form. Datums do not say it, the value's own header does.
 *
 * @see pingcap/tidb pkg/types/json_binary.go
 */
import { BadReplyError } from './bad-reply.js';

const JsonType = {
  object: 0x01,
  array: 0x03,
  literal: 0x04,
  int64: 0x09,
  uint64: 0x0a,
  float64: 0x0b,
  string: 0x0c,
  opaque: 0x0d,
  date: 0x0e,
  datetime: 0x0f,
  timestamp: 0x10,
  duration: 0x11,
} as const;

/**
 * Bytes of the value at `at`, its type byte included.
 *
 * @param at - of the type byte.
 */
export function jsonSize(view: DataView, at: number): number {
  const type = view.getUint8(at);
  switch (type) {
    case JsonType.object:
    case JsonType.array:
      // u32 count of elements, u32 size of everything after the type byte.
      return 1 + view.getUint32(at + 5, true);
    case JsonType.literal:
      return 2;
    case JsonType.int64:
    case JsonType.uint64:
    case JsonType.float64:
    case JsonType.date:
    case JsonType.datetime:
    case JsonType.timestamp:
      return 9;
    case JsonType.duration:
      // Nanoseconds and the number of digits of the fraction.
      return 13;
    case JsonType.string:
      return 1 + sized(view, at + 1);
    case JsonType.opaque:
      // MySQL's type code first.
      return 2 + sized(view, at + 2);
    default:
      throw new BadReplyError(`JSON of type ${type}`);
  }
}

/** Bytes of a length (a varint) and of what it announces. */
function sized(view: DataView, at: number): number {
  let length = 0;
  let factor = 1;
  for (let pos = at; ; pos++) {
    const byte = view.getUint8(pos);
    length += (byte & 127) * factor;
    factor *= 128;
    if (byte < 128) return pos + 1 - at + length;
  }
}
