/** Views that an epoch has to leave behind, and why (law 3: nothing is silent). */
import { schemaDrift } from '../catalog/schema-drift.js';
import type { Ts } from '../codec/tso.js';
import type { SourceGap } from '../source/epoch-source.js';
import type { RelevantChange } from '../source/schema-buffer.js';
import type { LiveView } from './live-view.js';
import type { Registry, RegistryEdit } from './registry.js';

/** A view that cannot be maintained any further. */
export interface Casualty {
  readonly view: LiveView;
  /** FROZEN: still exactly right as of its applied ts. INVALID: its table may be wrong. */
  readonly state: 'FROZEN' | 'INVALID';
  readonly reason: string;
}

/** The registry's change for a casualty: it shows the instant at which the last epoch left it. */
export function editOf(casualty: Casualty, registry: Registry, appliedTs: Ts): RegistryEdit[] {
  const { view, state, reason } = casualty;
  const record = registry.view(view.id);
  if (record === undefined) return [];
  return [{ kind: 'putView', view: { ...record, state, appliedTs, lastError: reason } }];
}

/** Views that read a table which cannot be followed any further. */
export function casualtiesOfGaps(gaps: readonly SourceGap[], views: Iterable<LiveView>): Casualty[] {
  if (gaps.length === 0) return [];
  const schemaGap = gaps.find(({ tableId }) => tableId === undefined);
  if (schemaGap !== undefined) throw schemaGap.cause;
  return firstOfEach(views, (tableId, shownName) => {
    const gap = gaps.find((one) => one.tableId === tableId);
    return gap === undefined
      ? undefined
      : `the change feed of base table ${shownName} was lost: ${gap.cause.message}`;
  });
}

/** Views that a schema change of a base table breaks. */
export function casualtiesOfSchema(
  changes: readonly RelevantChange[],
  views: Iterable<LiveView>,
): Casualty[] {
  if (changes.length === 0) return [];
  const casualties: Casualty[] = [];
  for (const view of views) {
    const reason = reasonOf(view, changes);
    if (reason !== undefined) casualties.push({ view, state: 'FROZEN', reason });
  }
  return casualties;
}

function reasonOf(view: LiveView, changes: readonly RelevantChange[]): string | undefined {
  for (const { table, shownName } of view.compiled.sources) {
    for (const change of changes) {
      const isOfTable =
        (change.kind === 'tablePut' && change.info.id === table.version.id) ||
        (change.kind === 'tableDropped' && change.tableId === table.version.id);
      if (!isOfTable) continue;
      const next = change.kind === 'tablePut' ? change.info : undefined;
      const drift = schemaDrift(table.version, table.columnIds, next);
      if (drift.kind === 'breaks') return `base table ${shownName}: ${drift.reason}`;
      if (drift.kind === 'renamed') return `base table ${shownName} was renamed to ${drift.to}`;
    }
  }
  return undefined;
}

function firstOfEach(
  views: Iterable<LiveView>,
  reasonFor: (tableId: number, shownName: string) => string | undefined,
): Casualty[] {
  const casualties: Casualty[] = [];
  for (const view of views) {
    for (const { table, shownName } of view.compiled.sources) {
      const reason = reasonFor(table.version.id, shownName);
      if (reason === undefined) continue;
      casualties.push({ view, state: 'FROZEN', reason });
      break;
    }
  }
  return casualties;
}
