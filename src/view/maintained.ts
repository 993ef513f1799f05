/**
 * Taking up the views of the reign before: each that was maintained is compiled again at the applied ts E, its table
 * and its rows' ids are found again, and it goes on from E. One that cannot is frozen, with the reason; the others go
 * on.
 */
import { SqlError, TiviewError } from '../base/errors.js';
import { sensitive } from '../base/sensitive.js';
import type { Ts } from '../codec/tso.js';
import { SchemaError } from '../catalog/schema-error.js';
import { LiveView } from './live-view.js';
import type { ReignParts } from './reign-parts.js';
import type { Registry, RegistryEdit } from './registry.js';
import type { ViewRecord } from './view-record.js';
import { loadRowIds, openViewTable } from './view-table.js';

/** What was taken up. */
export interface TakenUp {
  readonly views: readonly LiveView[];
  /** Views that could not be. */
  readonly edits: readonly RegistryEdit[];
}

/** Whether epochs write a view: it is published, or merged and about to be. */
export function isMaintained(view: ViewRecord, registry: Registry): boolean {
  if (view.state === 'READY') return true;
  return view.state === 'BUILDING' && registry.build(view.id)?.phase === 'merged';
}

/**
 * Takes up every maintained view.
 *
 * @param appliedTs - E of the frontier: what the views show.
 * @param now - a moment after the takeover, when nobody writes to their tables.
 */
export async function takeUpViews(
  parts: Pick<ReignParts, 'catalog' | 'cluster' | 'compiler' | 'registry' | 'telemetry'>,
  appliedTs: Ts,
  now: Ts,
  signal: AbortSignal,
): Promise<TakenUp> {
  const views: LiveView[] = [];
  const edits: RegistryEdit[] = [];
  for (const record of parts.registry.views.filter((view) => isMaintained(view, parts.registry))) {
    try {
      views.push(await takeUp(parts, record, appliedTs, now, signal));
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonToFreeze(error);
      if (reason === undefined) throw error;
      parts.telemetry.log.error('a view cannot be maintained any more', {
        viewId: record.id,
        reason: sensitive(reason),
      });
      edits.push({ kind: 'putView', view: { ...record, state: 'FROZEN', appliedTs, lastError: reason } });
    }
  }
  return { views, edits };
}

async function takeUp(
  parts: Pick<ReignParts, 'catalog' | 'cluster' | 'compiler'>,
  record: ViewRecord,
  appliedTs: Ts,
  now: Ts,
  signal: AbortSignal,
): Promise<LiveView> {
  const { id: viewId, definition, pinned, tableId, output } = record;
  const compiled = await parts.compiler.compile({ viewId, definition, pinned }, appliedTs, signal);
  if (compiled.fingerprint !== record.fingerprint) {
    throw new TiviewError('this version of TiView reads its definition differently: it must be built again', {
      kind: 'planChanged',
      side: 'proxy',
      isRetryable: false,
    });
  }
  const table = await openViewTable(parts, tableId, output, now, signal);
  const rowIds = await loadRowIds(parts, table, now, signal);
  return new LiveView({ id: viewId, compiled, table, rowIds, rows: undefined });
}

/** Errors that are the view's own; anything else (a store that is down) is to be tried again. */
function reasonToFreeze(error: unknown): string | undefined {
  const isOwn = error instanceof SqlError || error instanceof SchemaError;
  if (isOwn) return error.message;
  if (error instanceof TiviewError && !error.isRetryable) return error.message;
  return undefined;
}
