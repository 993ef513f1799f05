/**
 * A maintained, hidden table becomes the view: statistics, then one RENAME, then the registry says READY. Every step
 * can be repeated by a successor, whoever did the one before: the table is recognised by its id, wherever it is.
 */
import { SqlError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import type { ControlSession } from './control-pool.js';
import { quoteTable } from './quote.js';
import type { ReignParts } from './reign-parts.js';
import type { RegistryEdit } from './registry.js';
import type { ViewRecord } from './view-record.js';
import { isStillTable } from './view-table.js';

/** Publishes a view whose build is merged. @throws SqlError 1050 — the name was taken meanwhile; the signal's reason. */
export async function publish(parts: ReignParts, view: ViewRecord, signal: AbortSignal): Promise<void> {
  const { registry, group, cluster, control, schema } = parts;
  const build = registry.build(view.id);
  const replaced = view.replaces === undefined ? undefined : registry.view(view.replaces);
  const at = await cluster.tso.next(signal);
  if (build !== undefined && !(await isStillTable(parts, view, view.tableId, at, signal))) {
    await control.session(async (session) => {
      const hidden = quoteTable(schema, build.tableName);
      await analyze(parts, session, hidden);
      const target = quoteTable(view.schema, view.name);
      // The table of an invalid view is out of the way already.
      const isInTheWay =
        replaced !== undefined && (await isStillTable(parts, replaced, replaced.tableId, at, signal));
      const aside = isInTheWay ? `${target} TO ${quoteTable(schema, droppedName(replaced))}, ` : '';
      await session.query(`RENAME TABLE ${aside}${hidden} TO ${target}`);
    }, signal);
  }
  const { committed } = await group.betweenEpochs(() => {
    // An epoch may have frozen it meanwhile: then it is published as it is, right as of its applied ts. Between epochs,
    // because one under way may be about to say so.
    const current = registry.view(view.id) ?? view;
    const isFine = current.state === 'BUILDING';
    const published: ViewRecord = {
      ...current,
      state: isFine ? 'READY' : current.state,
      replaces: undefined,
      lastError: isFine ? undefined : current.lastError,
    };
    const edits: RegistryEdit[] = [
      { kind: 'putView', view: published },
      { kind: 'deleteBuild', viewId: view.id },
    ];
    // What was replaced is not maintained any more from the very epoch on that says so.
    if (replaced !== undefined) {
      edits.push({ kind: 'putView', view: { ...replaced, state: 'DROPPING' } });
      group.dismiss([replaced.id]);
    }
    return { committed: group.edit(edits, signal) };
  });
  await committed;
}

/** Name of a table on its way out, in the system schema. */
export function droppedName(view: ViewRecord): string {
  return `dropped_${view.id}`;
}

/** Statistics are a courtesy to the planner: a view without them is right, only slower to read. */
async function analyze(parts: ReignParts, session: ControlSession, table: string): Promise<void> {
  try {
    await session.query(`ANALYZE TABLE ${table}`);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    parts.telemetry.log.warn('statistics of a new view could not be collected', {
      cause: loggedCause(error),
    });
  }
}
