/** Where epochs spend their time, by the histograms that TiView shows on its status port. */
import { tenths } from './latencies.js';

const SERIES = /^tiview_epoch_phase_seconds_(sum|count)\{phase="(\w+)"\} (\S+)$/gm;

/** Sums and counts since the start of the process, by phase. */
type Totals = ReadonlyMap<string, { readonly sum: number; readonly count: number }>;

/** Reads the totals. */
export async function epochPhases(statusUrl: string): Promise<Totals> {
  const text = await (await fetch(`${statusUrl}/metrics`)).text();
  const totals = new Map<string, { sum: number; count: number }>();
  for (const [, kind, phase = '', value] of text.matchAll(SERIES)) {
    const total = totals.get(phase) ?? { sum: 0, count: 0 };
    totals.set(phase, kind === 'sum' ? { ...total, sum: Number(value) } : { ...total, count: Number(value) });
  }
  return totals;
}

/** Mean milliseconds of each phase between two readings. */
export function meanPhases(before: Totals, after: Totals): Readonly<Record<string, number>> {
  const means = [...after].map(([phase, { sum, count }]) => {
    const from = before.get(phase) ?? { sum: 0, count: 0 };
    return [phase, tenths((1000 * (sum - from.sum)) / Math.max(1, count - from.count))] as const;
  });
  return Object.fromEntries(means);
}
