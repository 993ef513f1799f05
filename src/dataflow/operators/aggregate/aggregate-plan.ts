/**
 * Which state an aggregation keeps: what several aggregates need of the same operand is kept once (SUM and AVG of a
 * column, MIN and MAX).
 */
import { assert, unreachable } from '../../../base/assert.js';
import type { FieldType } from '../../../codec/field-type.js';
import { isUnsigned } from '../../../codec/field-type.js';
import { type KeyColumnCodec, keyColumnCodec } from '../../state/key-columns.js';
import { type ColumnShape, WordCodec, shapeOf } from '../../state/word-codec.js';
import type { AggregateNodeSpec, AggregateSpec } from '../../view-spec.js';
import { type Accumulator, operandOf } from './accumulator.js';
import {
  type AggregateOutput,
  countOutput,
  exactAverageOutput,
  exactSumOutput,
  extremeOutput,
  realOutput,
} from './aggregate-output.js';
import { type DistinctSum, distinctOperand, distinctValues, typeAt } from './distinct-values.js';
import { ExactSum } from './exact-sum.js';
import { GroupTable } from './group-table.js';
import { valueReader } from './ordered-value.js';
import { OrderedValues } from './ordered-values.js';
import { RealSum } from './real-sum.js';
import { Representatives } from './representatives.js';
import { ValueCount } from './value-count.js';

/** One group column. */
interface GroupColumn {
  readonly index: number;
  readonly codec: KeyColumnCodec;
  /** undefined: the key has the value itself. */
  readonly representatives: Representatives | undefined;
}

/** An aggregation's state, empty, and its columns. */
export interface AggregateState {
  readonly groups: GroupTable;
  readonly keyCodec: WordCodec;
  readonly groupColumns: readonly GroupColumn[];
  /** Packs the strings that new groups keep; undefined: they keep none. */
  readonly keptCodec: WordCodec | undefined;
  readonly accumulators: readonly Accumulator[];
  readonly outputs: readonly AggregateOutput[];
}

/** The state for an aggregation of columns of some types. */
export function aggregateState(
  spec: Omit<AggregateNodeSpec, 'input'>,
  input: readonly FieldType[],
): AggregateState {
  const codecs = spec.groups.map(({ index, domain }) => keyColumnCodec(typeAt(input, index), domain));
  const kept = spec.groups.filter((_, k) => !codecs[k]!.isExact);
  for (const { index } of kept) {
    const { kind } = shapeOf(typeAt(input, index));
    assert(kind === 'bytes', `a group column of ${kind} in a domain that is not its own`);
  }
  const keptCodec =
    kept.length === 0
      ? undefined
      : new WordCodec(
          kept.map((): ColumnShape => ({ kind: 'bytes' })),
          true,
        );
  const builder = new StateBuilder(spec, input, kept.length);
  const groups = builder.build(keptCodec !== undefined);
  let cell = 0;
  const groupColumns = spec.groups.map(({ index }, k): GroupColumn => {
    const codec = codecs[k]!;
    if (codec.isExact || keptCodec === undefined) return { index, codec, representatives: undefined };
    const keeping = { index, nullWords: keptCodec.nullWords, cell, othersAt: 1 + cell++ };
    const representatives = new Representatives(groups, keeping);
    builder.accumulators.push(representatives);
    return { index, codec, representatives };
  });
  const keyCodec = new WordCodec(
    codecs.map(({ shape }) => shape),
    true,
  );
  const { accumulators, outputs } = builder;
  return { groups, keyCodec, groupColumns, keptCodec, accumulators, outputs };
}

/** A piece of state that is still without its group table. */
interface Part {
  readonly width: number;
  /** Makes the state; its doubles begin at `at`. */
  readonly make: (groups: GroupTable, at: number) => void;
}

class StateBuilder {
  readonly accumulators: Accumulator[] = [];
  readonly outputs: AggregateOutput[] = [];
  readonly #input: readonly FieldType[];
  readonly #parts = new Map<string, Part>();
  /** Made by the parts, under their names. */
  readonly #made = new Map<string, unknown>();
  readonly #makers: ((groups: GroupTable) => AggregateOutput)[];
  readonly #kept: number;

  constructor({ aggregates }: Omit<AggregateNodeSpec, 'input'>, input: readonly FieldType[], kept: number) {
    this.#input = input;
    this.#kept = kept;
    this.#makers = aggregates.map((aggregate) => this.#plan(aggregate));
  }

  /** The doubles are: rows, rows with other than the kept strings for each such column, then those of the parts. */
  build(isKeeping: boolean): GroupTable {
    let width = 1 + this.#kept;
    for (const part of this.#parts.values()) width += part.width;
    const groups = new GroupTable(width, isKeeping);
    let at = 1 + this.#kept;
    for (const part of this.#parts.values()) {
      part.make(groups, at);
      at += part.width;
    }
    for (const make of this.#makers) this.outputs.push(make(groups));
    return groups;
  }

  #plan(aggregate: AggregateSpec): (groups: GroupTable) => AggregateOutput {
    const { function: name, operands } = aggregate;
    if (name === 'count' && operands.length === 0) return (groups) => countOutput(groups, 0);
    switch (name) {
      case 'count':
        return this.#planCount(aggregate);
      case 'sum':
      case 'avg':
        return this.#planSum(aggregate, name === 'avg');
      case 'min':
      case 'max':
        return this.#planExtreme(aggregate, name === 'max');
      default:
        return unreachable(name);
    }
  }

  #planCount(aggregate: AggregateSpec): (groups: GroupTable) => AggregateOutput {
    const { isDistinct, operands } = aggregate;
    if (isDistinct) {
      const name = `distinct ${JSON.stringify([operands, aggregate.domains])}`;
      const at = this.#partAt(name, 1, (groups, place) => {
        this.accumulators.push(
          distinctValues(groups, place, distinctOperand(aggregate, this.#input), undefined),
        );
        return place;
      });
      return (groups) => countOutput(groups, at());
    }
    const [operand] = operands;
    assert(operand !== undefined && operands.length === 1, `COUNT of ${operands.length} operands`);
    const at = this.#partAt(`count ${operand}`, 1, (groups, place) => {
      this.accumulators.push(new ValueCount(groups, place, operand));
      return place;
    });
    return (groups) => countOutput(groups, at());
  }

  #planSum(aggregate: AggregateSpec, isAverage: boolean): (groups: GroupTable) => AggregateOutput {
    const { operands, isDistinct, type } = aggregate;
    const [operand] = operands;
    assert(operand !== undefined && operands.length === 1, `a sum of ${operands.length} operands`);
    const shape = shapeOf(typeAt(this.#input, operand));
    const name = `${isDistinct ? 'distinct ' : ''}sum ${operand}`;
    if (shape.kind === 'f64') {
      const sum = this.#partAt(name, RealSum.width + 1, (groups, at) => {
        const real = new RealSum(groups, at, operand);
        this.#addSum(real, isDistinct ? { kind: 'real', sum: real } : undefined, {
          aggregate,
          groups,
          at: at + RealSum.width,
        });
        return real;
      });
      return () => realOutput(sum(), isAverage);
    }
    assert(shape.kind !== 'bytes', 'a sum of strings');
    const hasNoSign = isUnsigned(typeAt(this.#input, operand));
    const sum = this.#partAt(name, ExactSum.width + 1, (groups, at) => {
      const exact = new ExactSum(groups, at, { index: operand, isUnsigned: hasNoSign });
      const distinct: DistinctSum = {
        kind: 'exact',
        sum: exact,
        isUnsigned: shape.kind === 'i64' && hasNoSign,
      };
      this.#addSum(exact, isDistinct ? distinct : undefined, { aggregate, groups, at: at + ExactSum.width });
      return exact;
    });
    const scale = shape.kind === 'dec' ? shape.scale : 0;
    return () => (isAverage ? exactAverageOutput(sum(), scale, type) : exactSumOutput(sum(), scale, type));
  }

  /** Adds a sum that takes the rows itself, or hears from distinct values. */
  #addSum(
    sum: Accumulator,
    distinct: DistinctSum | undefined,
    { aggregate, groups, at }: { aggregate: AggregateSpec; groups: GroupTable; at: number },
  ): void {
    if (distinct === undefined) {
      this.accumulators.push(sum);
      return;
    }
    // The values settle before the sum is read, and it is absorbed and forgotten like any other.
    this.accumulators.push(distinctValues(groups, at, distinctOperand(aggregate, this.#input), distinct));
    this.accumulators.push(withoutRows(sum));
  }

  #planExtreme(aggregate: AggregateSpec, isGreatest: boolean): (groups: GroupTable) => AggregateOutput {
    const { operands, domains, type } = aggregate;
    const [operand, domain] = [operands[0], domains[0]];
    assert(
      operand !== undefined && domain !== undefined && operands.length === 1,
      'an extreme of one operand',
    );
    const input = typeAt(this.#input, operand);
    const [own, wanted] = [shapeOf(input), shapeOf(type)];
    assert(JSON.stringify(own) === JSON.stringify(wanted), `an extreme of ${own.kind} as ${wanted.kind}`);
    const values = this.#partAt(`values ${operand} ${JSON.stringify(domain)}`, 0, (groups) => {
      const read = valueReader(input, domain, false);
      const made = new OrderedValues(groups, { columnOf: (columns) => operandOf(columns, operand), read });
      this.accumulators.push(made);
      return made;
    });
    return () => extremeOutput(values(), isGreatest, type);
  }

  /** Plans a part, once under its name; gives it back when it has been made. */
  #partAt<T>(name: string, width: number, make: (groups: GroupTable, at: number) => T): () => T {
    if (!this.#parts.has(name))
      this.#parts.set(name, { width, make: (groups, at) => void this.#made.set(name, make(groups, at)) });
    // Parts of one name are made by the same code, so they are of one type.
    return () => this.#made.get(name) as T;
  }
}

/** An accumulator that takes no rows of the input. */
function withoutRows(inner: Accumulator): Accumulator {
  return {
    rows: 0,
    size: 0,
    columnsOf: () => [],
    take: () => undefined,
    settle: () => inner.settle(),
    absorb: () => inner.absorb(),
    drop: (serial) => inner.drop(serial),
    forget: () => inner.forget(),
  };
}
