/**
 * The life of one instance: it watches who reigns, takes over when nobody does, reigns until it is deposed or stopped,
 * and watches again. All instances know the registry: the owner because it is his, the others by reading it.
 */
import { Alarm } from '../base/alarm.js';
import { TiviewError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import type { Task } from '../base/runtime.js';
import { type Ts, ZERO_TS } from '../codec/tso.js';
import { type Frontier, FrontierRecord } from '../commit/frontier.js';
import type { InstanceParts } from './instance-parts.js';
import { Liveness, MemberRow, readMember } from './members.js';
import { Registry } from './registry.js';
import { Reign } from './reign.js';
import { lagMs } from './status-row.js';
import { VIEW_STATES } from './view-record.js';

/** Between two looks of a watcher at the owner. */
const WATCH_MS = 250;
/** An owner that shows no sign of life for so long is taken for dead. */
const OWNER_PATIENCE_MS = 2_500;
const RETRY_MS = 500;
const MEASURE_MS = 1_000;

/** What this instance knows now. */
export interface Knowledge {
  readonly registry: Registry;
  readonly frontier: Frontier | undefined;
}

/** One instance. */
export class Instance {
  readonly #parts: InstanceParts;
  readonly #record: FrontierRecord;
  readonly #row: MemberRow;
  readonly #changed = new Alarm();
  #knowledge: Knowledge = { registry: new Registry(), frontier: undefined };
  #knownAt: Ts = ZERO_TS;
  #reign: Reign | undefined;
  #tasks: Task[] = [];

  constructor(parts: InstanceParts) {
    this.#parts = parts;
    this.#record = new FrontierRecord(parts.tables.frontier);
    this.#row = new MemberRow(parts, parts.tables.members, parts.member);
  }

  get parts(): InstanceParts {
    return this.#parts;
  }

  /** The reign, if this instance reigns and has taken up its views. */
  get reign(): Reign | undefined {
    return this.#reign;
  }

  get knowledge(): Knowledge {
    const reign = this.#reign;
    if (reign === undefined) return this.#knowledge;
    return { registry: reign.parts.registry, frontier: reign.parts.group.frontier };
  }

  /** Resolves when the knowledge has changed, or this instance begins or ends to reign. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changed.wait(signal);
  }

  /** Reads the registry again, so that what another instance has just done is seen here. */
  async catchUp(signal: AbortSignal): Promise<void> {
    if (this.#reign === undefined) await this.#look(signal);
  }

  /** Begins to watch. Resolves when the registry has been read once. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#look(signal);
    const { runtime } = this.#parts;
    this.#tasks = [
      runtime.spawn('member', (own) => this.#row.run(own)),
      runtime.spawn('leadership', (own) => this.#live(own)),
      runtime.spawn('view metrics', (own) => this.#measure(own)),
    ];
  }

  /** Ends the reign, if any, and says good-bye, so that another can take over at once. */
  async stop(signal: AbortSignal): Promise<void> {
    for (const task of this.#tasks.splice(0).reverse()) await task.stop();
    try {
      await this.#row.remove(signal);
    } catch (error) {
      this.#parts.telemetry.log.warn('could not say good-bye; others will wait a moment', {
        cause: loggedCause(error),
      });
    }
  }

  /** Levels, again and again. */
  async #measure(signal: AbortSignal): Promise<never> {
    const { telemetry, runtime, cluster } = this.#parts;
    for (;;) {
      const { registry, frontier } = this.knowledge;
      const lag = frontier === undefined ? 0n : lagMs(frontier.appliedTs, cluster.tso.highest);
      telemetry.metrics.gauge('tiview_lag_seconds', Number(lag) / 1000);
      telemetry.metrics.gauge('tiview_term', Number(frontier?.term ?? 0n));
      for (const state of VIEW_STATES) {
        const count = registry.views.filter((view) => view.state === state).length;
        telemetry.metrics.gauge('tiview_views', count, { state });
      }
      let rows = 0;
      for (const view of this.#reign?.parts.group.views.values() ?? []) rows += view.rowIds?.size ?? 0;
      telemetry.metrics.gauge('tiview_state_rows', rows);
      await runtime.sleep(MEASURE_MS, signal);
    }
  }

  async #live(signal: AbortSignal): Promise<never> {
    const { telemetry, runtime } = this.#parts;
    for (;;) {
      try {
        await this.#watch(signal);
        await this.#reignOnce(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TiviewError)) throw error;
        telemetry.log.warn('views are not maintained by this instance at the moment', {
          cause: loggedCause(error),
        });
        await runtime.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Returns when the throne is empty. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { runtime, member } = this.#parts;
    const liveness = new Liveness(runtime, OWNER_PATIENCE_MS);
    for (;;) {
      const sign = await this.#look(signal);
      const owner = this.#knowledge.frontier?.owner ?? '';
      if (owner === '' || owner === member.id || sign === undefined || liveness.isStale(sign)) return;
      await runtime.sleep(WATCH_MS, signal);
    }
  }

  /** Reads registry and frontier. @returns the owner's sign of life; undefined: he is gone for certain. */
  async #look(signal: AbortSignal): Promise<string | undefined> {
    const { cluster, tables } = this.#parts;
    const now: Ts = await cluster.tso.next(signal);
    const snapshot = cluster.snapshots.at(now);
    const value = await snapshot.get(this.#record.key, signal);
    const frontier = value === undefined ? undefined : this.#record.decode(value);
    const registry = await Registry.load(tables, snapshot, signal);
    // Looks may overtake each other; what is known never goes back.
    if (now > this.#knownAt) {
      this.#knownAt = now;
      this.#knowledge = { registry, frontier };
      this.#changed.ring();
    }
    if (frontier === undefined || frontier.owner === '') return undefined;
    const owner = await readMember(tables.members, frontier.owner, snapshot, signal);
    if (owner === undefined || this.#hasMyPlace(owner)) return undefined;
    return `${frontier.epoch}/${frontier.startTs}/${owner.heartbeat}`;
  }

  /** Whoever listened where I listen now, on this machine, does so no longer: an earlier life of mine. */
  #hasMyPlace(owner: { readonly host: string; readonly address: string }): boolean {
    const { host, address } = this.#parts.member;
    return owner.host === host && owner.address === address && address !== '';
  }

  async #reignOnce(signal: AbortSignal): Promise<void> {
    const { telemetry, member } = this.#parts;
    const reign = await Reign.begin(this.#parts, () => this.#changed.ring(), signal);
    telemetry.log.info('this instance maintains the views', {
      member: member.id,
      term: reign.parts.term,
      views: reign.parts.registry.views.length,
    });
    telemetry.metrics.gauge('tiview_is_leader', 1);
    this.#reign = reign;
    this.#changed.ring();
    try {
      await reign.run(signal);
    } finally {
      // Until the next look the last that this reign knew is the best there is.
      this.#knowledge = this.knowledge;
      this.#reign = undefined;
      telemetry.metrics.gauge('tiview_is_leader', 0);
      this.#changed.ring();
    }
  }
}
