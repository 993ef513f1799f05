/** Waiting for what a cluster does by itself, with a deadline and a reason to print. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rig } from './rig.js';
import type { SqlClient } from './sql-client.js';

const PAUSE_MS = 50;

/** Waits until `look` returns something. @throws Error — after `withinMs`. @returns it, and the time it took. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
): Promise<{ readonly value: T; readonly tookMs: number }> {
  const startMs = performance.now();
  let last: unknown;
  for (;;) {
    const value = await look().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    const tookMs = performance.now() - startMs;
    if (value !== undefined) return { value, tookMs };
    if (tookMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await sleep(PAUSE_MS);
  }
}

/** A view as the registry has it. */
export interface RegisteredView {
  readonly name: string;
  readonly state: string;
  readonly lastError: string | null;
}

/** All views of the registry, read past TiView. */
export async function registeredViews(tidb: SqlClient): Promise<readonly RegisteredView[]> {
  const rows = await tidb.rows('select name, state, last_error from tiview.views order by name');
  return rows.map(([name, state, lastError]) => ({
    name: name ?? '',
    state: state ?? '',
    lastError: lastError ?? null,
  }));
}

/** Waits until no view is being built or dropped any more. @returns the views. */
export async function settledViews(tidb: SqlClient, withinMs = 60_000): Promise<readonly RegisteredView[]> {
  const { value } = await until('no view is being built or dropped', withinMs, async () => {
    const views = await registeredViews(tidb);
    return views.some(({ state }) => state === 'BUILDING' || state === 'DROPPING') ? undefined : views;
  });
  return value;
}

/** Waits until nothing is locked: there is a moment without a lock between any two heartbeats. */
export async function expectNoLocks(rig: Rig, withinMs = 30_000): Promise<void> {
  try {
    await until('no lock is left', withinMs, async () =>
      (await rig.locks()).length === 0 ? true : undefined,
    );
  } catch (error) {
    const held = await rig.locks();
    throw new Error(`locks left: ${JSON.stringify(held.slice(0, 10))} of ${held.length}`, { cause: error });
  }
}
