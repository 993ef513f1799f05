/** The four workloads: their tables, and the views as circuits' descriptions. */
import { utf8 } from '../../../src/base/bytes.js';
import { type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import type {
  ComparisonDomain,
  ComparisonOperator,
  RowExpression,
} from '../../../src/dataflow/expression.js';
import type {
  AggregateFunction,
  AggregateSpec,
  JoinType,
  NodeSpec,
} from '../../../src/dataflow/view-spec.js';

function type(tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType {
  return { tp, flag: 0, flen: 20, decimal: 0, charset: 'binary', collate: 'binary', elems: [], ...more };
}

const BIGINT = type(MysqlType.longlong);
const SUM = type(MysqlType.newdecimal, { flen: 41 });
const TEXT = type(MysqlType.varchar, { charset: 'utf8mb4', collate: 'utf8mb4_bin', decimal: -1 });
const TEXT_DOMAIN: ComparisonDomain = { kind: 'string', collation: 'utf8mb4_bin', isNewCollation: true };
const INTEGER: ComparisonDomain = { kind: 'integer' };

/** A workload. */
export interface Workload {
  /** For each table the types of its columns, by id: 'i' BIGINT, 's' VARCHAR. */
  readonly tables: readonly string[];
  readonly root: NodeSpec;
}

function source(table: number, schema: string, ids: readonly number[]): NodeSpec {
  return {
    kind: 'source',
    table,
    columns: ids.map((id) => ({ id, type: schema[id] === 'i' ? BIGINT : TEXT })),
  };
}

function column(index: number, of: FieldType = BIGINT): RowExpression {
  return { kind: 'column', index, type: of };
}

function integer(value: bigint): RowExpression {
  return { kind: 'constant', value, type: BIGINT };
}

function compare(index: number, operator: ComparisonOperator, value: bigint): RowExpression {
  return { kind: 'compare', operator, domain: INTEGER, left: column(index), right: integer(value) };
}

function join(kind: JoinType, left: NodeSpec, right: NodeSpec, on: readonly [number, number]): NodeSpec {
  const pair = { left: on[0], right: on[1], domain: INTEGER, isNullSafe: false };
  return { kind: 'join', type: kind, left, right, on: [pair], residual: undefined };
}

function aggregate(
  name: AggregateFunction,
  operand: number | undefined,
  of: FieldType,
  isDistinct = false,
): AggregateSpec {
  const operands = operand === undefined ? [] : [operand];
  return { function: name, isDistinct, operands, domains: operands.map(() => INTEGER), type: of };
}

function group(input: NodeSpec, groups: readonly number[], aggregates: readonly AggregateSpec[]): NodeSpec {
  const columns = groups.map((index) => ({ index, domain: INTEGER }));
  return { kind: 'aggregate', input, groups: columns, isScalar: false, aggregates };
}

function project(input: NodeSpec, items: readonly RowExpression[]): NodeSpec {
  return { kind: 'project', input, items };
}

/** `IFNULL(column, 0)` */
function orZero(index: number, of: FieldType): RowExpression {
  const operands = [column(index, of), integer(0n)];
  const zero: RowExpression = { kind: 'constant', value: 0n, type: BIGINT };
  return of === BIGINT
    ? {
        kind: 'call',
        function: 'coalesce',
        operands: [operands[0]!, zero],
        type: of,
        scale: 0,
        source: 'IFNULL',
      }
    : column(index, of);
}

/** Contents with what happened to them: votes ∪ comments grouped by content, left-joined to contents. */
function w1(): Workload {
  const tables = ['iss', 'iii', 'ii'];
  const votes = project(source(1, tables[1]!, [1, 2]), [column(0), integer(1n), column(1), integer(0n)]);
  const comments = project(source(2, tables[2]!, [1]), [column(0), integer(0n), integer(0n), integer(1n)]);
  const events: NodeSpec = { kind: 'unionAll', inputs: [votes, comments] };
  const sums = group(
    events,
    [0],
    [1, 2, 3].map((k) => aggregate('sum', k, SUM)),
  );
  const joined = join('left', source(0, tables[0]!, [0, 1, 2]), sums, [0, 0]);
  const items = [column(0), column(1, TEXT), column(2, TEXT), ...[4, 5, 6].map((k) => orZero(k, SUM))];
  return { tables, root: project(joined, items) };
}

/** Authors with the number of their posts. */
function w2(): Workload {
  const tables = ['is', 'iis'];
  const counts = group(source(1, tables[1]!, [1]), [0], [aggregate('count', undefined, BIGINT)]);
  const joined = join('left', source(0, tables[0]!, [0, 1]), counts, [0, 0]);
  return { tables, root: project(joined, [column(0), column(1, TEXT), orZero(3, BIGINT)]) };
}

/** customers ⋈ orders ⋈ lineitems, filtered, revenue by order. */
function w3(): Workload {
  const tables = ['iss', 'iiii', 'iiiii'];
  const building: RowExpression = {
    kind: 'compare',
    operator: '=',
    domain: TEXT_DOMAIN,
    left: column(1, TEXT),
    right: { kind: 'constant', value: utf8('BUILDING'), type: TEXT },
  };
  const filtered: NodeSpec = { kind: 'filter', input: source(0, tables[0]!, [0, 1]), predicate: building };
  const customers = project(filtered, [column(0)]);
  const orders: NodeSpec = {
    kind: 'filter',
    input: source(1, tables[1]!, [0, 1, 2, 3]),
    predicate: compare(2, '<', 9200n),
  };
  const shipped: NodeSpec = {
    kind: 'filter',
    input: source(2, tables[2]!, [0, 2, 3, 4]),
    predicate: compare(3, '>', 9200n),
  };
  const call = (name: 'subtract' | 'multiply', operands: readonly RowExpression[]): RowExpression => ({
    kind: 'call',
    function: name,
    operands,
    type: BIGINT,
    scale: 0,
    source: name,
  });
  const revenue = call('multiply', [column(1), call('subtract', [integer(100n), column(2)])]);
  const items = project(shipped, [column(0), revenue]);
  const placed = project(join('inner', orders, customers, [1, 0]), [column(0), column(2), column(3)]);
  const joined = project(join('inner', placed, items, [0, 0]), [column(0), column(1), column(2), column(4)]);
  return { tables, root: group(joined, [0, 1, 2], [aggregate('sum', 3, SUM)]) };
}

/** Least, greatest and number of distinct values by group. */
function w4(): Workload {
  const tables = ['iiii'];
  const aggregates = [
    aggregate('min', 1, BIGINT),
    aggregate('max', 1, BIGINT),
    aggregate('count', 2, BIGINT, true),
  ];
  return { tables, root: group(source(0, tables[0]!, [1, 2, 3]), [0], aggregates) };
}

/** By name. */
export const WORKLOADS: Readonly<Record<string, () => Workload>> = { w1, w2, w3, w4 };
