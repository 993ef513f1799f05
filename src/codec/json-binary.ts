/**
 * TiDB's binary JSON: a type byte and a value. Objects and arrays hold a count, their size in bytes, and entries with
 * offsets from the beginning of their own value; literals are inside the entry. All integers are little-endian and
 * 32 bits wide (MySQL's own format has two widths).
 *
 * Offsets could point anywhere, also backwards and to the same value many times, so reading is bounded by a budget
 * that no honest document exceeds, and by depth.
 *
 * @see pingcap/tidb pkg/types/json_binary.go
 */
import { ByteReader } from './byte-reader.js';
import { malformed } from './codec-error.js';
import { formatDuration } from './duration.js';
import { formatDate, formatDatetime, type TimeParts } from './packed-time.js';
import { BROKEN_RUNE, runeAt, runeLength } from './utf8.js';
import { readLength, readUvarint } from './varint.js';

/** Type bytes. */
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

/** By their byte. */
const LITERALS = ['null', 'true', 'false'] as const;
const HEADER_BYTES = 8;
const KEY_ENTRY_BYTES = 6;
const VALUE_ENTRY_BYTES = 5;
/** TiDB refuses to make documents deeper than a hundred. */
const DEPTH_MAX = 128;
/** In JSON, times always have six fractional digits. */
const JSON_FSP = 6;

/**
 * Bytes of a document (with its type byte) that begins at `at`: the formats around it do not say how long it is.
 *
 * @throws CodecError — when it is cut short or its type is unknown.
 */
export function jsonEnd(bytes: Uint8Array, at: number, end: number): number {
  const from = new ByteReader(bytes, at, end);
  const type = from.u8();
  skipValue(from, type);
  return from.at;
}

/**
 * The document as TiDB prints it, with `, ` and `: ` between things and members in the order of their keys.
 *
 * @param document - type byte and value.
 * @throws CodecError — when the structure is broken, lies partly outside, or is too deep.
 */
export function jsonText(document: Uint8Array): string {
  const printer = new JsonPrinter(document);
  return printer.print();
}

/**
 * Checks a document's structure as a whole.
 *
 * @throws CodecError — as {@link jsonText}.
 */
export function validateJson(document: Uint8Array): void {
  jsonText(document);
}

/** Moves over a value of a type; containers tell their size themselves. */
function skipValue(from: ByteReader, type: number): void {
  switch (type) {
    case JsonType.literal:
      from.skip(1);
      return;
    case JsonType.int64:
    case JsonType.uint64:
    case JsonType.float64:
    case JsonType.date:
    case JsonType.datetime:
    case JsonType.timestamp:
      from.skip(8);
      return;
    case JsonType.duration:
      from.skip(12);
      return;
    case JsonType.opaque:
      from.skip(1);
      from.skip(readLength(from, readUvarint(from)));
      return;
    case JsonType.string:
      from.skip(readLength(from, readUvarint(from)));
      return;
    case JsonType.object:
    case JsonType.array: {
      const start = from.at;
      from.skip(4);
      const size = from.u32le();
      if (size < HEADER_BYTES) malformed(`JSON container of ${size} bytes at ${start}`);
      from.skip(size - HEADER_BYTES);
      return;
    }
    default:
      malformed(`JSON type ${type} before ${from.at}`);
  }
}

class JsonPrinter {
  readonly #bytes: Uint8Array;
  #budget: number;
  #out = '';

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#budget = 2 * bytes.length + HEADER_BYTES;
  }

  print(): string {
    const end = jsonEnd(this.#bytes, 0, this.#bytes.length);
    if (end !== this.#bytes.length) malformed(`${this.#bytes.length - end} bytes after a JSON document`);
    this.#value(this.#bytes[0]!, 1, end, 0);
    return this.#out;
  }

  #charge(bytes: number): void {
    this.#budget -= bytes + 1;
    if (this.#budget < 0) malformed('JSON values that overlap');
  }

  #value(type: number, start: number, end: number, depth: number): void {
    const from = new ByteReader(this.#bytes, start, end);
    this.#charge(0);
    switch (type) {
      case JsonType.object:
      case JsonType.array:
        this.#container(type, from, depth + 1);
        return;
      case JsonType.literal:
        this.#out += literalText(from.u8());
        return;
      case JsonType.int64:
        this.#out += String(BigInt.asIntN(64, from.u64le()));
        return;
      case JsonType.uint64:
        this.#out += String(from.u64le());
        return;
      case JsonType.float64:
        this.#out += jsonNumberText(from.f64le());
        return;
      case JsonType.string:
        this.#string(from.take(readLength(from, readUvarint(from))));
        return;
      case JsonType.opaque: {
        const fieldType = from.u8();
        const bytes = from.take(readLength(from, readUvarint(from)));
        this.#charge(bytes.length);
        this.#out += `"base64:type${fieldType}:${Buffer.from(bytes).toString('base64')}"`;
        return;
      }
      case JsonType.date:
        this.#out += `"${formatDate(coreTime(from.u64le()))}"`;
        return;
      case JsonType.datetime:
      case JsonType.timestamp:
        this.#out += `"${formatDatetime(coreTime(from.u64le()), JSON_FSP)}"`;
        return;
      case JsonType.duration:
        this.#out += `"${formatDuration(BigInt.asIntN(64, from.u64le()), JSON_FSP)}"`;
        return;
      default:
        malformed(`JSON type ${type} at ${start}`);
    }
  }

  #container(type: number, from: ByteReader, depth: number): void {
    if (depth > DEPTH_MAX) malformed(`JSON deeper than ${DEPTH_MAX}`);
    const start = from.at;
    const count = from.u32le();
    const size = from.u32le();
    const isObject = type === JsonType.object;
    const entries = count * (VALUE_ENTRY_BYTES + (isObject ? KEY_ENTRY_BYTES : 0));
    if (size > from.end - start || HEADER_BYTES + entries > size) malformed(`JSON container at ${start}`);
    const values = start + HEADER_BYTES + (isObject ? count * KEY_ENTRY_BYTES : 0);
    this.#out += isObject ? '{' : '[';
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#out += ', ';
      if (isObject) this.#key(start, start + size, start + HEADER_BYTES + i * KEY_ENTRY_BYTES);
      this.#entry(start, start + size, values + i * VALUE_ENTRY_BYTES, depth);
    }
    this.#out += isObject ? '}' : ']';
  }

  #key(start: number, end: number, entry: number): void {
    const from = new ByteReader(this.#bytes, entry, end);
    const offset = from.u32le();
    const length = from.u16le();
    if (offset + length > end - start) malformed(`JSON key at ${entry}`);
    this.#string(this.#bytes.subarray(start + offset, start + offset + length));
    this.#out += ': ';
  }

  #entry(start: number, end: number, entry: number, depth: number): void {
    const type = this.#bytes[entry]!;
    if (type === JsonType.literal) {
      this.#charge(0);
      this.#out += literalText(this.#bytes[entry + 1]!);
      return;
    }
    const offset = new ByteReader(this.#bytes, entry + 1, end).u32le();
    if (offset >= end - start) malformed(`JSON value at ${entry}`);
    this.#value(type, start + offset, end, depth);
  }

  #string(bytes: Uint8Array): void {
    this.#charge(bytes.length);
    this.#out += quoteJson(bytes);
  }
}

function literalText(literal: number): string {
  return LITERALS[literal] ?? malformed(`JSON literal ${literal}`);
}

/** A number in JSON: the fewest digits, an exponent below 1e-6 and from 1e21 on — which is ECMAScript's own rule. */
function jsonNumberText(value: number): string {
  if (!Number.isFinite(value)) malformed('JSON number that is not finite');
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A string in JSON: escapes only what must be, plus the two line separators; broken bytes become U+FFFD escapes. */
export function quoteJson(bytes: Uint8Array): string {
  let out = '"';
  for (let at = 0; at < bytes.length;) {
    const rune = runeAt(bytes, at, bytes.length);
    out += rune === BROKEN_RUNE ? '\\ufffd' : (ESCAPES.get(rune) ?? escapedOrPlain(rune));
    at += runeLength(rune);
  }
  return `${out}"`;
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x2028, '\\u2028'],
  [0x2029, '\\u2029'],
]);

function escapedOrPlain(rune: number): string {
  return rune < 0x20 ? `\\u00${rune.toString(16).padStart(2, '0')}` : String.fromCodePoint(rune);
}

/**
 * Times inside JSON are not packed as in rows: year 14 bits, month 4, day 5, hour 5, minute 6, second 6, microsecond
 * 20, and four bits of type and precision.
 */
function coreTime(bits: bigint): TimeParts {
  const field = (shift: bigint, width: bigint): number => Number((bits >> shift) & ((1n << width) - 1n));
  return {
    year: field(50n, 14n),
    month: field(46n, 4n),
    day: field(41n, 5n),
    hour: field(36n, 5n),
    minute: field(30n, 6n),
    second: field(24n, 6n),
    microsecond: field(4n, 20n),
  };
}
