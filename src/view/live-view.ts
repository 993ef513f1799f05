/** A view that a group, or a build, maintains: what was compiled of it, its table, and the ids of its rows. */
import { assert } from '../base/assert.js';
import type { BackingTable } from '../commit/backing-table.js';
import type { ViewWrite } from '../commit/epoch-committer.js';
import { rowChanges } from '../commit/row-bytes.js';
import type { RowIdPlan, RowIds } from '../commit/row-ids.js';
import type { Delta } from '../dataflow/delta.js';
import type { CompiledView } from './compiled-view.js';

/** What an epoch does to one view; becomes fact by {@link LiveView.absorb}. */
export interface PlannedWrite {
  readonly view: LiveView;
  readonly write: ViewWrite;
  readonly plan: RowIdPlan | undefined;
}

/** One maintained view. */
export class LiveView {
  readonly id: bigint;
  readonly compiled: CompiledView;
  readonly table: BackingTable;
  /** Only of a table without a key. */
  readonly rowIds: RowIds | undefined;
  #rowsAtStart: bigint | undefined;
  #rowsSince = 0n;

  constructor(parts: {
    readonly id: bigint;
    readonly compiled: CompiledView;
    readonly table: BackingTable;
    readonly rowIds: RowIds | undefined;
    /** undefined: not counted yet. */
    readonly rows: bigint | undefined;
  }) {
    assert(
      parts.table.hasRowIds === (parts.rowIds !== undefined),
      'row ids where there is no key, and only there',
    );
    this.id = parts.id;
    this.compiled = parts.compiled;
    this.table = parts.table;
    this.rowIds = parts.rowIds;
    this.#rowsAtStart = parts.rows ?? (parts.rowIds === undefined ? undefined : BigInt(parts.rowIds.size));
  }

  /** Rows of the view; undefined: nobody has counted them yet. */
  get rows(): bigint | undefined {
    return this.#rowsAtStart === undefined ? undefined : this.#rowsAtStart + this.#rowsSince;
  }

  /** Rows added since this process maintains the view, less those removed. */
  get rowsSince(): bigint {
    return this.#rowsSince;
  }

  /** The view had so many rows when {@link rowsSince} was `since`. */
  counted(rows: bigint, since: bigint): void {
    this.#rowsAtStart = rows - since;
  }

  /** Plans the write of a consolidated delta. */
  plan(delta: Delta): PlannedWrite {
    const plan = this.rowIds?.plan(rowChanges(delta));
    const write = {
      viewId: this.id,
      table: this.table,
      delta,
      ...(plan === undefined ? {} : { operations: plan.operations }),
    };
    return { view: this, write, plan };
  }

  /** The write is committed. */
  absorb({ write, plan }: PlannedWrite): void {
    if (plan !== undefined) this.rowIds?.absorb(plan);
    for (let row = 0; row < write.delta.rows; row++) this.#rowsSince += BigInt(write.delta.weights[row] ?? 0);
  }
}
