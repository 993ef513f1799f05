/**
 * The first fill of a view (ARCHITECTURE, second story): a hidden table, filled from a snapshot S, checked by TiDB
 * once, brought up to where the group stands, merged into it, and published by one RENAME.
 *
 * A build is an attempt with a table of its own. Whatever goes wrong, the attempt is thrown away whole; what a
 * successor finds of it in the registry tells him what to remove.
 */
import { Alarm } from '../base/alarm.js';
import { TiviewError } from '../base/errors.js';
import { type Ts, composeTs, maxTs } from '../codec/tso.js';
import type { BuildRecord } from '../commit/build-record.js';
import { BuildWriter } from '../commit/build-writer.js';
import { RowIds } from '../commit/row-ids.js';
import { buildCircuit } from '../dataflow/build-circuit.js';
import type { Circuit } from '../dataflow/circuit.js';
import { Accumulation } from '../dataflow/accumulation.js';
import type { Delta } from '../dataflow/delta.js';
import { EpochSource } from '../source/epoch-source.js';
import { BuildProgress } from './build-progress.js';
import { casualtiesOfGaps, casualtiesOfSchema } from './casualty.js';
import type { CompiledView } from './compiled-view.js';
import { columnsRead, holdsState, hydrate } from './hydration.js';
import { compareWithDefinition } from './law-check.js';
import { LiveView } from './live-view.js';
import { quoteTable } from './quote.js';
import type { ReignParts } from './reign-parts.js';
import { stepCircuit } from './step-circuit.js';
import { estimatedRowsOf } from './table-statistics.js';
import type { ViewRecord } from './view-record.js';
import { openViewTable } from './view-table.js';

/** A build that cannot succeed; the message is for the one who asked for the view. */
export class BuildError extends TiviewError {
  override readonly name = 'BuildError';

  constructor(message: string, cause?: unknown) {
    super(message, { kind: 'build', side: 'tidb', isRetryable: false, cause });
  }
}

/** A merge waits for the build's feed to reach the group's epoch; if it does not in so long, it is tried again. */
const MERGE_PATIENCE_MS = 2_000;
/** The group is asked to wait only when the build is not further behind than this: a second. */
const MERGE_LAG = composeTs(1_000n, 0n);
/** Rows of a view with state that are gathered before they are written. */
const HELD_ROWS = 65_536;
const NOTHING: Delta = { rows: 0, weights: new Int32Array(0), columns: [], isConsolidated: true };

/** What an attempt works with once its table is there. */
interface Attempt {
  readonly live: LiveView;
  readonly circuit: Circuit;
  readonly source: EpochSource;
  readonly writer: BuildWriter;
  /** S. */
  readonly snapshotTs: Ts;
}

/** One attempt at building one view, up to where it is maintained by epochs but still hidden. */
export class BuildJob {
  readonly #parts: ReignParts;
  readonly #view: ViewRecord;
  readonly #alarm = new Alarm();
  readonly progress: BuildProgress;
  #position: Ts | undefined;

  constructor(parts: ReignParts, view: ViewRecord) {
    this.#parts = parts;
    this.#view = view;
    this.progress = new BuildProgress(parts.runtime);
  }

  /**
   * Builds.
   *
   * @returns the view, maintained by the group.
   * @throws SqlError | BuildError — it cannot be built; BuildSupersededError; the signal's reason. The hidden table
   *   and the rows of the registry are then for the caller to remove.
   */
  async run(signal: AbortSignal): Promise<LiveView> {
    const { cluster, gc } = this.#parts;
    const holder = `build ${this.#view.id}`;
    const snapshotTs = await cluster.tso.next(signal);
    this.#position = snapshotTs;
    await gc.hold(holder, () => this.#position ?? snapshotTs, signal);
    const source = new EpochSource(this.#parts.router, holder, snapshotTs, this.#alarm);
    try {
      return await this.#build(source, snapshotTs, signal);
    } finally {
      source.close();
      gc.release(holder);
    }
  }

  async #build(source: EpochSource, snapshotTs: Ts, signal: AbortSignal): Promise<LiveView> {
    const { compiler, cluster, telemetry, tables } = this.#parts;
    const { id: viewId, definition, pinned, output } = this.#view;
    const compiled = await compiler.compile({ viewId, definition, pinned }, snapshotTs, signal);
    const circuit = buildCircuit([compiled.spec], snapshotTs);
    followAll(source, compiled, circuit);
    const build = await this.#makeTable(snapshotTs, signal);
    const table = await openViewTable(
      this.#parts,
      build.tableId,
      output,
      await cluster.tso.next(signal),
      signal,
    );
    const rowIds = table.hasRowIds ? new RowIds() : undefined;
    const live = new LiveView({ id: viewId, compiled, table, rowIds, rows: 0n });
    const writer = new BuildWriter(this.#parts, tables.builds, table, build);
    const attempt: Attempt = { live, circuit, source, writer, snapshotTs };
    await this.#scan(attempt, signal);
    await this.#agree(attempt, signal);
    this.progress.enter('catchingUp');
    await writer.write(undefined, { phase: 'catchUp', appliedTs: snapshotTs }, signal);
    do await this.#catchUp(attempt, signal);
    while (!(await this.#merge(attempt, signal)));
    telemetry.log.info('a view was built and is maintained', { viewId, rows: live.rows });
    return live;
  }

  /**
   * The attempt's row and table. The row comes first: it fences every attempt before, and only who has committed it
   * knows the new table's name, so that no deposed owner can ever touch the table of a successor's attempt.
   */
  async #makeTable(snapshotTs: Ts, signal: AbortSignal): Promise<BuildRecord> {
    const { registry, control, schema, catalog, cluster, group, term } = this.#parts;
    const before = registry.build(this.#view.id);
    const attempt = (before?.attempt ?? 0n) + 1n;
    const tableName = `build_${this.#view.id}_${attempt}`;
    const begun: BuildRecord = {
      viewId: this.#view.id,
      attempt,
      term,
      phase: 'scan',
      tableId: 0,
      tableName,
      snapshotTs,
      appliedTs: 0n as Ts,
      rowsWritten: 0n,
    };
    await group.edit([{ kind: 'putBuild', build: begun }], signal);
    await control.session(async (session) => {
      const places = [tableName, ...(before === undefined ? [] : [before.tableName])];
      await session.query(
        `DROP TABLE IF EXISTS ${places.map((name) => quoteTable(schema, name)).join(', ')}`,
      );
      await session.query(`CREATE TABLE ${quoteTable(schema, tableName)} ${this.#view.options.tableDdl}`);
    }, signal);
    const at = await cluster.tso.next(signal);
    const version = await catalog.findTable(schema, tableName, at, signal);
    if (version === undefined) throw new BuildError(`the hidden table ${tableName} has vanished`);
    const build: BuildRecord = { ...begun, tableId: version.id };
    const view = { ...(registry.view(this.#view.id) ?? this.#view), tableId: version.id };
    await group.edit(
      [
        { kind: 'putBuild', build },
        { kind: 'putView', view },
      ],
      signal,
    );
    return build;
  }

  async #scan(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { cluster, runtime } = this.#parts;
    const { live, circuit, writer } = attempt;
    const ids = live.compiled.sources.map(({ table }) => table.version.id);
    const expected = await estimatedRowsOf(this.#parts.control, ids, signal);
    this.progress.beginScan([...expected.values()].reduce((sum, rows) => sum + rows, 0));
    // Without state no row of the view is ever taken back; else what is taken back soon had better not be written.
    const heldRows = holdsState(live.compiled.spec.root) ? HELD_ROWS : 0;
    const held = new Accumulation();
    const steps = hydrate(
      circuit,
      live.compiled.sources,
      { coprocessor: cluster.coprocessor, runtime },
      signal,
    );
    for await (const { deltas, rowsRead } of steps) {
      this.progress.read(rowsRead);
      held.add(deltas.get(live.id) ?? NOTHING);
      if (held.rows > heldRows) await this.#write(attempt, held.take(), {}, signal);
    }
    await this.#write(attempt, held.take(), {}, signal);
    await writer.finished();
  }

  async #write(
    { live, writer }: Attempt,
    delta: Delta | undefined,
    progress: Partial<BuildRecord>,
    signal: AbortSignal,
  ): Promise<void> {
    if (delta === undefined || delta.rows === 0) {
      if (progress.appliedTs !== undefined) await writer.write(undefined, progress, signal);
      return;
    }
    const planned = live.plan(delta);
    const { operations } = planned.write;
    const batch = operations === undefined ? { delta } : { delta, operations };
    const rowsWritten = writer.build.rowsWritten + BigInt(delta.rows);
    await writer.write(batch, { ...progress, rowsWritten }, signal);
    live.absorb(planned);
    this.#parts.telemetry.metrics.count('tiview_build_rows_total', delta.rows);
  }

  /** TiDB must agree once: the definition at S, run by TiDB, and the table filled from S are the same. */
  async #agree({ live, writer, snapshotTs }: Attempt, signal: AbortSignal): Promise<void> {
    const { control, cluster, schema } = this.#parts;
    this.progress.enter('checking');
    const tableTs = await cluster.tso.next(signal);
    const { output, definition, pinned } = this.#view;
    const comparand = {
      definition,
      output,
      pinned,
      table: { schema, name: writer.build.tableName },
    };
    const at = { tableTs, definitionTs: snapshotTs };
    const { differences, rows } = await compareWithDefinition(control, comparand, at, signal);
    if (differences.length === 0 && rows === live.rows) return;
    const shown = differences.map(({ where, text }) => `${where}: ${text}`).join('; ');
    throw new BuildError(`TiView's result differs from TiDB's (please report it): ${shown}`);
  }

  /** Follows the build's own feed until it is close behind the group. */
  async #catchUp(attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { group, runtime } = this.#parts;
    const { source } = attempt;
    for (;;) {
      checkSource(attempt);
      const resolved = source.resolvedTs;
      if (resolved > source.lower) await this.#advance(attempt, resolved, signal);
      const goal = maxTs(group.frontier.appliedTs, source.lower);
      if (goal - source.lower <= MERGE_LAG) return;
      await this.#alarm.waitAtMost(MERGE_PATIENCE_MS, runtime, signal);
    }
  }

  async #advance(attempt: Attempt, upper: Ts, signal: AbortSignal): Promise<void> {
    const { live, circuit, source } = attempt;
    checkSource(attempt);
    const input = source.take(upper);
    const [casualty] = [
      ...casualtiesOfGaps(input.failures, [live]),
      ...casualtiesOfSchema(input.schemaChanges, [live]),
    ];
    if (casualty !== undefined) throw new BuildError(casualty.reason);
    const deltas = await stepCircuit(circuit, input, this.#parts.runtime);
    await this.#write(attempt, deltas.get(live.id), { appliedTs: upper }, signal);
    this.#position = upper;
  }

  /**
   * Steps to the very epoch that the group stands at, while the group waits, and joins it: from the next epoch on the
   * group's transactions write this view's table too.
   *
   * @returns false when the build's feed did not get there in time: try again.
   */
  async #merge(attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const { group, runtime } = this.#parts;
    const { live, circuit, source, writer } = attempt;
    // A group in which nothing happens stands still; the build can only go forward.
    await group.waitFor(source.lower, signal);
    const merged = await group.betweenEpochs(async () => {
      const { appliedTs } = group.frontier;
      const untilMs = runtime.monotonicMs() + MERGE_PATIENCE_MS;
      while (source.resolvedTs < appliedTs) {
        checkSource(attempt);
        const leftMs = untilMs - runtime.monotonicMs();
        if (leftMs <= 0) return undefined;
        await this.#alarm.waitAtMost(leftMs, runtime, signal);
      }
      // What has resolved may have been lost since: an epoch over a gap would be a bug.
      checkSource(attempt);
      await this.#advance(attempt, appliedTs, signal);
      await writer.finished();
      group.source.adopt(source);
      group.circuit.attach(circuit);
      group.admit(live);
      // Taken along by the next epoch, the first that writes the view: if that is not committed, nothing is merged.
      const build: BuildRecord = { ...writer.build, phase: 'merged' };
      const committed = group.edit([{ kind: 'putBuild', build }], signal);
      committed.catch(() => undefined);
      return { committed };
    });
    // Published before it says so, a successor would build it a second time, in the place where it is already.
    await merged?.committed;
    return merged !== undefined;
  }
}

function checkSource({ source, live }: Attempt): void {
  const [casualty] = casualtiesOfGaps(source.gaps(), [live]);
  if (casualty !== undefined) throw new BuildError(casualty.reason);
}

function followAll(source: EpochSource, compiled: CompiledView, circuit: Circuit): void {
  for (const { table } of compiled.sources) {
    source.follow({ version: table.version, columnIds: columnsRead(circuit, table.version.id) });
  }
}
