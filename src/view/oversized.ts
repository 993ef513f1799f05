/** An epoch has a bound (law 4): views whose delta is above it are left behind, the others go on. */
import { limits } from '../base/limits.js';
import type { Casualty } from './casualty.js';
import type { PlannedWrite } from './live-view.js';

/** Splits an epoch's writes into those that fit one transaction, smallest first, and the rest. */
export function splitOversized(planned: readonly PlannedWrite[]): {
  readonly kept: readonly PlannedWrite[];
  readonly oversized: readonly Casualty[];
} {
  const kept: PlannedWrite[] = [];
  const oversized: Casualty[] = [];
  let rows = 0;
  for (const one of [...planned].sort((a, b) => a.write.delta.rows - b.write.delta.rows)) {
    rows += one.write.delta.rows;
    if (rows <= limits.epochRows) {
      kept.push(one);
      continue;
    }
    const reason = `one epoch changes ${one.write.delta.rows} rows of it; a transaction takes ${limits.epochRows}`;
    oversized.push({ view: one.view, state: 'FROZEN', reason });
  }
  return { kept, oversized };
}
