/**
 * The one façade over protobufjs: everything that is a protobuf message in this program is encoded and decoded here.
 *
 * protobufjs' own `encode` turns a bigint into 0 without a word, which for us is a timestamp of zero, and its
 * `decode` makes `Long` objects. Its generated code, though, calls a writer and a reader for every scalar; ours
 * (below) write and give bigints. That is as fast as protobufjs gets, and there is no second pass over the objects.
 *
 * Rules: 64-bit fields are bigints both ways; bytes are `Uint8Array`s, on decoding views into the message; an absent
 * scalar has its default, an absent message is null; enums are numbers; names are camelCase.
 *
 * The schema is parsed once, from the package's `proto/` folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import { assert } from '../base/assert.js';
import { NO_BYTES } from '../base/bytes.js';
import type { MessageInput } from './proto-types.js';

/** Turns messages of one type into bytes and back. */
export interface MessageCodec<T> {
  /** Full name: `kvrpcpb.GetRequest`. */
  readonly name: string;
  /** Only the object's own fields are written; null and undefined count as absent. */
  encode(message: MessageInput<T>): Uint8Array;
  /** @throws Error — when the bytes are not such a message. */
  decode(bytes: Uint8Array): T;
}

/**
 * The codec of a message type.
 *
 * @param name - full name; it must be declared in `proto/`.
 */
export function messageCodec<T extends object>(name: string): MessageCodec<T> {
  let type: protobuf.Type | undefined;
  // Resolved at the first use: the schema is not parsed by importing this module.
  const resolve = (): protobuf.Type => (type ??= lookUp(name));
  return {
    name,
    encode: (message) => resolve().encode(message, writer()).finish(),
    decode: (bytes) => resolve().decode(reader(bytes)) as unknown as T,
  };
}

const LONG_TYPES = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);

let root: protobuf.Root | undefined;

function lookUp(name: string): protobuf.Type {
  root ??= loadSchema();
  return root.lookupType(name);
}

function loadSchema(): protobuf.Root {
  const folder = protoFolder();
  const schema = new protobuf.Root();
  schema.resolvePath = (_from, target) => join(folder, target.split('/').at(-1) ?? target);
  schema.loadSync(readdirSync(folder).filter((file) => file.endsWith('.proto')));
  schema.resolveAll();
  forEachType(schema, setDefaults);
  return schema;
}

/** The nearest `proto` folder above this module: it is two floors up from `src/tikv`, three from `dist/src/tikv`. */
function protoFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'proto');
    if (existsSync(join(candidate, 'kvrpcpb.proto'))) return candidate;
    const parent = dirname(folder);
    assert(parent !== folder, 'the package has no proto folder');
    folder = parent;
  }
}

function forEachType(space: protobuf.NamespaceBase, visit: (type: protobuf.Type) => void): void {
  for (const nested of space.nestedArray) {
    if (nested instanceof protobuf.Type) visit(nested);
    if (nested instanceof protobuf.Namespace) forEachType(nested, visit);
  }
}

/** Absent fields are read from the prototype; protobufjs has `Long` and `Buffer` there. */
function setDefaults(type: protobuf.Type): void {
  const prototype = type.ctor.prototype as unknown as Record<string, unknown>;
  for (const field of type.fieldsArray) {
    assert(!field.map && !field.name.startsWith('_'), `${field.fullName}: not a kind of field in use`);
    if (field.repeated) continue;
    if (LONG_TYPES.has(field.type)) prototype[field.name] = 0n;
    else if (field.type === 'bytes') prototype[field.name] = NO_BYTES;
  }
}

/** The parts of protobufjs' writer that ours replaces or builds on; its declared types know no bigints. */
interface OpenWriter {
  pos: number;
  buf: Uint8Array;
  uint32(value: number): this;
  _reserve(bytes: number): void;
}

function writer(): protobuf.Writer {
  return new BigintWriter() as unknown as protobuf.Writer;
}

class BigintWriter extends (protobuf.BufferWriter as unknown as new () => OpenWriter) {
  uint64(value: bigint): this {
    assert(typeof value === 'bigint', `a 64-bit field was given ${String(value)}, which is not a bigint`);
    this._reserve(10);
    let low = Number(BigInt.asUintN(32, value));
    let high = Number(BigInt.asUintN(32, value >> 32n));
    const { buf } = this;
    let { pos } = this;
    while (high !== 0) {
      buf[pos++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    while (low > 127) {
      buf[pos++] = (low & 127) | 128;
      low >>>= 7;
    }
    buf[pos++] = low;
    this.pos = pos;
    return this;
  }

  int64(value: bigint): this {
    return this.uint64(value);
  }

  uint64s(values: readonly bigint[]): this {
    const packed = new BigintWriter();
    for (const value of values) packed.uint64(value);
    return this.#lengthDelimited(packed.buf.subarray(0, packed.pos));
  }

  int64s(values: readonly bigint[]): this {
    return this.uint64s(values);
  }

  #lengthDelimited(bytes: Uint8Array): this {
    this.uint32(bytes.length);
    this._reserve(bytes.length);
    this.buf.set(bytes, this.pos);
    this.pos += bytes.length;
    return this;
  }
}

/** The parts of protobufjs' reader that ours replaces or builds on. */
interface OpenReader {
  buf: Uint8Array;
  pos: number;
  len: number;
  discardUnknown: boolean;
  size(): number;
}

function reader(bytes: Uint8Array): protobuf.Reader {
  // Without its class, lest every slice of a Buffer is a Buffer too.
  const result = new BigintReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  result.discardUnknown = true;
  return result as unknown as protobuf.Reader;
}

class BigintReader extends (protobuf.Reader as unknown as new (bytes: Uint8Array) => OpenReader) {
  uint64(): bigint {
    // Three runs of 28, 28 and 8 bits; timestamps need the second, almost nothing the third.
    const low = this.#run(28);
    if (this.#isLast()) return BigInt(low);
    const middle = this.#run(28);
    // Two runs together stay below 2^56: too much for a double to hold exactly, so only the small case is joined.
    if (this.#isLast() && middle < 0x100_0000) return BigInt(middle * 0x1000_0000 + low);
    const high = this.#isLast() ? 0 : this.#run(14);
    return BigInt.asUintN(64, (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low));
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64s(into: bigint[]): void {
    const end = this.size() + this.pos;
    while (this.pos < end) into.push(this.uint64());
  }

  int64s(into: bigint[]): void {
    const end = this.size() + this.pos;
    while (this.pos < end) into.push(this.int64());
  }

  /** Up to `bits` bits of a varint, seven a byte. */
  #run(bits: number): number {
    let value = 0;
    for (let shift = 0; shift < bits; shift += 7) {
      if (this.pos >= this.len) throw new RangeError(`message ends in a number at ${this.pos}`);
      const byte = this.buf[this.pos++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value;
  }

  #isLast(): boolean {
    return (this.buf[this.pos - 1] ?? 0) < 128;
  }
}
