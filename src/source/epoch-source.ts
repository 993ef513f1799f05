/**
 * All spans of one group, or of one build: what is resolved over all of them, and the input of an epoch.
 *
 * The meta range is one of them, so no epoch closes at E before every schema change up to E is known.
 */
import type { Alarm } from '../base/alarm.js';
import { assert } from '../base/assert.js';
import { limits } from '../base/limits.js';
import { CodecError } from '../codec/codec-error.js';
import { META_RANGE } from '../codec/meta-keys.js';
import type { TableId } from '../codec/table-keys.js';
import { MAX_TS, type Ts, minTs } from '../codec/tso.js';
import type { Delta } from '../dataflow/delta.js';
import type { SpanId, SpanLag } from '../tikv/feed/feed-event.js';
import type { FeedRouter } from './feed-router.js';
import { NetChanges } from './net-changes.js';
import { type RelevantChange, SchemaBuffer } from './schema-buffer.js';
import { type SourceTable, sourceIdOf } from './source-table.js';
import { BufferBudget, type Gap, SpanBuffer } from './span-buffer.js';
import { TableInput } from './table-input.js';

/** What changed in (lower, upper]. */
export interface EpochInput {
  readonly lower: Ts;
  readonly upper: Ts;
  /** By table; tables in which nothing of interest changed are left out. */
  readonly sources: ReadonlyMap<TableId, Delta>;
  readonly schemaChanges: readonly RelevantChange[];
  /** Tables whose changes cannot be decoded: nothing of them is in `sources`, and they are not followed any more. */
  readonly failures: readonly SourceGap[];
  /** Row changes taken in, before they were netted. */
  readonly events: number;
  /** The least commit ts of them; undefined: there are none. */
  readonly oldestTs: Ts | undefined;
}

/** A table that cannot be followed any further, or everything, if it is the schema. */
export interface SourceGap extends Gap {
  /** undefined: of the meta range. */
  readonly tableId: TableId | undefined;
}

interface FollowedSpan {
  readonly id: SpanId;
  readonly buffer: SpanBuffer;
}

interface Followed {
  input: TableInput;
  readonly spans: readonly FollowedSpan[];
}

/** The input of one group's, or one build's, epochs. */
export class EpochSource {
  readonly #router: FeedRouter;
  readonly #name: string;
  readonly #budget = new BufferBudget(limits.epochBytes);
  readonly #changed: Alarm;
  readonly #tables = new Map<TableId, Followed>();
  readonly #schema: SchemaBuffer;
  #lower: Ts;
  #spansMade = 0;

  /**
   * Begins to follow the schema.
   *
   * @param name - unique among the sources alive: part of the spans' ids.
   * @param checkpoint - where the first epoch's input begins. A GC barrier must hold it.
   * @param changed - rung when `resolvedTs` may have grown, when a gap opens, when what is followed changes.
   */
  constructor(router: FeedRouter, name: string, checkpoint: Ts, changed: Alarm) {
    this.#router = router;
    this.#name = name;
    this.#lower = checkpoint;
    this.#changed = changed;
    this.#schema = new SchemaBuffer(checkpoint, this.#budget, () => this.#changed.ring());
    router.subscribe({ id: this.#schemaSpanId, ...META_RANGE, checkpoint }, this.#schema);
  }

  /** Where the next epoch's input begins. */
  get lower(): Ts {
    return this.#lower;
  }

  /** Everything up to here is known: an epoch may close here. */
  get resolvedTs(): Ts {
    let least = this.#schema.resolvedTs;
    for (const span of this.#spans()) least = minTs(least, span.buffer.resolvedTs);
    return least;
  }

  /** Bytes of changes that wait. */
  get bufferedBytes(): number {
    return this.#budget.usedBytes;
  }

  /** Tables followed. */
  get tables(): readonly SourceTable[] {
    return [...this.#tables.values()].map(({ input }) => input.table);
  }

  /** Follows a table from `lower` on, or, if it is followed already, with these columns from now on. */
  follow(table: SourceTable): void {
    const id = sourceIdOf(table);
    const followed = this.#tables.get(id);
    if (followed !== undefined) {
      followed.input = new TableInput(table);
      return;
    }
    const input = new TableInput(table);
    const spans = table.version.recordRanges.map((range) => {
      const buffer = new SpanBuffer(this.#lower, this.#budget, () => this.#changed.ring());
      const spanId = `${this.#name}/${id}/${this.#spansMade++}`;
      this.#router.subscribe({ id: spanId, ...range, checkpoint: this.#lower }, buffer);
      return { id: spanId, buffer };
    });
    this.#tables.set(id, { input, spans });
  }

  /** Stops following a table. */
  leave(id: TableId): void {
    const followed = this.#tables.get(id);
    if (followed === undefined) return;
    this.#tables.delete(id);
    for (const span of followed.spans) {
      this.#router.unsubscribe(span.id);
      span.buffer.clear();
    }
    this.#changed.ring();
  }

  /** Stops following everything. */
  close(): void {
    for (const id of [...this.#tables.keys()]) this.leave(id);
    this.#router.unsubscribe(this.#schemaSpanId);
    this.#schema.clear();
  }

  /** What cannot be followed any further. */
  gaps(): readonly SourceGap[] {
    const gaps: SourceGap[] = [];
    const { openGap } = this.#schema;
    if (openGap !== undefined) gaps.push({ ...openGap, tableId: undefined });
    for (const [tableId, { spans }] of this.#tables) {
      const gap = spans.find((span) => span.buffer.openGap !== undefined)?.buffer.openGap;
      if (gap !== undefined) gaps.push({ ...gap, tableId });
    }
    return gaps;
  }

  /** Whether an epoch at `upper` would have anything to do. */
  hasChangesUpTo(upper: Ts): boolean {
    if (this.#schema.hasUpTo(upper)) return true;
    for (const span of this.#spans()) if (span.buffer.hasUpTo(upper)) return true;
    return false;
  }

  /**
   * Closes an epoch: its input leaves the buffers for good.
   *
   * @param upper - ≥ `lower`, ≤ `resolvedTs`.
   */
  take(upper: Ts): EpochInput {
    const lower = this.#lower;
    assert(upper >= lower, `epoch ${upper} below ${lower}`);
    assert(upper <= this.resolvedTs, `epoch ${upper} is not resolved: ${this.resolvedTs}`);
    assert(this.gaps().length === 0, 'an epoch over a gap');
    const sources = new Map<TableId, Delta>();
    const failures: SourceGap[] = [];
    let events = 0;
    let oldestTs = MAX_TS;
    for (const [tableId, { input, spans }] of this.#tables) {
      const changes = new NetChanges();
      for (const { buffer } of spans) buffer.takeUpTo(upper, (batch, row) => changes.add(batch, row));
      events += changes.events;
      oldestTs = minTs(oldestTs, changes.oldestTs);
      if (changes.count === 0) continue;
      try {
        const delta = input.delta(changes);
        if (delta.rows > 0) sources.set(tableId, delta);
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        failures.push({ tableId, from: lower, cause: error });
      }
    }
    for (const { tableId } of failures) if (tableId !== undefined) this.leave(tableId);
    this.#lower = upper;
    return {
      ...{ lower, upper, sources, failures, events },
      schemaChanges: this.#schema.takeUpTo(upper),
      oldestTs: events === 0 ? undefined : oldestTs,
    };
  }

  /** The span that holds everything back, if the feed knows. */
  heldBackBy(): SpanLag | undefined {
    const ids = new Set<SpanId>([this.#schemaSpanId]);
    for (const span of this.#spans()) ids.add(span.id);
    let slowest: SpanLag | undefined;
    for (const lag of this.#router.lag()) {
      if (ids.has(lag.spanId) && (slowest === undefined || lag.resolved < slowest.resolved)) slowest = lag;
    }
    return slowest;
  }

  /**
   * Takes over another source's tables, which stands at the same ts: what both follow is followed once, what only
   * the other follows goes on without being subscribed again. The other is empty afterwards, and closed.
   */
  adopt(other: EpochSource): void {
    assert(other.#lower === this.#lower, `adopting a source at ${other.#lower} at ${this.#lower}`);
    for (const [id, followed] of other.#tables) {
      if (this.#tables.has(id)) continue;
      other.#tables.delete(id);
      for (const { buffer } of followed.spans) buffer.moveTo(this.#budget, () => this.#changed.ring());
      this.#tables.set(id, followed);
    }
    other.close();
  }

  get #schemaSpanId(): SpanId {
    return `${this.#name}/schema`;
  }

  *#spans(): Iterable<FollowedSpan> {
    for (const { spans } of this.#tables.values()) yield* spans;
  }
}
