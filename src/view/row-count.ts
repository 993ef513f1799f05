/** How many rows a view has: counted once after a takeover, by TiDB; from then on its changes are added up. */
import { SqlError, TiviewError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import type { LiveView } from './live-view.js';
import { quoteTable } from './quote.js';
import type { ReignParts } from './reign-parts.js';
import type { ViewRecord } from './view-record.js';

/**
 * Counts the rows of a published view. A count that TiDB refuses is said and not repeated: nothing depends on it.
 *
 * @returns whether it is over; if not, TiDB could not be asked.
 */
export async function countRows(
  { group, cluster, control, telemetry }: ReignParts,
  record: ViewRecord,
  live: LiveView,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    // Between epochs nothing is on its way into the table: what a snapshot shows is what has been added up.
    const { at, since } = await group.betweenEpochs(async () => ({
      at: await cluster.tso.next(signal),
      since: live.rowsSince,
    }));
    const rows = await control.session(async (session) => {
      await session.readAsOf(at);
      const [row] = await session.query(
        `SELECT COUNT(*) AS row_count FROM ${quoteTable(record.schema, record.name)}`,
      );
      return BigInt(row?.['row_count'] ?? '0');
    }, signal);
    live.counted(rows, since);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TiviewError)) throw error;
    telemetry.log.warn('the rows of a view could not be counted', {
      viewId: record.id,
      cause: loggedCause(error),
    });
    return error instanceof SqlError;
  }
  return true;
}
