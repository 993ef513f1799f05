/**
 * A view whose table may be wrong must not be read by anybody, through whatever server (law 3): its table is renamed
 * out of sight at once, and if that fails, again and again.
 */
import { TiviewError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import { quoteTable } from './quote.js';
import type { ReignParts } from './reign-parts.js';
import { Retries } from './retries.js';
import type { ViewRecord } from './view-record.js';
import { isStillTable } from './view-table.js';

/** Between two looks for invalid views. */
const LOOK_MS = 100;
const RETRY = { name: 'hideInvalid', baseMs: 200, capMs: 5_000 };

/** Name of an invalid view's table, in the system schema. */
export function invalidName(view: ViewRecord): string {
  return `invalid_${view.id}`;
}

/** Renames the tables of invalid views away, during one reign. */
export class InvalidViews {
  readonly #parts: ReignParts;
  readonly #retries: Retries;
  readonly #hidden = new Set<bigint>();

  constructor(parts: ReignParts) {
    this.#parts = parts;
    this.#retries = new Retries(parts.runtime, RETRY);
  }

  /** Hides until aborted. @throws the signal's reason. */
  async run(signal: AbortSignal): Promise<never> {
    const { registry, runtime } = this.#parts;
    for (;;) {
      for (const view of registry.views) {
        const isVisible = view.state === 'INVALID' && !this.#hidden.has(view.id);
        if (isVisible && this.#retries.isDue(view.id)) await this.#tryToHide(view, signal);
      }
      await runtime.sleep(LOOK_MS, signal);
    }
  }

  async #tryToHide(view: ViewRecord, signal: AbortSignal): Promise<void> {
    try {
      await this.#hide(view, signal);
      this.#hidden.add(view.id);
      this.#retries.forget(view.id);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TiviewError)) throw error;
      this.#retries.failed(view.id);
      this.#parts.telemetry.log.error('an invalid view could not be renamed yet', {
        viewId: view.id,
        cause: loggedCause(error),
      });
    }
  }

  /** If its table still has the view's name. */
  async #hide(view: ViewRecord, signal: AbortSignal): Promise<void> {
    const { cluster, control, schema, telemetry } = this.#parts;
    const at = await cluster.tso.next(signal);
    if (!(await isStillTable(this.#parts, view, view.tableId, at, signal))) return;
    const hidden = quoteTable(schema, invalidName(view));
    await control.query(`RENAME TABLE ${quoteTable(view.schema, view.name)} TO ${hidden}`, signal);
    telemetry.log.warn('an invalid view was renamed out of sight', {
      viewId: view.id,
      table: invalidName(view),
    });
  }
}
