/**
 * The one type of values that come from several places: the branches of CASE and IF, the arguments of COALESCE, the
 * inputs of UNION ALL.
 *
 * @see pingcap/tidb pkg/expression/builtin_control.go (InferType4ControlFuncs), pkg/types/field_type.go (AggFieldType)
 */
import { FieldFlag, type FieldType, MysqlType, hasFlag } from '../../codec/field-type.js';
import { decimalType, integerType, realType } from './bound.js';
import { isText, textType } from './conversion.js';
import { plainType } from './literal.js';
import { type ValueClass, typeName, valueClassOf } from './value-class.js';

/** The type, or why there is none that is known to be TiDB's. */
export type MergedType =
  | { readonly kind: 'merged'; readonly type: FieldType }
  | { readonly kind: 'refused'; readonly reason: string };

/** Where values are merged. */
export type MergeUse = 'case' | 'coalesce' | 'union';

/** Integer types by size, and how many digits TiDB counts for each. */
const SIZES: readonly number[] = [
  MysqlType.tiny,
  MysqlType.short,
  MysqlType.int24,
  MysqlType.long,
  MysqlType.longlong,
];

/**
 * Merges types; one that is always NULL takes no part. Strings must have one collation among them: TiDB looks at more
 * than types to choose one (see string-collation.ts), so a caller who knows better passes it.
 *
 * @param collation - of the result if it is a string; undefined: the one that all strings have.
 */
export function mergeTypes(types: readonly FieldType[], use: MergeUse, collation?: string): MergedType {
  const present = types.filter(({ tp }) => tp !== MysqlType.null);
  const [first] = present;
  if (first === undefined) return refused('all the values are NULL');
  const isNullable = present.length < types.length || !present.every((it) => hasFlag(it, FieldFlag.notNull));
  if (present.length === 1) return merged(first, isNullable);
  const classes = new Set(present.map(valueClassOf));
  const only = (...allowed: readonly ValueClass[]): boolean =>
    [...classes].every((it) => allowed.includes(it));
  if (only('integer')) return integers(present, isNullable);
  if (only('integer', 'decimal')) return merged(exact(present), isNullable);
  if (only('integer', 'decimal', 'real')) return reals(present, isNullable);
  if (only('string')) {
    return strings(present, isNullable, collation);
  }
  if (only('moment') || only('timestamp') || only('duration')) return times(present, isNullable, use);
  if (only('year')) return merged(first, isNullable);
  return refused(`values of the types ${[...new Set(present.map(typeName))].join(' and ')} are merged`);
}

function merged(type: FieldType, isNullable: boolean): MergedType {
  const flag = isNullable ? type.flag & ~FieldFlag.notNull : type.flag;
  // Keys and defaults are the column's, not its values'.
  const kept = FieldFlag.notNull | FieldFlag.unsigned | FieldFlag.binary | FieldFlag.zerofill;
  return { kind: 'merged', type: { ...type, flag: flag & kept } };
}

function refused(reason: string): MergedType {
  return { kind: 'refused', reason };
}

function integers(types: readonly FieldType[], isNullable: boolean): MergedType {
  const size = Math.max(...types.map(({ tp }) => SIZES.indexOf(tp)));
  const unsigned = types.filter((type) => hasFlag(type, FieldFlag.unsigned));
  const isMixed = unsigned.length > 0 && unsigned.length < types.length;
  if (types.some(({ tp }) => tp === MysqlType.int24) && size === SIZES.length - 1) {
    return refused('TiDB merges BIGINT and MEDIUMINT into INT, which cannot hold all their values');
  }
  if (!isMixed) {
    const tp =
      size === SIZES.length - 1
        ? MysqlType.longlong
        : (types.find((it) => it.tp === SIZES[size])?.tp ?? MysqlType.longlong);
    const type = integerType(unsigned.length > 0, Math.max(...types.map(({ flen }) => flen)));
    return merged({ ...type, tp, flag: type.flag | FieldFlag.notNull }, isNullable);
  }
  // A signed type that holds all unsigned values of the greatest size.
  const isBumped = unsigned.some(({ tp }) => tp === SIZES[size]);
  if (isBumped && size === SIZES.length - 1) return merged(exact(types), isNullable);
  return merged({ ...integerType(), flag: integerType().flag | FieldFlag.notNull }, isNullable);
}

/** The decimal that holds all of some exact numbers. */
function exact(types: readonly FieldType[]): FieldType {
  const scale = Math.max(...types.map(({ decimal }) => Math.max(decimal, 0)));
  const digits = types.map((type) => {
    const sign = hasFlag(type, FieldFlag.unsigned) ? 0 : 1;
    return type.flen < 0 ? 23 : type.flen - sign - Math.max(type.decimal, 0);
  });
  return decimalType(Math.max(...digits) + scale + 1, scale, FieldFlag.notNull);
}

function reals(types: readonly FieldType[], isNullable: boolean): MergedType {
  const isFloat = types.every(({ tp }) => tp === MysqlType.float);
  if (!isFloat && types.some(({ tp }) => tp === MysqlType.float)) {
    return refused('FLOAT values are merged with other numbers');
  }
  const type = realType();
  const first = types[0] ?? type;
  return merged(isFloat ? first : { ...type, flag: type.flag | FieldFlag.notNull }, isNullable);
}

function strings(
  types: readonly FieldType[],
  isNullable: boolean,
  collation: string | undefined,
): MergedType {
  const texts = types.filter((type) => valueClassOf(type) === 'string');
  const odd = texts.find((type) => !isText(type));
  if (odd !== undefined) return refused(`strings of the character set ${odd.charset} are merged`);
  const collations = new Set(texts.map(({ collate }) => collate));
  const chosen = collation ?? (collations.size === 1 ? [...collations][0] : undefined);
  if (chosen === undefined) return refused('strings of different collations are merged');
  const flens = types.map(({ flen }) => flen);
  return merged(textType(chosen, flens.includes(-1) ? -1 : Math.max(...flens, 20)), isNullable);
}

function times(types: readonly FieldType[], isNullable: boolean, use: MergeUse): MergedType {
  const [first] = types;
  if (first === undefined) return refused('no times');
  const isOne = types.every(({ tp, decimal }) => tp === first.tp && decimal === first.decimal);
  if (use === 'coalesce' && !isOne)
    return refused('COALESCE of moments of different types shows each in its own');
  const fsp = Math.max(...types.map(({ decimal }) => Math.max(decimal, 0)));
  if (types.every(({ tp }) => tp === first.tp)) return merged({ ...first, decimal: fsp }, isNullable);
  const flen = 19 + (fsp > 0 ? fsp + 1 : 0);
  return merged(plainType(MysqlType.datetime, flen, fsp, FieldFlag.notNull), isNullable);
}
