/**
 * A view whose table may be wrong must not be read by anybody, through whatever server (law 3): its table is renamed
 * out of sight at once.
 */
import { SqlError } from '../base/errors.js';
import { quoteTable } from './quote.js';
import type { ReignParts } from './reign-parts.js';
import type { ViewRecord } from './view-record.js';
import { isStillTable } from './view-table.js';

/** Name of an invalid view's table, in the system schema. */
export function invalidName(view: ViewRecord): string {
  return `invalid_${view.id}`;
}

/** Renames an invalid view's table away, if it still has the view's name. */
export async function hideInvalid(parts: ReignParts, view: ViewRecord, signal: AbortSignal): Promise<void> {
  const { cluster, control, schema, telemetry } = parts;
  const at = await cluster.tso.next(signal);
  if (!(await isStillTable(parts, view, view.tableId, at, signal))) return;
  const hidden = quoteTable(schema, invalidName(view));
  try {
    await control.query(`RENAME TABLE ${quoteTable(view.schema, view.name)} TO ${hidden}`, signal);
    telemetry.log.warn('an invalid view was renamed out of sight', {
      viewId: view.id,
      table: invalidName(view),
    });
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    telemetry.log.error('an invalid view could not be renamed', { viewId: view.id, cause: error.message });
  }
}
