/** A relation while a query is bound: its plan grows, its columns keep their places, and some of them have names. */
import { type InputColumn, type RowExpression, typeOf } from '../dataflow/expression.js';
import type { JoinType } from '../dataflow/view-spec.js';
import { conjunction, filtered } from './conjunction.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, projected, widthOf } from './plan-columns.js';
import type { Scope } from './scope.js';
import { stableText } from './stable-text.js';

/** A relation under construction. */
export class Relation {
  /** The names of its first columns. */
  readonly scope: Scope;
  #plan: LogicalPlan;
  /** Computed columns, by what they compute. */
  readonly #computed = new Map<string, InputColumn>();

  constructor(plan: LogicalPlan, scope: Scope) {
    this.#plan = plan;
    this.scope = scope;
  }

  get plan(): LogicalPlan {
    return this.#plan;
  }

  get width(): number {
    return widthOf(this.#plan);
  }

  /** A column with the value of an expression over its columns, added unless there is one. */
  columnFor(value: RowExpression): InputColumn {
    if (value.kind === 'column') return value;
    const text = stableText(value);
    const known = this.#computed.get(text);
    if (known !== undefined) return known;
    const columns = columnsOf(columnTypes(this.#plan));
    this.#plan = projected(this.#plan, [...columns, value]);
    const column: InputColumn = { kind: 'column', index: columns.length, type: typeOf(value) };
    this.#computed.set(text, column);
    return column;
  }

  /** Keeps the rows for which all tests are true. */
  restrict(tests: readonly RowExpression[]): void {
    this.#plan = filtered(this.#plan, tests);
  }

  /**
   * Joins another relation.
   *
   * @param tests - over the columns of this one followed by those of the other.
   * @returns where the other's columns begin; those of semi and anti joins are not there.
   */
  join(type: JoinType, other: LogicalPlan, tests: readonly RowExpression[]): number {
    const from = this.width;
    this.#plan = {
      kind: 'join',
      type,
      left: this.#plan,
      right: other,
      on: [],
      residual: conjunction(tests),
    };
    return from;
  }
}
