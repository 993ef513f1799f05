/** Computed values as columns: a loop over the rows that have been selected, writing into fresh arrays. */
import { unreachable } from '../../base/assert.js';
import { type Column, WIDE_HI } from '../../codec/column.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';
import { type RowExpression, typeOf } from '../expression.js';
import { TWO_32, halvesOf } from '../kernels/i64.js';
import { Scratch } from '../kernels/scratch.js';
import type { Code } from './code.js';
import { rescaleCode } from './exact-values.js';
import { ExpressionCompiler } from './expression-compiler.js';
import { makeFunction } from './make-function.js';
import type { ExactValue, Value } from './value.js';

/** Makes a column for the selected rows of others. */
export type ColumnMaker = (columns: readonly Column[], selected: Int32Array, count: number) => Column;

/** What a function writes into. */
interface Output {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly values: Float64Array;
  readonly offsets: Uint32Array;
  readonly bytes: Scratch;
  readonly wide: Map<number, bigint>;
  readonly nulls: Uint32Array;
}

const NO_INT32 = new Int32Array(0);
const NO_FLOAT64 = new Float64Array(0);
const NO_UINT32 = new Uint32Array(0);
const NO_BYTES = new Scratch();
/** Offsets have 32 bits. */
const COLUMN_BYTES_MAX = 0xffff_ffff;

/** Compiles an expression into a function that makes its column; decimals are rounded to the type's scale. */
export function compileColumn(expression: RowExpression): ColumnMaker {
  const compiler = new ExpressionCompiler();
  const { code } = compiler;
  const type = typeOf(expression);
  const value = fitting(compiler.value(expression), type, code);
  const { isNull } = value;
  const body = `
    const { lo, hi, values, offsets, bytes, wide, nulls } = out;
    let some = 0;
    for (let j = 0; j < count; j++) {
      const i = selected[j];
      ${code.prologue}
      ${code.statements}
      ${isNull === undefined ? '' : `if (${isNull}) { nulls[j >>> 5] |= 1 << (j & 31); some = 1; ${isBytes(value) ? 'offsets[j + 1] = bytes.at;' : ''} continue; }`}
      ${writeCode(value, type, code)}
    }
    return some;`;
  const raw = makeFunction(['out', 'selected', 'count', ...code.parameters], body);
  return (columns, selected, count) => {
    const out = outputFor(value, count);
    const some = raw(out, selected, count, ...code.arguments(columns));
    return finished(value, type, out, some === 0 ? undefined : out.nulls);
  };
}

function isBytes({ kind }: Value): boolean {
  return kind === 'bytes';
}

/** A decimal at the scale of its type. */
function fitting(value: Value, type: FieldType, code: Code): Value {
  if (value.kind !== 'exact' || type.tp !== MysqlType.newdecimal) return value;
  return rescaleCode(value, Math.max(type.decimal, 0), 'halfUp', code);
}

function writeCode(value: Value, type: FieldType, code: Code): string {
  switch (value.kind) {
    case 'exact':
      return writeExact(value, type, code);
    case 'real':
      return `values[j] = ${value.number};`;
    case 'bits':
      return `lo[j] = ${value.lo}; hi[j] = ${value.hi};`;
    case 'bytes':
      return `bytes.put(${value.data}, ${value.start}, ${value.end}); offsets[j + 1] = bytes.at;`;
    default:
      return unreachable(value);
  }
}

function writeExact({ small, wide }: ExactValue, type: FieldType, code: Code): string {
  // The low half of a double beyond 32 bits is its remainder, which is what the bits of an integer are.
  const write = `lo[j] = ${small} | 0; hi[j] = Math.floor(${small} / ${TWO_32});`;
  const fits =
    type.tp === MysqlType.newdecimal ? `Math.abs(${small}) <= ${Number.MAX_SAFE_INTEGER}` : undefined;
  const isSmall = [wide === undefined ? undefined : `${wide} === undefined`, fits].filter(
    (it) => it !== undefined,
  );
  if (isSmall.length === 0) return write;
  const big = wide === undefined ? `BigInt(${small})` : `(${wide} ?? BigInt(${small}))`;
  const writeWide =
    type.tp === MysqlType.newdecimal
      ? `hi[j] = ${WIDE_HI}; wide.set(j, ${big});`
      : `const t = ${code.constant(halvesOf)}(${big}); lo[j] = t.lo; hi[j] = t.hi;`;
  return `if (${isSmall.join(' && ')}) { ${write} } else { ${writeWide} }`;
}

function outputFor({ kind }: Value, count: number): Output {
  const isHalves = kind === 'exact' || kind === 'bits';
  return {
    lo: isHalves ? new Int32Array(count) : NO_INT32,
    hi: isHalves ? new Int32Array(count) : NO_INT32,
    values: kind === 'real' ? new Float64Array(count) : NO_FLOAT64,
    offsets: kind === 'bytes' ? new Uint32Array(count + 1) : NO_UINT32,
    bytes: kind === 'bytes' ? new Scratch(COLUMN_BYTES_MAX) : NO_BYTES,
    wide: new Map(),
    nulls: new Uint32Array((count + 31) >>> 5),
  };
}

function finished(value: Value, type: FieldType, out: Output, nulls: Uint32Array | undefined): Column {
  const { lo, hi, wide } = out;
  switch (value.kind) {
    case 'exact':
      return type.tp === MysqlType.newdecimal
        ? { kind: 'dec', scale: value.scale, lo, hi, wide: wide.size === 0 ? undefined : wide, nulls }
        : { kind: 'i64', lo, hi, nulls };
    case 'bits':
      return { kind: 'i64', lo, hi, nulls };
    case 'real':
      return { kind: 'f64', values: out.values, nulls };
    case 'bytes':
      return { kind: 'bytes', offsets: out.offsets, data: out.bytes.data, nulls };
    default:
      return unreachable(value);
  }
}
