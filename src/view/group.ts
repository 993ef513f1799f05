/**
 * A group of views that advance together: one source, one circuit, one transaction an epoch. This is the owner's loop:
 *
 *     wait for a reason ─▶ run what wants to happen between epochs ─▶ close the epoch's input ─▶ step the circuit ─▶
 *     commit ─▶ absorb, tell whoever waits
 *
 * The one loop is the only writer: everything that changes the registry or the set of views goes through it, so nothing
 * here needs a lock. It ends by throwing: `DeposedError` when somebody else reigns.
 */
import type { Alarm } from '../base/alarm.js';
import { assert, present } from '../base/assert.js';
import { asError } from '../base/errors.js';
import { sensitive } from '../base/sensitive.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { TableVersion } from '../catalog/table-version.js';
import { ROWID_COLUMN } from '../codec/table-keys.js';
import { type Ts, earlier } from '../codec/tso.js';
import { EpochClock } from '../commit/epoch-clock.js';
import { type CommitOutcome, type EpochCommitter } from '../commit/epoch-committer.js';
import type { Frontier } from '../commit/frontier.js';
import type { Circuit } from '../dataflow/circuit.js';
import { OperatorError } from '../dataflow/operator-error.js';
import type { EpochInput, EpochSource } from '../source/epoch-source.js';
import { DeposedError } from './deposed-error.js';
import type { EpochHistory } from './epoch-history.js';
import type { ForeignWrites } from './foreign-writes.js';
import type { LiveView, PlannedWrite } from './live-view.js';
import type { PendingEdits } from './pending-edits.js';
import { type Registry, type RegistryEdit, lastOfEach, registryChange } from './registry.js';
import {
  type Casualty,
  casualtiesOfGaps,
  casualtiesOfOperator,
  casualtiesOfSchema,
  casualtiesOfStrangers,
  editOf,
} from './casualty.js';
import { splitOversized } from './oversized.js';
import { stepCircuit } from './step-circuit.js';

/** What a group is made of. */
export interface GroupParts {
  readonly committer: EpochCommitter;
  readonly source: EpochSource;
  readonly foreign: ForeignWrites;
  readonly circuit: Circuit;
  readonly registry: Registry;
  readonly history: EpochHistory;
  readonly edits: PendingEdits;
  /** Rung by the source and by whoever wants something of the loop. */
  readonly alarm: Alarm;
  readonly frontier: Frontier;
  readonly views: readonly LiveView[];
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Least time from the beginning of an epoch to that of the next. */
  readonly epochIntervalMs: number;
  /** Told after each commit. */
  readonly onCommitted: (frontier: Frontier) => void;
}

/** An empty epoch is committed after so long, to show that the owner lives and how far he has come. */
const IDLE_EPOCH_MS = 10_000;
/** Writes of others that the reign before may have missed when it ended: so far back is looked after a takeover. */
const FOREIGN_LOOKBACK_MS = 10_000n;

interface TsWaiter {
  readonly ts: Ts;
  readonly resolve: (frontier: Frontier) => void;
}

/** Maintains a group's views. */
export class Group {
  readonly #parts: GroupParts;
  readonly #views = new Map<bigint, LiveView>();
  #frontier: Frontier;
  #waiters: TsWaiter[] = [];
  readonly #between: { readonly run: () => Promise<void>; readonly reject: (error: Error) => void }[] = [];
  /** Why the loop has ended: from then on nothing will run between epochs. */
  #ended: Error | undefined;
  /** When the last epoch began. */
  #epochStartMs: number;

  constructor(parts: GroupParts) {
    this.#parts = parts;
    this.#frontier = parts.frontier;
    this.#epochStartMs = parts.runtime.monotonicMs();
    for (const view of parts.views) {
      this.#views.set(view.id, view);
      parts.foreign.watch(view, earlier(parts.source.lower, FOREIGN_LOOKBACK_MS));
    }
    this.#followWhatIsRead();
  }

  get frontier(): Frontier {
    return this.#frontier;
  }

  /** Views that are maintained now. */
  get views(): ReadonlyMap<bigint, LiveView> {
    return this.#views;
  }

  /** Up to where the input is complete: nothing newer can be shown before it grows. */
  get resolvedTs(): Ts {
    return this.#parts.source.resolvedTs;
  }

  get circuit(): Circuit {
    return this.#parts.circuit;
  }

  get source(): EpochSource {
    return this.#parts.source;
  }

  /** Changes the registry with the next epoch, which is committed at once. Resolves when it is. */
  edit(edits: readonly RegistryEdit[], signal: AbortSignal): Promise<void> {
    const done = this.#parts.edits.add(edits, signal);
    this.#parts.alarm.ring();
    return done;
  }

  /** Resolves when the views contain everything committed up to `ts`. @throws the signal's reason. */
  waitFor(ts: Ts, signal: AbortSignal): Promise<Frontier> {
    if (this.#frontier.appliedTs >= ts) return Promise.resolve(this.#frontier);
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      const waiter: TsWaiter = {
        ts,
        resolve: (frontier) => {
          signal.removeEventListener('abort', onAbort);
          resolve(frontier);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
      this.#parts.alarm.ring();
    });
  }

  /**
   * Runs `work` between two epochs, when circuit, source and frontier stand at the same ts. No epoch begins before its
   * promise settles, so it must be short.
   *
   * @throws what `work` throws; what {@link run} ended with, if it ends before.
   */
  betweenEpochs<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      const run = async (): Promise<void> => {
        try {
          resolve(await work());
        } catch (error) {
          reject(asError(error));
        }
      };
      this.#between.push({ run, reject });
      this.#parts.alarm.ring();
    });
  }

  /** Takes in a view that stands where the group stands. Only between epochs. */
  admit(view: LiveView): void {
    assert(!this.#views.has(view.id), `view ${view.id} is maintained already`);
    this.#views.set(view.id, view);
    this.#parts.foreign.watch(view, this.#parts.source.lower);
    this.#followWhatIsRead();
  }

  /** Lets views go. Only between epochs. */
  dismiss(ids: readonly bigint[]): void {
    for (const id of ids) {
      if (!this.#views.delete(id)) continue;
      this.#parts.circuit.detach(id);
      this.#parts.foreign.unwatch(id);
    }
    this.#followWhatIsRead();
  }

  /** Maintains until aborted. @throws DeposedError; the signal's reason; what cannot be lived with. */
  async run(signal: AbortSignal): Promise<never> {
    try {
      return await this.#maintain(signal);
    } catch (error) {
      const ended = asError(error);
      this.#ended = ended;
      for (const { reject } of this.#between.splice(0)) reject(ended);
      throw error;
    }
  }

  async #maintain(signal: AbortSignal): Promise<never> {
    const { alarm, runtime } = this.#parts;
    for (;;) {
      for (let next = this.#between.shift(); next !== undefined; next = this.#between.shift())
        await next.run();
      const waitMs = this.#pauseMs();
      if (waitMs > 0) await alarm.waitAtMost(waitMs, runtime, signal);
      else await this.#epoch(signal);
    }
  }

  /** How long nothing needs to be done, unless the alarm rings; 0: an epoch is due. */
  #pauseMs(): number {
    const { edits, source, foreign, runtime, epochIntervalMs } = this.#parts;
    const isUrgent = this.#between.length > 0 || source.gaps().length > 0 || foreign.found.size > 0;
    if (isUrgent || edits.count > 0) return 0;
    const sinceMs = runtime.monotonicMs() - this.#epochStartMs;
    const resolved = source.resolvedTs;
    if (resolved > source.lower) {
      const isWanted =
        this.#waiters.some(({ ts }) => ts <= resolved) ||
        source.hasChangesUpTo(resolved) ||
        sinceMs >= IDLE_EPOCH_MS;
      if (isWanted) return Math.max(0, epochIntervalMs - sinceMs);
    }
    // Without news of the feed nothing can be done, however long it takes; the source rings when there are some.
    return resolved > source.lower ? IDLE_EPOCH_MS - sinceMs : IDLE_EPOCH_MS;
  }

  async #epoch(signal: AbortSignal): Promise<void> {
    const { source, foreign, runtime, telemetry } = this.#parts;
    const clock = new EpochClock(runtime, telemetry.metrics);
    const lost = casualtiesOfGaps(source.gaps(), this.#views.values());
    this.dismiss(lost.map(({ view }) => view.id));
    const input = source.take(source.resolvedTs);
    if (input.oldestTs !== undefined) clock.waited(input.oldestTs, input.upper);
    clock.ended('input');
    const invaded = casualtiesOfStrangers(foreign.found, input.schemaChanges, this.#views.values());
    this.dismiss(invaded.map(({ view }) => view.id));
    const broken = [
      ...casualtiesOfGaps(input.failures, this.#views.values()),
      ...casualtiesOfSchema(input.schemaChanges, this.#views.values()),
    ];
    this.dismiss(broken.map(({ view }) => view.id));
    const { planned, failed } = await this.#step(input);
    const { kept, oversized } = splitOversized(planned);
    clock.ended('step');
    const casualties = [...lost, ...invaded, ...broken, ...failed, ...oversized];
    await this.#commit({ input, clock }, kept, casualties, signal);
    clock.finished();
    this.#epochStartMs = clock.startMs;
    telemetry.metrics.count('tiview_epoch_rows_total', input.events);
  }

  /** Steps the circuit, leaving behind the views of operators that fail. */
  async #step(
    input: EpochInput,
  ): Promise<{ readonly planned: readonly PlannedWrite[]; readonly failed: readonly Casualty[] }> {
    const failed: Casualty[] = [];
    for (;;) {
      try {
        return { planned: await this.#stepOnce(input), failed };
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        failed.push(...casualtiesOfOperator(error, this.#views.values()));
        this.dismiss([...error.views]);
      }
    }
  }

  async #stepOnce(input: EpochInput): Promise<readonly PlannedWrite[]> {
    const deltas = await stepCircuit(this.#parts.circuit, input, this.#parts.runtime);
    const planned: PlannedWrite[] = [];
    for (const [id, delta] of deltas) {
      const view = this.#views.get(id);
      assert(view !== undefined, `the circuit gives a delta of view ${id}`);
      if (delta.rows > 0) planned.push(view.plan(delta));
    }
    return planned;
  }

  /** Commits the epoch, leaving out views that turn out not to be writable. */
  async #commit(
    { input, clock }: { readonly input: EpochInput; readonly clock: EpochClock },
    planned: readonly PlannedWrite[],
    casualties: readonly Casualty[],
    signal: AbortSignal,
  ): Promise<void> {
    const { committer, edits, registry } = this.#parts;
    const pending = edits.take();
    let writes = planned;
    let hurt = casualties;
    for (;;) {
      const after = registry.with(pending.edits);
      const changes = lastOfEach([
        ...pending.edits,
        ...hurt.flatMap((one) => editOf(one, after, input.lower)),
      ]);
      const outcome = await committer.commit(
        {
          expect: this.#frontier,
          upper: input.upper,
          views: writes.map(({ write }) => write),
          registry: changes.map(registryChange),
          clock,
        },
        signal,
      );
      if (outcome.kind === 'committed') {
        registry.apply(changes);
        pending.done();
        this.#committed(outcome, writes, hurt);
        return;
      }
      const more = this.#hurtBy(outcome, writes);
      hurt = [...hurt, ...more];
      writes = writes.filter(({ view }) => !more.some((one) => one.view === view));
    }
  }

  #hurtBy(
    outcome: Exclude<CommitOutcome, { kind: 'committed' }>,
    writes: readonly PlannedWrite[],
  ): Casualty[] {
    const viewOf = (id: bigint): LiveView | undefined => writes.find(({ view }) => view.id === id)?.view;
    if (outcome.kind === 'deposed') throw new DeposedError(outcome.frontier);
    if (outcome.kind === 'broken') {
      return outcome.views.flatMap(({ viewId, reason }) => {
        const view = viewOf(viewId);
        return view === undefined ? [] : [{ view, state: 'INVALID' as const, reason }];
      });
    }
    const view = outcome.viewId === undefined ? undefined : viewOf(outcome.viewId);
    if (view === undefined) throw outcome.error;
    const isForeign = 'errno' in outcome.error && outcome.error.errno === 1356;
    return [{ view, state: isForeign ? 'INVALID' : 'FROZEN', reason: outcome.error.message }];
  }

  #committed(
    outcome: Extract<CommitOutcome, { kind: 'committed' }>,
    writes: readonly PlannedWrite[],
    hurt: readonly Casualty[],
  ): void {
    const { committer, history, telemetry, onCommitted } = this.#parts;
    this.#frontier = outcome.frontier;
    let rows = 0;
    for (const planned of writes) {
      planned.view.absorb(planned);
      rows += planned.write.delta.rows;
    }
    this.dismiss(hurt.map(({ view }) => view.id));
    for (const { view, state, reason } of hurt) {
      telemetry.log.error('a view cannot be maintained any more', {
        viewId: view.id,
        state,
        reason: sensitive(reason),
      });
    }
    history.add(outcome.frontier.epoch, outcome.commitTs);
    committer.forget(history.takeForgettable(outcome.commitTs));
    telemetry.metrics.count('tiview_epochs_total');
    telemetry.metrics.count('tiview_view_rows_written_total', rows);
    const reached = this.#waiters.filter(({ ts }) => ts <= outcome.frontier.appliedTs);
    this.#waiters = this.#waiters.filter(({ ts }) => ts > outcome.frontier.appliedTs);
    for (const waiter of reached) waiter.resolve(outcome.frontier);
    onCommitted(outcome.frontier);
  }

  /** The source follows the tables, and reads the columns, that the circuit needs: no more, no fewer. */
  #followWhatIsRead(): void {
    const { circuit, source } = this.#parts;
    const wanted = circuit.sources;
    for (const { version } of source.tables) if (!wanted.has(version.id)) source.leave(version.id);
    for (const [tableId, columns] of wanted) {
      const columnIds = columns.map(({ id }) => id);
      const known = source.tables.find(({ version }) => version.id === tableId);
      if (known !== undefined && known.columnIds.join() === columnIds.join()) continue;
      source.follow({ version: this.#versionOf(tableId, columnIds), columnIds });
    }
  }

  /** A version that has all the columns: a view that came later may read one that was added meanwhile. */
  #versionOf(tableId: number, columnIds: readonly number[]): TableVersion {
    const versions = [...this.#views.values()]
      .flatMap(({ compiled }) => compiled.sources.map(({ table }) => table.version))
      .filter(({ id }) => id === tableId);
    const has = (version: TableVersion): boolean =>
      columnIds.every((id) => id === ROWID_COLUMN || version.column(id) !== undefined);
    return present(versions.findLast(has), `no view knows all columns in use of table ${tableId}`);
  }
}
