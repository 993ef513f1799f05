/** Taking a view away: out of the group, its tables, its rows in the registry. Can be resumed at any point. */
import type { ReignParts } from './reign-parts.js';
import { invalidName } from './hide-invalid.js';
import { droppedName } from './publication.js';
import { quoteTable } from './quote.js';
import type { ViewRecord } from './view-record.js';
import { isStillTable } from './view-table.js';

/**
 * Removes a view for good.
 *
 * @throws SqlError — TiDB refuses to drop its table; the signal's reason.
 */
export async function removeView(parts: ReignParts, view: ViewRecord, signal: AbortSignal): Promise<void> {
  const { group } = parts;
  await group.betweenEpochs(() => group.dismiss([view.id]));
  const dropping: ViewRecord = { ...view, state: 'DROPPING' };
  await group.edit([{ kind: 'putView', view: dropping }], signal);
  await dropTables(parts, dropping, signal);
  await group.edit(
    [
      { kind: 'deleteView', id: view.id },
      { kind: 'deleteBuild', viewId: view.id },
    ],
    signal,
  );
}

/** Drops the hidden table of a build, and the view's own; what is not there, or is another's, is left alone. */
async function dropTables(parts: ReignParts, view: ViewRecord, signal: AbortSignal): Promise<void> {
  const { registry, cluster, control, schema } = parts;
  const build = registry.build(view.id);
  const hidden = [droppedName(view), invalidName(view), ...(build === undefined ? [] : [build.tableName])];
  const places = hidden.map((name) => quoteTable(schema, name));
  const at = await cluster.tso.next(signal);
  const isPublished = view.tableId !== 0 && (await isStillTable(parts, view, view.tableId, at, signal));
  if (isPublished) places.push(quoteTable(view.schema, view.name));
  await control.query(`DROP TABLE IF EXISTS ${places.join(', ')}`, signal);
}
