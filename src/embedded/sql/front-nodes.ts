/**
 * Functions that the planner does not know and the front end computes for it (front-functions.ts): on text forms and
 * bytes, which no view can have yet.
 */
import { createHash } from 'node:crypto';
import { fromHex, fromUtf8, toHex, utf8 } from '../../base/bytes.js';
import { collationOf } from '../../codec/collation.js';
import type { Datum } from '../../codec/datum.js';
import { datumBytes } from '../../codec/datum-text.js';
import { FieldFlag, type FieldType, MysqlType } from '../../codec/field-type.js';
import { isString } from '../../codec/string-type.js';
import type { Aggregate, Expression } from '../../sql/ast/select.js';
import { kindOf } from './map-tree.js';

/** A value and its type. */
interface Operand {
  readonly value: Datum;
  readonly type: FieldType;
}

/** A function of values; NULL if an operand is. */
export interface FrontFunction {
  readonly type: FieldType;
  value(operands: readonly Operand[], offsetMinutes: number): Datum;
}

const BYTES: FieldType = {
  tp: MysqlType.varString,
  flag: FieldFlag.binary,
  flen: 65_535,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
};
const INTEGER: FieldType = { ...BYTES, tp: MysqlType.longlong, flen: 20 };

function text(flen: number): FieldType {
  return { ...BYTES, flag: 0, flen, charset: 'utf8mb4', collate: 'utf8mb4_bin' };
}

/** The bytes that a value is as text. */
function bytesOf(operand: Operand | undefined, offsetMinutes: number): Uint8Array {
  return operand === undefined
    ? new Uint8Array(0)
    : (datumBytes(operand.value, operand.type, offsetMinutes) ?? new Uint8Array(0));
}

function textOf(operand: Operand | undefined): string {
  return fromUtf8(bytesOf(operand, 0));
}

/** A function of bytes. */
function ofBytes(type: FieldType, of: (bytes: Uint8Array) => Uint8Array): FrontFunction {
  return { type, value: ([first], offset) => of(bytesOf(first, offset)) };
}

const FUNCTIONS: Readonly<Record<string, FrontFunction>> = {
  SHA1: ofBytes(text(40), (bytes) => utf8(createHash('sha1').update(bytes).digest('hex'))),
  SHA: ofBytes(text(40), (bytes) => utf8(createHash('sha1').update(bytes).digest('hex'))),
  MD5: ofBytes(text(32), (bytes) => utf8(createHash('md5').update(bytes).digest('hex'))),
  HEX: {
    type: text(65_535),
    value: ([first], offset) => {
      const isNumber =
        first !== undefined && typeof first.value === 'bigint' && first.type.tp === MysqlType.longlong;
      const hex = isNumber ? BigInt.asUintN(64, first.value).toString(16) : toHex(bytesOf(first, offset));
      return utf8(hex.toUpperCase());
    },
  },
  UNHEX: {
    type: BYTES,
    value: ([first], offset) => {
      const hex = fromUtf8(bytesOf(first, offset));
      return /^[0-9a-f]*$/i.test(hex) ? fromHex(hex.length % 2 === 1 ? `0${hex}` : hex) : null;
    },
  },
  CONV: {
    type: text(64),
    value: ([number, from, to]) => converted(textOf(number), Number(textOf(from)), Number(textOf(to))),
  },
  SUBSTRING_INDEX: {
    type: text(65_535),
    value: ([all, separator, count]) => {
      const [parts, most] = [textOf(all).split(textOf(separator)), Number(textOf(count))];
      return utf8((most < 0 ? parts.slice(most) : parts.slice(0, most)).join(textOf(separator)));
    },
  },
  LOCATE: {
    type: INTEGER,
    value: ([needle, all]) => BigInt(textOf(all).toLowerCase().indexOf(textOf(needle).toLowerCase()) + 1),
  },
  INSTR: {
    type: INTEGER,
    value: ([all, needle]) => BigInt(textOf(all).toLowerCase().indexOf(textOf(needle).toLowerCase()) + 1),
  },
};

/** A number in another base, of 64 bits without sign. */
function converted(number: string, from: number, to: number): Datum {
  let value = 0n;
  for (const digit of number.trim().toLowerCase()) {
    const place = Number.parseInt(digit, 36);
    if (Number.isNaN(place) || place >= from) break;
    value = value * BigInt(from) + BigInt(place);
  }
  return utf8(BigInt.asUintN(64, value).toString(to).toUpperCase());
}

const TO_BYTES = ofBytes(BYTES, (bytes) => bytes);
const TO_TEXT = ofBytes(text(65_535), (bytes) => bytes);
const WEIGHTS: FrontFunction = {
  type: BYTES,
  value: ([first], offset) => {
    const bytes = bytesOf(first, offset);
    return first !== undefined && isString(first.type)
      ? collationOf(first.type.collate, true).sortKey(bytes)
      : null;
  },
};

/** The function that a node calls, and on what; undefined: it is the planner's. */
export function frontFunction(
  node: Expression,
): { readonly function: FrontFunction; readonly operands: readonly Expression[] } | undefined {
  switch (node.kind) {
    case 'call': {
      const called = node.schema === undefined ? FUNCTIONS[node.name] : undefined;
      return called === undefined ? undefined : { function: called, operands: node.args };
    }
    case 'cast':
      return node.type === undefined || node.type.name === 'BINARY'
        ? { function: TO_BYTES, operands: [node.operand] }
        : undefined;
    case 'convertCharset':
      return { function: node.charset === 'binary' ? TO_BYTES : TO_TEXT, operands: [node.operand] };
    case 'collate': {
      const { collation } = node;
      const type = { ...text(65_535), charset: collation.split('_')[0] ?? collation, collate: collation };
      return { function: ofBytes(type, (bytes) => bytes), operands: [node.operand] };
    }
    case 'weightString':
      return { function: WEIGHTS, operands: [node.operand] };
    case 'bytes': {
      const bytes =
        node.form === 'hex'
          ? fromHex(node.digits.length % 2 === 1 ? `0${node.digits}` : node.digits)
          : bits(node.digits);
      return { function: { type: BYTES, value: () => bytes }, operands: [] };
    }
    default:
      return undefined;
  }
}

function bits(digits: string): Uint8Array {
  const hex = digits === '' ? '' : BigInt(`0b${digits}`).toString(16);
  return fromHex(hex.length % 2 === 1 ? `0${hex}` : hex);
}

const BIT_AGGREGATES: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  BIT_XOR: (a, b) => a ^ b,
  BIT_OR: (a, b) => a | b,
  BIT_AND: (a, b) => a & b,
};

/** The aggregate that combines bits; undefined: it is the planner's. */
export function bitAggregate({ name }: Aggregate): ((values: readonly Datum[]) => bigint) | undefined {
  const combine = BIT_AGGREGATES[name];
  if (combine === undefined) return undefined;
  const start = name === 'BIT_AND' ? 0xffff_ffff_ffff_ffffn : 0n;
  return (values) =>
    values.reduce<bigint>(
      (all, value) => (typeof value === 'bigint' ? combine(all, BigInt.asUintN(64, value)) : all),
      start,
    );
}

/** Whether the front end computes it. */
export function isFrontNode(node: unknown): boolean {
  const kind = kindOf(node);
  if (kind === 'aggregate') return bitAggregate(node as Aggregate) !== undefined;
  return kind !== undefined && frontFunction(node as Expression) !== undefined;
}
