/** Compiles registered definitions against the schema of a moment. The planner is behind it; the catalog under it. */
import type { Ts } from '../codec/tso.js';
import type { CompiledView } from './compiled-view.js';
import type { PinnedSession } from './pinned-session.js';

/** What is compiled. */
export interface Definition {
  readonly viewId: bigint;
  /** TiDB's canonical text. */
  readonly definition: string;
  readonly pinned: PinnedSession;
}

/** Compiles. */
export interface ViewCompiler {
  /**
   * @param at - the moment whose schema counts.
   * @throws SqlError 1235 — something in it is not supported; 1146 — a base table is not there.
   */
  compile(definition: Definition, at: Ts, signal: AbortSignal): Promise<CompiledView>;
}
