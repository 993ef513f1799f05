/** Whether clients can be served at all, by what is known of the tidb-servers. */
import type { Backend } from './backends.js';

/** Servers named in a reason; a status page lists them all. */
const NAMED = 3;

/**
 * Why no server can take clients; undefined: one can, as far as is known. One that has not been checked yet counts as
 * well: clients are sent to it too.
 *
 * @param backends - in order of preference.
 */
export function whyUnavailable(backends: readonly Backend[]): string | undefined {
  const usable = backends.filter(({ weight }) => weight > 0);
  if (usable.some(({ health }) => health !== 'unhealthy')) return undefined;
  if (usable.length === 0) return 'no tidb-server may get clients: all have weight 0';
  const named = usable.slice(0, NAMED).map(({ address, reason }) => `${address}: ${reason}`);
  const more = usable.length > NAMED ? [`${usable.length - NAMED} more`] : [];
  return `no tidb-server is healthy: ${[...named, ...more].join('; ')}`;
}
