/** Schema changes that wait for their epoch: the meta range's rows, decoded as they come. */
import type { TiviewError } from '../base/errors.js';
import { SchemaError } from '../catalog/schema-error.js';
import { type SchemaChange, decodeSchemaChange, withoutMoves } from '../catalog/schema-change.js';
import { decodeMetaKey } from '../codec/meta-keys.js';
import type { TableId } from '../codec/table-keys.js';
import { type Ts, ts } from '../codec/tso.js';
import { type RowChangeBatch, keyOf, valueOf } from '../tikv/feed/row-change-batch.js';
import type { SpanConsumer } from './feed-router.js';
import type { Gap } from './span-buffer.js';

/** A change that says something, or a table of which we cannot tell what it says. */
export type RelevantChange =
  | Exclude<SchemaChange, { kind: 'irrelevant' }>
  | {
      readonly kind: 'tableUnreadable';
      readonly commitTs: Ts;
      readonly tableId: TableId;
      readonly reason: string;
    };

/** Buffers the meta range. */
export class SchemaBuffer implements SpanConsumer {
  readonly #onChange: () => void;
  #resolved: Ts;
  #changes: RelevantChange[] = [];
  #gap: Gap | undefined;

  constructor(checkpoint: Ts, onChange: () => void) {
    this.#resolved = checkpoint;
    this.#onChange = onChange;
  }

  get resolvedTs(): Ts {
    return this.#resolved;
  }

  get openGap(): Gap | undefined {
    return this.#gap;
  }

  rows(batch: RowChangeBatch): void {
    for (let row = 0; row < batch.count; row++) {
      const commitTs = ts(batch.commitTs[row] ?? 0n);
      const key = keyOf(batch, row);
      try {
        const change = decodeSchemaChange({ key, value: valueOf(batch, row), commitTs });
        if (change.kind !== 'irrelevant') this.#changes.push(change);
      } catch (error) {
        if (!(error instanceof SchemaError)) throw error;
        // Only whoever reads that table needs to care.
        const metaKey = decodeMetaKey(key);
        if (metaKey.kind !== 'table') continue;
        this.#changes.push({
          kind: 'tableUnreadable',
          commitTs,
          tableId: metaKey.tableId,
          reason: error.message,
        });
      }
    }
  }

  resolved(to: Ts): void {
    if (to <= this.#resolved) return;
    this.#resolved = to;
    this.#onChange();
  }

  gap(from: Ts, cause: TiviewError): void {
    this.#gap ??= { from, cause };
    this.#changes = [];
    this.#onChange();
  }

  /** Whether any change waits with commit ts ≤ `upper`. */
  hasUpTo(upper: Ts): boolean {
    return this.#changes.some((change) => change.commitTs <= upper);
  }

  /** Lets go of every change with commit ts ≤ `upper`: in the order of commits, repetitions and moves left out. */
  takeUpTo(upper: Ts): readonly RelevantChange[] {
    const taken = this.#changes.filter((change) => change.commitTs <= upper);
    this.#changes = this.#changes.filter((change) => change.commitTs > upper);
    taken.sort((a, b) => (a.commitTs < b.commitTs ? -1 : a.commitTs > b.commitTs ? 1 : 0));
    const readable = taken.filter((change) => change.kind !== 'tableUnreadable');
    const unreadable = taken.filter((change) => change.kind === 'tableUnreadable');
    return [...withoutMoves(readable).filter((change) => change.kind !== 'irrelevant'), ...unreadable];
  }
}
