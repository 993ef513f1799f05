/** Evaluates a circuit's description over plain rows, from scratch: what every operator is compared with. */
import { compareBytes } from '../../../src/base/bytes.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { MysqlType } from '../../../src/codec/field-type.js';
import type { ComparisonDomain } from '../../../src/dataflow/expression.js';
import type { AggregateSpec, NodeSpec } from '../../../src/dataflow/view-spec.js';
import { evaluate, truthOf } from '../../../src/plan/reference/evaluate-expression.js';
import type { Row } from './arbitrary-rows.js';

/** The rows of each table, as often as they are there. */
export type Tables = ReadonlyMap<number, readonly Row[]>;

/** The rows of a relation; `widthOf` says how many columns one has. */
export function rowsOfSpec(
  spec: NodeSpec,
  tables: Tables,
  widthOf: (spec: NodeSpec) => number,
): readonly Row[] {
  const inner = (it: NodeSpec): readonly Row[] => rowsOfSpec(it, tables, widthOf);
  switch (spec.kind) {
    case 'source':
      return (tables.get(spec.table) ?? []).map((row) => spec.columns.map(({ id }) => row[id]!));
    case 'filter':
      return inner(spec.input).filter((row) => truthOf(spec.predicate, row) === true);
    case 'project':
      return inner(spec.input).map((row) => spec.items.map((item) => evaluate(item, row)));
    case 'unionAll':
      return spec.inputs.flatMap(inner);
    case 'join': {
      const right = inner(spec.right);
      const nulls = Array.from({ length: widthOf(spec.right) }, () => null);
      return inner(spec.left).flatMap((row): readonly Row[] => {
        const matches = right.filter(
          (other) =>
            spec.on.every(({ left, right: k, domain, isNullSafe }) => {
              const [a, b] = [cell(row, left), cell(other, k)];
              if (a === null || b === null) return isNullSafe && a === b;
              return identity(a, domain) === identity(b, domain);
            }) &&
            (spec.residual === undefined || truthOf(spec.residual, [...row, ...other]) === true),
        );
        switch (spec.type) {
          case 'inner':
            return matches.map((other) => [...row, ...other]);
          case 'left':
            return matches.length === 0 ? [[...row, ...nulls]] : matches.map((other) => [...row, ...other]);
          case 'semi':
            return matches.length > 0 ? [row] : [];
          case 'anti':
            return matches.length === 0 ? [row] : [];
        }
      });
    }
    case 'aggregate': {
      const groups = new Map<string, Row[]>();
      if (spec.isScalar) groups.set('', []);
      for (const row of inner(spec.input)) {
        const key = spec.groups.map(({ index, domain }) => identity(row[index]!, domain)).join();
        const rows = groups.get(key);
        if (rows === undefined) groups.set(key, [row]);
        else rows.push(row);
      }
      return [...groups.values()].map((rows) => [
        ...spec.groups.map(({ index, domain }) =>
          representative(
            rows.map((row) => row[index]!),
            domain,
          ),
        ),
        ...spec.aggregates.map((aggregate) => aggregated(aggregate, rows)),
      ]);
    }
  }
}

function cell(row: Row, index: number): Datum {
  return row[index] ?? null;
}

/** Text that is the same for values that are equal in a domain. */
function identity(value: Datum, domain: ComparisonDomain): string {
  if (value === null) return 'null';
  switch (domain.kind) {
    case 'string':
      return Buffer.from(
        collationOf(domain.collation, domain.isNewCollation).sortKey(value as Uint8Array),
      ).toString('hex');
    case 'real':
      return String(real(value) + 0);
    case 'integer':
    case 'decimal':
    case 'time':
    case 'duration':
      return exact(value).rescale(40).toString();
  }
}

function exact(value: NonNullable<Datum>): Decimal {
  return value instanceof Decimal ? value : new Decimal(value as bigint, 0);
}

function real(value: NonNullable<Datum>): number {
  return value instanceof Decimal ? Number(value.toString()) : Number(value);
}

function representative(values: readonly Datum[], domain: ComparisonDomain): Datum {
  const first = values[0]!;
  if (first instanceof Uint8Array) return [...(values as Uint8Array[])].sort(compareBytes)[0]!;
  return domain.kind === 'real' && typeof first === 'number' ? first + 0 : first;
}

function compare(a: NonNullable<Datum>, b: NonNullable<Datum>, domain: ComparisonDomain): number {
  if (domain.kind !== 'string') {
    if (typeof a === 'number') return a - (b as number);
    return exact(a).compare(exact(b));
  }
  const collation = collationOf(domain.collation, domain.isNewCollation);
  const order = compareBytes(collation.sortKey(a as Uint8Array), collation.sortKey(b as Uint8Array));
  return order === 0 ? compareBytes(a as Uint8Array, b as Uint8Array) : order;
}

function aggregated(aggregate: AggregateSpec, rows: readonly Row[]): Datum {
  const { operands, domains, isDistinct, type } = aggregate;
  const all = rows.map((row) => operands.map((index) => cell(row, index)));
  let tuples = all.filter((tuple) => !tuple.some((value) => value === null));
  // Of values that are equal the least by bytes is wanted, whether they are counted once or not.
  if (isDistinct && aggregate.function !== 'min' && aggregate.function !== 'max') {
    const distinct = new Map(
      tuples.map((tuple) => [tuple.map((value, i) => identity(value, domains[i]!)).join(), tuple] as const),
    );
    tuples = [...distinct.values()];
  }
  const values = tuples.map(([value]) => value as NonNullable<Datum>);
  switch (aggregate.function) {
    case 'count':
      return BigInt(tuples.length);
    case 'min':
    case 'max': {
      const sorted = values.sort((a, b) => compare(a, b, domains[0]!));
      const value = (aggregate.function === 'min' ? sorted[0] : sorted.at(-1)) ?? null;
      return typeof value === 'number' ? value + 0 : value;
    }
    case 'sum':
    case 'avg': {
      if (values.length === 0) return null;
      if (type.tp === MysqlType.double) {
        const sum = realSum(values as number[]);
        return aggregate.function === 'sum' ? sum : sum / values.length;
      }
      const scale = values[0] instanceof Decimal ? values[0].scale : 0;
      const sum = values.reduce<bigint>((total, value) => total + exact(value).unscaled, 0n);
      if (aggregate.function === 'sum') return new Decimal(sum, scale);
      const words = (digits: number): number => Math.ceil(digits / 9) * 9;
      const digits = Math.max(words(scale), words(scale + 4));
      const quotient = new Decimal((sum * 10n ** BigInt(digits - scale)) / BigInt(values.length), digits);
      return quotient.rescale(type.decimal);
    }
  }
}

/** The double nearest to the exact sum of doubles that are multiples of 2^−100. */
function realSum(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + BigInt(value * 2 ** 100), 0n);
  return Number(sum) / 2 ** 100;
}
