/**
 * Joins two arranged relations. Inner pairs come from join-pairs.ts; a residual condition then picks among them. Semi,
 * anti and left joins also say which left rows have a match: by key alone (key-presence.ts) or, under a residual
 * condition, by counting each row's matches (row-presence.ts).
 *
 * The state belongs to the arrangements before it; only match counts are the join's own.
 */
import { assert } from '../../base/assert.js';
import { LimitError } from '../../base/errors.js';
import { limits } from '../../base/limits.js';
import type { Column } from '../../codec/column.js';
import type { FieldType } from '../../codec/field-type.js';
import { type ArrangedDelta, asArranged } from '../arranged-delta.js';
import { type CompiledProgram, compileProgram } from '../compile/compile-program.js';
import type { Delta } from '../delta.js';
import { DeltaBuilder } from '../delta-builder.js';
import { emptyColumn } from '../empty-column.js';
import type { RowExpression } from '../expression.js';
import { columnsUsed } from '../expression-columns.js';
import { pickInt32 } from '../gather.js';
import type { Operator, OperatorCounters, RunResult } from '../operator.js';
import { unpackColumn } from '../state/word-reader.js';
import type { JoinType } from '../view-spec.js';
import { JoinPairs, type Pairs } from './join-pairs.js';
import { type RowReferences, columnOf, pickRows } from './join-rows.js';
import { KeyPresence, type PresentRows } from './key-presence.js';
import { RECORD_WORDS, RowPresence } from './row-presence.js';

/** What a join does. */
export interface JoinProgram {
  readonly type: JoinType;
  /** Types of the left columns. */
  readonly left: readonly FieldType[];
  readonly right: readonly FieldType[];
  /** Over left columns followed by right columns. */
  readonly residual: RowExpression | undefined;
  /** Which of the left columns followed by the right ones come out. */
  readonly columns: readonly number[];
}

const NO_ROWS = new Int32Array(0);

/** A join. */
export class JoinOperator implements Operator {
  readonly name = 'join';
  readonly #program: JoinProgram;
  readonly #empty: readonly Column[];
  readonly #residual: Residual | undefined;
  readonly #pairs: JoinPairs | undefined;
  readonly #keyPresence: KeyPresence | undefined;
  readonly #rowPresence: RowPresence | undefined;
  #builder = new DeltaBuilder();
  #sides: { readonly left: ArrangedDelta; readonly right: ArrangedDelta } | undefined;
  /** Left rows without a key that are still to come out, from this row on. */
  #keylessAt = 0;
  #output: Delta | undefined;
  #rowsIn = 0;
  #rowsOut = 0;
  #rowsTouched = 0;

  constructor(program: JoinProgram) {
    this.#program = program;
    const { type, residual, columns } = program;
    const types = [...program.left, ...program.right];
    this.#empty = columns.map((k) => emptyColumn(at(types, k)));
    this.#residual = residual === undefined ? undefined : residualOf(residual, types);
    const hasPresence = type !== 'inner';
    const wantsMatch = type === 'semi';
    this.#keyPresence = hasPresence && residual === undefined ? new KeyPresence(wantsMatch) : undefined;
    this.#rowPresence = hasPresence && residual !== undefined ? new RowPresence(wantsMatch) : undefined;
    const hasPairs = type === 'inner' || type === 'left' || residual !== undefined;
    this.#pairs = hasPairs ? new JoinPairs() : undefined;
  }

  get counters(): OperatorCounters {
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      rowsTouched: this.#rowsTouched,
      stateRows: this.#rowPresence?.rows ?? 0,
      stateBytes: this.#rowPresence?.size ?? 0,
    };
  }

  get output(): Delta {
    assert(this.#output !== undefined, 'the join has not run to its end');
    return this.#output;
  }

  begin(inputs: readonly Delta[]): void {
    assert(inputs.length === 2, `a join with ${inputs.length} inputs`);
    const [left, right] = [asArranged(inputs[0]), asArranged(inputs[1])];
    this.#sides = { left, right };
    // An epoch that failed may have left pieces behind.
    this.#builder = new DeltaBuilder();
    this.#output = undefined;
    this.#keylessAt = 0;
    this.#rowsIn += left.rows + right.rows;
    this.#pairs?.begin(left, right);
    this.#keyPresence?.begin(left, right);
    this.#rowPresence?.begin(left);
  }

  /** @throws LimitError — when more rows come out than a delta may have, or one occurs too often. */
  run(budget: number): RunResult {
    const sides = this.#sides;
    assert(sides !== undefined, 'run before begin');
    let rows = 0;
    while (rows < budget) {
      const looked = this.#advance(sides, budget - rows);
      if (looked === undefined) {
        this.#finish();
        this.#rowsTouched += rows;
        return { rows, isDone: true };
      }
      rows += looked;
      if (this.#builder.rows > limits.operatorRows)
        throw new LimitError(`a join gives more than ${limits.operatorRows} rows in one epoch`);
    }
    this.#rowsTouched += rows;
    return { rows, isDone: false };
  }

  absorb(): void {
    this.#rowPresence?.absorb();
    this.#output = undefined;
  }

  /** Does the next piece; the rows looked at, or undefined if there is no more to do. */
  #advance(sides: { left: ArrangedDelta; right: ArrangedDelta }, budget: number): number | undefined {
    const { left, right } = sides;
    if (this.#pairs !== undefined && !this.#pairs.isDone) {
      const { pairs, rows } = this.#pairs.next(budget);
      this.#takePairs(sides, pairs);
      return rows;
    }
    if (this.#keyPresence !== undefined && !this.#keyPresence.isDone) {
      const { present, rows } = this.#keyPresence.next(budget);
      this.#emit(present.weights, present.count, (k) =>
        this.#leftOnly(sides, k, present.rows, present.count),
      );
      return rows;
    }
    if (this.#rowPresence === undefined) return undefined;
    if (!this.#rowPresence.isDone) {
      const { present, rows } = this.#rowPresence.next(budget);
      this.#emitRecords(right, this.#rowPresence, present);
      return rows;
    }
    if (this.#program.type === 'semi' || this.#keylessAt === left.rows) return undefined;
    return this.#emitKeyless(sides, budget);
  }

  #takePairs(sides: { left: ArrangedDelta; right: ArrangedDelta }, found: Pairs): void {
    const pairs =
      this.#residual === undefined ? found : passing(this.#residual, sides, found, this.#leftCount);
    this.#rowPresence?.count(sides.left, pairs);
    const { type } = this.#program;
    if (type === 'semi' || type === 'anti') return;
    this.#emit(pairs.weights, pairs.count, (k) =>
      k < this.#leftCount
        ? columnOf(sides.left, k, pairs.left, pairs.count)
        : columnOf(sides.right, k - this.#leftCount, pairs.right, pairs.count),
    );
  }

  get #leftCount(): number {
    return this.#program.left.length;
  }

  /** Column `k` of left rows that stand alone. */
  #leftOnly(
    { left, right }: { left: ArrangedDelta; right: ArrangedDelta },
    k: number,
    rows: RowReferences,
    count: number,
  ): Column {
    if (k < this.#leftCount) return columnOf(left, k, rows, count);
    return columnOf(right, k - this.#leftCount, { kind: 'nulls' }, count);
  }

  #emitRecords(right: ArrangedDelta, presence: RowPresence, { rows, weights, count }: PresentRows): void {
    assert(rows.kind === 'state' && this.#sides !== undefined, 'records of left rows');
    const { rowCodec } = this.#sides.left.arrangement;
    const packed = { arena: presence.arena, addresses: rows.references, count, skip: RECORD_WORDS };
    this.#emit(weights, count, (k) =>
      k < this.#leftCount
        ? unpackColumn(rowCodec, k, packed)
        : columnOf(right, k - this.#leftCount, { kind: 'nulls' }, count),
    );
  }

  /** Left rows whose key is NULL match nothing, and are in no arrangement. */
  #emitKeyless(sides: { left: ArrangedDelta; right: ArrangedDelta }, budget: number): number {
    const { left } = sides;
    const from = this.#keylessAt;
    const to = Math.min(left.rows, from + budget);
    const references = new Int32Array(to - from);
    let count = 0;
    for (let row = from; row < to; row++) if (!left.keys.hasKey(row)) references[count++] = row;
    this.#keylessAt = to;
    const weights = pickInt32(left.weights, references, count);
    this.#emit(weights, count, (k) => this.#leftOnly(sides, k, { kind: 'delta', references }, count));
    return to - from;
  }

  /** Adds a piece to the output; the weights are copied. */
  #emit(weights: Int32Array, count: number, make: (k: number) => Column): void {
    if (count > 0) this.#builder.add(count, weights.slice(0, count), this.#program.columns.map(make));
  }

  #finish(): void {
    this.#output = this.#builder.finish(this.#empty);
    this.#rowsOut += this.#output.rows;
    this.#sides = undefined;
  }
}

/** A residual condition, compiled. */
interface Residual {
  readonly select: NonNullable<CompiledProgram['select']>;
  readonly columns: readonly number[];
}

function residualOf(predicate: RowExpression, input: readonly FieldType[]): Residual {
  const { select } = compileProgram({ input, predicate, items: [] });
  assert(select !== undefined, 'a residual condition without a test');
  return { select, columns: [...columnsUsed(predicate)] };
}

/** The pairs that pass. */
function passing(
  { select, columns: used }: Residual,
  { left, right }: { left: ArrangedDelta; right: ArrangedDelta },
  pairs: Pairs,
  leftCount: number,
): Pairs {
  const { count } = pairs;
  if (count === 0) return pairs;
  // The columns that the condition does not read stay holes.
  const columns: Column[] = [];
  for (const k of used)
    columns[k] =
      k < leftCount
        ? columnOf(left, k, pairs.left, count)
        : columnOf(right, k - leftCount, pairs.right, count);
  const selected = new Int32Array(count);
  const passed = select(columns, 0, count, selected);
  return {
    left: pickRows(pairs.left, selected, passed),
    right: pickRows(pairs.right, selected, passed),
    weights: passed === 0 ? NO_ROWS : pickInt32(pairs.weights, selected, passed),
    count: passed,
  };
}

function at(types: readonly FieldType[], k: number): FieldType {
  const type = types[k];
  assert(type !== undefined, `no column ${k} in a join`);
  return type;
}
