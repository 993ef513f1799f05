/** What SHOW MATERIALIZED VIEW STATUS and the status page say of a view. */
import type { Frontier } from '../commit/frontier.js';
import { type Ts, physicalMs } from '../codec/tso.js';
import type { BuildProgress } from './build-progress.js';
import type { Reign } from './reign.js';
import type { StatusRow } from './statements/show.js';
import type { ViewRecord } from './view-record.js';

/** What the row is made from. */
export interface StatusInput {
  readonly view: ViewRecord;
  readonly frontier: Frontier | undefined;
  /** Of the owner only. */
  readonly reign: Reign | undefined;
  /** The newest timestamp that PD has given this process. */
  readonly now: Ts;
}

/** The row of a view. Cells that this instance cannot know are NULL. */
export function statusRow({ view, frontier, reign, now }: StatusInput): StatusRow {
  const live = reign?.parts.group.views.get(view.id);
  const appliedTs = view.appliedTs ?? (view.state === 'BUILDING' ? undefined : frontier?.appliedTs);
  const progress = reign?.jobs.progressOf(view.id);
  return {
    Database: view.schema,
    Name: view.name,
    State: view.state,
    Rows: live?.rows?.toString() ?? null,
    Applied_ts: appliedTs?.toString() ?? null,
    Applied_time: appliedTs === undefined ? null : timeOf(appliedTs),
    Lag_ms: appliedTs === undefined ? null : lagMs(appliedTs, now).toString(),
    Progress: percentOf(view, progress),
    Eta_s: progress?.etaSeconds?.toString() ?? null,
    State_bytes:
      live === undefined
        ? null
        : String(live.stateBytes + (reign?.parts.group.circuit.stateBytes(view.id) ?? 0)),
    Epochs: frontier?.epoch.toString() ?? null,
    Last_error: view.lastError ?? (view.state === 'READY' ? heldBack(reign, now) : null),
  };
}

/** Milliseconds between an applied ts and now. */
export function lagMs(appliedTs: Ts, now: Ts): bigint {
  const lag = physicalMs(now) - physicalMs(appliedTs);
  return lag > 0n ? lag : 0n;
}

function timeOf(ts: Ts): string {
  return new Date(Number(physicalMs(ts))).toISOString().replace('T', ' ').replace('Z', '');
}

function percentOf(view: ViewRecord, progress: BuildProgress | undefined): string {
  return (view.state === 'BUILDING' ? (progress?.percent ?? 0) : 100).toFixed(1);
}

/** A lag worth a word: the slowest span and its store. */
const NOTABLE_LAG_MS = 5_000n;

function heldBack(reign: Reign | undefined, now: Ts): string | null {
  const span = reign?.parts.group.source.heldBackBy();
  if (span === undefined || lagMs(span.resolved, now) < NOTABLE_LAG_MS) return null;
  const where = span.slowestRegionId === undefined ? 'a gap' : `region ${span.slowestRegionId}`;
  const store = span.storeId === undefined ? '' : ` on store ${span.storeId}`;
  const cause = span.lastError === undefined ? '' : ` (${span.lastError})`;
  return `the change feed is held back by ${where}${store}, ${lagMs(span.resolved, now)} ms behind${cause}`;
}
