/**
 * Schema changes that wait for their epoch: the meta range's rows, decoded as they come. What is kept is a table's
 * whole definition for every step of every DDL statement in the cluster, so it counts against the epoch's bound.
 */
import type { TiviewError } from '../base/errors.js';
import { SchemaError } from '../catalog/schema-error.js';
import { type SchemaChange, decodeSchemaChange, withoutMoves } from '../catalog/schema-change.js';
import { CodecError } from '../codec/codec-error.js';
import { decodeMetaKey } from '../codec/meta-keys.js';
import type { TableId } from '../codec/table-keys.js';
import { type Ts, ts } from '../codec/tso.js';
import { type RowChangeBatch, keyOf, valueOf } from '../tikv/feed/row-change-batch.js';
import type { SpanConsumer } from './feed-router.js';
import { type BufferBudget, type Gap, tooMuch } from './span-buffer.js';

/** A change that says something, or a table of which we cannot tell what it says. */
export type RelevantChange =
  | Exclude<SchemaChange, { kind: 'irrelevant' }>
  | {
      readonly kind: 'tableUnreadable';
      readonly commitTs: Ts;
      readonly tableId: TableId;
      readonly reason: string;
    };

interface Waiting {
  readonly change: RelevantChange;
  /** As they came. */
  readonly bytes: number;
}

/** Buffers the meta range. */
export class SchemaBuffer implements SpanConsumer {
  readonly #budget: BufferBudget;
  readonly #onChange: () => void;
  #resolved: Ts;
  #changes: Waiting[] = [];
  #gap: Gap | undefined;

  constructor(checkpoint: Ts, budget: BufferBudget, onChange: () => void) {
    this.#resolved = checkpoint;
    this.#budget = budget;
    this.#onChange = onChange;
  }

  get resolvedTs(): Ts {
    return this.#resolved;
  }

  get openGap(): Gap | undefined {
    return this.#gap;
  }

  rows(batch: RowChangeBatch): void {
    if (this.#gap !== undefined) return;
    for (let row = 0; row < batch.count; row++) {
      const commitTs = ts(batch.commitTs[row] ?? 0n);
      const value = valueOf(batch, row);
      const change = relevantChange(keyOf(batch, row), value, commitTs);
      if (change === undefined) continue;
      const bytes = value?.length ?? 0;
      if (!this.#budget.take(bytes)) {
        this.gap(this.#resolved, tooMuch(this.#budget));
        return;
      }
      this.#changes.push({ change, bytes });
    }
  }

  resolved(to: Ts): void {
    if (to <= this.#resolved) return;
    this.#resolved = to;
    this.#onChange();
  }

  gap(from: Ts, cause: TiviewError): void {
    this.#gap ??= { from, cause };
    this.clear();
    this.#onChange();
  }

  /** Whether any change waits with commit ts ≤ `upper`. */
  hasUpTo(upper: Ts): boolean {
    return this.#changes.some(({ change }) => change.commitTs <= upper);
  }

  /** Lets go of everything. */
  clear(): void {
    for (const { bytes } of this.#changes) this.#budget.give(bytes);
    this.#changes = [];
  }

  /** Lets go of every change with commit ts ≤ `upper`: in the order of commits, moves left out. */
  takeUpTo(upper: Ts): readonly RelevantChange[] {
    const leaving = this.#changes.filter(({ change }) => change.commitTs <= upper);
    this.#changes = this.#changes.filter(({ change }) => change.commitTs > upper);
    for (const { bytes } of leaving) this.#budget.give(bytes);
    const taken = leaving.map(({ change }) => change);
    taken.sort((a, b) => (a.commitTs < b.commitTs ? -1 : a.commitTs > b.commitTs ? 1 : 0));
    const readable = taken.filter((change) => change.kind !== 'tableUnreadable');
    const unreadable = taken.filter((change) => change.kind === 'tableUnreadable');
    return [...withoutMoves(readable).filter((change) => change.kind !== 'irrelevant'), ...unreadable];
  }
}

function relevantChange(
  key: Uint8Array,
  value: Uint8Array | undefined,
  commitTs: Ts,
): RelevantChange | undefined {
  try {
    const change = decodeSchemaChange({ key, value, commitTs });
    return change.kind === 'irrelevant' ? undefined : change;
  } catch (error) {
    // A key that is not built like TiDB's is nobody's table.
    if (error instanceof CodecError) return undefined;
    if (!(error instanceof SchemaError)) throw error;
    // Only whoever reads that table needs to care.
    const metaKey = decodeMetaKey(key);
    if (metaKey.kind !== 'table') return undefined;
    return { kind: 'tableUnreadable', commitTs, tableId: metaKey.tableId, reason: error.message };
  }
}
