/** Random relations over two tables, and random histories of the tables. */
import { utf8 } from '../../../src/base/bytes.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { FieldFlag, type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import type { ComparisonDomain, RowExpression } from '../../../src/dataflow/expression.js';
import { typesOfSpec } from '../../../src/dataflow/spec-types.js';
import { shapeOf } from '../../../src/dataflow/state/word-codec.js';
import type {
  AggregateFunction,
  AggregateSpec,
  JoinSpec,
  JoinType,
  KeyColumn,
  NodeSpec,
} from '../../../src/dataflow/view-spec.js';
import type { Row } from './arbitrary-rows.js';

function type(tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType {
  return { tp, flag: 0, flen: 20, decimal: 0, charset: 'binary', collate: 'binary', elems: [], ...more };
}

function text(collate: string): FieldType {
  return type(MysqlType.varchar, { charset: 'utf8mb4', collate, decimal: -1 });
}

/** The columns of both tables. */
const TABLE_COLUMNS: readonly FieldType[] = [
  type(MysqlType.longlong),
  type(MysqlType.longlong),
  type(MysqlType.longlong, { flag: FieldFlag.unsigned }),
  type(MysqlType.newdecimal, { flen: 65, decimal: 2 }),
  type(MysqlType.newdecimal, { flen: 65, decimal: 5 }),
  type(MysqlType.double, { decimal: -1 }),
  text('utf8mb4_general_ci'),
  text('utf8mb4_bin'),
  text('utf8mb4_0900_bin'),
];

const POOLS: readonly (readonly Datum[])[] = [
  [null, 0n, 1n, 2n],
  [null, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n],
  [null, 0n, 1n, 2n ** 64n - 1n, 2n ** 63n],
  [null, ...[0n, 100n, -100n, 2n ** 53n, 2n ** 63n * 100n, -(10n ** 60n)].map((it) => new Decimal(it, 2))],
  [null, ...[0n, 100_000n, -7n, 2n ** 53n * 1000n, 123_456n].map((it) => new Decimal(it, 5))],
  [null, 0, -0, 1, 0.1, 1e30, -1e30, 2 ** -60],
  [null, ...['', 'a', 'A', 'a ', 'é', 'E', 'b'].map((it) => utf8(it))],
  [null, ...['', ' ', 'a', 'a  ', 'A', '中'].map((it) => utf8(it))],
  [
    null,
    ...['', 'a', 'a ', 'a long string that is longer than eight bytes', 'a long s'].map((it) => utf8(it)),
  ],
];

/** Decisions, one after another; 0 when they have run out. */
export class Choices {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** Below `count`. */
  below(count: number): number {
    return (this.#numbers[this.#at++] ?? 0) % count;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** Once in so many. */
  oneIn(count: number): boolean {
    return this.below(count) === count - 1;
  }
}

/** A random row. */
export function chooseRow(choices: Choices): Row {
  return POOLS.map((pool) => choices.of(pool));
}

function stringDomain(collation: string): ComparisonDomain {
  return { kind: 'string', collation, isNewCollation: true };
}

/** The domain of a type's own values. */
function ownDomain(of: FieldType): ComparisonDomain {
  switch (shapeOf(of).kind) {
    case 'i64':
      return { kind: 'integer' };
    case 'dec':
      return { kind: 'decimal' };
    case 'f64':
      return { kind: 'real' };
    case 'bytes':
      return stringDomain(of.collate);
  }
}

/** A domain in which two columns can be compared, if there is one. */
function commonDomain(a: FieldType, b: FieldType, choices: Choices): ComparisonDomain | undefined {
  const [kindA, kindB] = [shapeOf(a).kind, shapeOf(b).kind];
  if (kindA === 'bytes' || kindB === 'bytes')
    return kindA === kindB && a.collate === b.collate ? ownDomain(a) : undefined;
  if (kindA === 'f64' || kindB === 'f64' || choices.oneIn(8)) return { kind: 'real' };
  return kindA === 'i64' && kindB === 'i64' ? { kind: 'integer' } : { kind: 'decimal' };
}

function sourceOf(choices: Choices): NodeSpec {
  const source: NodeSpec = {
    kind: 'source',
    table: 1 + choices.below(2),
    columns: TABLE_COLUMNS.map((it, id) => ({ id, type: it })),
  };
  if (!choices.oneIn(4)) return source;
  return { kind: 'filter', input: source, predicate: comparison(typesOfSpec(source), choices) };
}

/** A test over some columns. */
function comparison(types: readonly FieldType[], choices: Choices): RowExpression {
  const left = choices.below(types.length);
  const right = choices.below(types.length);
  const domain = commonDomain(types[left]!, types[right]!, choices);
  if (domain === undefined) return { kind: 'isNull', operand: column(types, left) };
  const operator = choices.of(['<=', '<>', '=', '>', '<=>'] as const);
  return { kind: 'compare', operator, domain, left: column(types, left), right: column(types, right) };
}

function column(types: readonly FieldType[], index: number): RowExpression {
  return { kind: 'column', index, type: types[index]! };
}

function joinOf(choices: Choices, depth: number): NodeSpec {
  const left = chooseSpec(choices, depth - 1);
  const right = choices.oneIn(4) ? left : chooseSpec(choices, depth - 1);
  const [leftTypes, rightTypes] = [typesOfSpec(left), typesOfSpec(right)];
  const on = Array.from({ length: choices.below(3) }, (_, i) => {
    // Mostly the first columns, whose few values make many matches.
    const [l, r] =
      i === 0 && !choices.oneIn(3)
        ? [0, 0]
        : [choices.below(leftTypes.length), choices.below(rightTypes.length)];
    const domain = commonDomain(leftTypes[l]!, rightTypes[r]!, choices);
    return domain === undefined ? [] : [{ left: l, right: r, domain, isNullSafe: choices.oneIn(4) }];
  }).flat();
  const kind: JoinType = choices.of(['inner', 'left', 'semi', 'anti']);
  const residual = choices.oneIn(2) ? comparison([...leftTypes, ...rightTypes], choices) : undefined;
  const join: JoinSpec = { kind: 'join', type: kind, left, right, on, residual };
  return choices.oneIn(2) ? projection(join, choices) : join;
}

function projection(input: NodeSpec, choices: Choices): NodeSpec {
  const types = typesOfSpec(input);
  const items = Array.from({ length: 1 + choices.below(4) }, () =>
    column(types, choices.below(types.length)),
  );
  return { kind: 'project', input, items };
}

function aggregateType(name: AggregateFunction, operand: FieldType | undefined): FieldType {
  const shape = operand === undefined ? undefined : shapeOf(operand);
  const scale = shape?.kind === 'dec' ? shape.scale : 0;
  if (name === 'count' || operand === undefined) return TABLE_COLUMNS[0]!;
  if (name === 'min' || name === 'max') return operand;
  if (shape?.kind === 'f64') return operand;
  return type(MysqlType.newdecimal, { flen: 65, decimal: name === 'avg' ? Math.min(30, scale + 4) : scale });
}

function aggregateSpec(types: readonly FieldType[], choices: Choices): AggregateSpec {
  const name = choices.of(['count', 'sum', 'avg', 'min', 'max'] as const);
  const usable = [...types.keys()].filter(
    (k) => name === 'count' || name === 'min' || name === 'max' || shapeOf(types[k]!).kind !== 'bytes',
  );
  const isDistinct = choices.oneIn(2);
  const isStar = name === 'count' && !isDistinct && choices.oneIn(2);
  if (isStar || usable.length === 0)
    return { function: 'count', isDistinct: false, operands: [], domains: [], type: TABLE_COLUMNS[0]! };
  const operands = [choices.of(usable)];
  if (name === 'count' && isDistinct && choices.oneIn(2)) operands.push(choices.of(usable));
  const domains = operands.map((k) => ownDomain(types[k]!));
  return { function: name, isDistinct, operands, domains, type: aggregateType(name, types[operands[0]!]) };
}

function aggregateOf(choices: Choices, depth: number): NodeSpec {
  const input = chooseSpec(choices, depth - 1);
  const types = typesOfSpec(input);
  const isScalar = choices.oneIn(5);
  const groups: readonly KeyColumn[] = isScalar
    ? []
    : Array.from({ length: 1 + choices.below(2) }, () => {
        const index = choices.below(types.length);
        return { index, domain: ownDomain(types[index]!) };
      });
  const aggregates = Array.from({ length: choices.below(4) + (isScalar ? 1 : 0) }, () =>
    aggregateSpec(types, choices),
  );
  return { kind: 'aggregate', input, groups, isScalar, aggregates };
}

/** A random relation. */
export function chooseSpec(choices: Choices, depth: number): NodeSpec {
  if (depth === 0) return sourceOf(choices);
  switch (choices.below(4)) {
    case 0:
      return joinOf(choices, depth);
    case 1:
      return aggregateOf(choices, depth);
    case 2:
      return { kind: 'unionAll', inputs: [sourceOf(choices), sourceOf(choices)] };
    default:
      return choices.oneIn(2) ? joinOf(choices, depth) : aggregateOf(choices, depth);
  }
}
