/** Views that an epoch has to leave behind, and why (law 3: nothing is silent). */
import { schemaDrift } from '../catalog/schema-drift.js';
import type { OperatorError } from '../dataflow/operator-error.js';
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import type { SourceGap } from '../source/epoch-source.js';
import type { RelevantChange } from '../source/schema-buffer.js';
import type { ForeignWrite } from './foreign-writes.js';
import type { LiveView } from './live-view.js';
import type { Registry, RegistryEdit } from './registry.js';

/** A view that cannot be maintained any further. */
export interface Casualty {
  readonly view: LiveView;
  /** FROZEN: still exactly right as of its applied ts. INVALID: its table may be wrong. */
  readonly state: 'FROZEN' | 'INVALID';
  readonly reason: string;
}

/**
 * The registry's change for a casualty: it shows the instant at which the last epoch left it.
 *
 * @param registry - with whatever else the same epoch changes in it.
 */
export function editOf(casualty: Casualty, registry: Registry, appliedTs: Ts): RegistryEdit[] {
  const { view, state, reason } = casualty;
  const record = registry.view(view.id);
  if (record === undefined || record.state === 'DROPPING') return [];
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

/** Views of an operator that cannot go on. */
export function casualtiesOfOperator(error: OperatorError, views: Iterable<LiveView>): Casualty[] {
  return [...views]
    .filter(({ id }) => error.views.has(id))
    .map((view) => ({ view, state: 'FROZEN', reason: error.message }));
}

/** Views whose tables somebody else has written to, or dropped. */
export function casualtiesOfStrangers(
  foreign: ReadonlyMap<bigint, ForeignWrite>,
  changes: readonly RelevantChange[],
  views: Iterable<LiveView>,
): Casualty[] {
  const dropped = new Set(changes.filter(({ kind }) => kind === 'tableDropped').map(tableOf));
  if (foreign.size === 0 && dropped.size === 0) return [];
  const casualties: Casualty[] = [];
  for (const view of views) {
    const write = foreign.get(view.id);
    if (dropped.has(view.table.id)) {
      casualties.push({
        view,
        state: 'INVALID',
        reason: 'its table was dropped or truncated by somebody else',
      });
    } else if (write !== undefined) {
      const reason = `somebody else wrote to its table: ${write.rows} row(s) at ${write.commitTs}`;
      casualties.push({ view, state: 'INVALID', reason });
    }
  }
  return casualties;
}

function reasonOf(view: LiveView, changes: readonly RelevantChange[]): string | undefined {
  for (const { table, shownName } of view.compiled.sources) {
    for (const change of changes) {
      if (tableOf(change) !== table.version.id) continue;
      if (change.kind === 'tableUnreadable') return `base table ${shownName}: ${change.reason}`;
      const drift = schemaDrift(
        table.version,
        table.columnIds,
        change.kind === 'tablePut' ? change : undefined,
      );
      if (drift.kind === 'breaks') return `base table ${shownName}: ${drift.reason}`;
      if (drift.kind === 'renamed') return `base table ${shownName} was renamed to ${drift.to.name}`;
    }
  }
  return undefined;
}

function tableOf(change: RelevantChange): TableId | undefined {
  switch (change.kind) {
    case 'tablePut':
      return change.info.id;
    case 'tableDropped':
    case 'tableUnreadable':
      return change.tableId;
    default:
      return undefined;
  }
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
