/** Schema changes that wait for their epoch: the meta range's rows, decoded as they come. */
import { TiviewError, messageOf } from '../base/errors.js';
import { type SchemaChange, decodeSchemaChange, withoutMoves } from '../catalog/schema-change.js';
import { type Ts, ts } from '../codec/tso.js';
import { type RowChangeBatch, keyOf, valueOf } from '../tikv/feed/row-change-batch.js';
import type { SpanConsumer } from './feed-router.js';
import type { Gap } from './span-buffer.js';

/** A change that says something. */
export type RelevantChange = Exclude<SchemaChange, { kind: 'irrelevant' }>;

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
      try {
        const change = decodeSchemaChange({ key: keyOf(batch, row), value: valueOf(batch, row), commitTs });
        if (change.kind !== 'irrelevant') this.#changes.push(change);
      } catch (error) {
        // A TableInfo that we cannot read may be of any table: nothing can be promised beyond it.
        this.gap(this.#resolved, unreadable(error));
        return;
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
    return withoutMoves(taken).filter((change) => change.kind !== 'irrelevant');
  }
}

function unreadable(error: unknown): TiviewError {
  return new TiviewError(`a schema change of TiDB cannot be understood: ${messageOf(error)}`, {
    kind: 'schemaUnreadable',
    side: 'tidb',
    isRetryable: false,
    cause: error,
  });
}
