/** The cluster's servers, as TiDB's own system tables list them: whoever gives one tidb-server gives all. */
import { TiviewError } from '../base/errors.js';
import { silent } from '../base/telemetry.js';
import { type ControlOptions, ControlPool } from './control-pool.js';

/** Addresses, `host:port` each. */
export interface ClusterServers {
  readonly pd: readonly string[];
  readonly tidb: readonly string[];
}

/**
 * Asks any of the seeds.
 *
 * @throws ControlUnavailableError — no seed answers; SqlError — the account is refused.
 */
export async function discoverServers(
  options: Omit<ControlOptions, 'telemetry'>,
  signal: AbortSignal,
): Promise<ClusterServers> {
  const control = new ControlPool({ ...options, telemetry: silent });
  try {
    const rows = await control.query(
      "SELECT type, instance FROM information_schema.cluster_info WHERE type IN ('pd', 'tidb')",
      signal,
    );
    const of = (type: string): string[] =>
      rows.filter((row) => row['type'] === type).map((row) => row['instance'] ?? '');
    const found = { pd: of('pd'), tidb: of('tidb') };
    if (found.pd.length === 0) {
      throw new TiviewError('TiDB does not say where PD is: give --pd HOST:PORT', {
        kind: 'pdUnknown',
        side: 'tidb',
        isRetryable: false,
      });
    }
    return found;
  } finally {
    control.close();
  }
}
