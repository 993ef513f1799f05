/**
 * Removes what processes that died in the middle of something have left: rows of members who beat no more, requests
 * that nobody waits for, throw-away views of descriptions, hidden tables that no build and no view knows, locks on views.
 *
 * Nothing of it does harm while it lies there, so there is no hurry: a thing is removed when it has been garbage at
 * every look for a while. Names of hidden tables are never used twice (build-job.ts), so what is garbage stays garbage,
 * also if this owner is deposed, and stalled, between look and removal.
 */
import { SqlError } from '../base/errors.js';
import { loggedCause } from '../base/sensitive.js';
import { tableRange } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import { writeOne } from '../commit/single-write.js';
import { type SystemTable, numberIn, textIn } from '../commit/system-table.js';
import type { ControlRow } from './control-pool.js';
import { invalidName } from './hide-invalid.js';
import { droppedName } from './publication.js';
import { quoteTable } from './quote.js';
import { printString } from '../sql/parse/print-text.js';
import type { ReignParts } from './reign-parts.js';
import { repeat } from './repeat.js';

/** Between two looks. */
const LOOK_MS = 5_000;
/** How long a thing must have been garbage. */
const PATIENCE_MS = 20_000;

/** Something that seems to be garbage. */
interface Suspect {
  /** The same as long as it is the same garbage. */
  readonly name: string;
  readonly remove: () => Promise<unknown>;
}

/** Cleans up during one reign. */
export class Janitor {
  readonly #parts: ReignParts;
  #sinceMs = new Map<string, number>();
  /** Locks of transactions that began before are swept; undefined: not looked yet. */
  #sweptUpTo: Ts | undefined;
  #isSwept = false;

  constructor(parts: ReignParts) {
    this.#parts = parts;
  }

  /** Cleans until aborted. @throws the signal's reason. */
  run(signal: AbortSignal): Promise<never> {
    const look = {
      pauseMs: LOOK_MS,
      complaint: 'could not clean up',
      work: (inner: AbortSignal) => this.#look(inner),
    };
    return repeat(this.#parts, look, signal);
  }

  async #look(signal: AbortSignal): Promise<void> {
    if (!this.#isSwept) this.#isSwept = await this.#sweepLocks(signal);
    const suspects = [
      ...(await this.#members(signal)),
      ...(await this.#requests(signal)),
      ...(await this.#tables(signal)),
    ];
    const nowMs = this.#parts.runtime.monotonicMs();
    const since = new Map<string, number>();
    for (const { name, remove } of suspects) {
      const sinceMs = this.#sinceMs.get(name) ?? nowMs;
      if (nowMs - sinceMs < PATIENCE_MS) {
        since.set(name, sinceMs);
        continue;
      }
      await remove();
      this.#parts.telemetry.log.info('removed what was left by somebody who died', { name });
    }
    this.#sinceMs = since;
  }

  /**
   * Resolves what transactions of dead owners have left on views: who reads a row resolves its lock, but an index entry
   * that nobody reads would stay locked until TiDB's garbage collection.
   *
   * @returns whether nothing older than the first look is left.
   */
  async #sweepLocks(signal: AbortSignal): Promise<boolean> {
    const { cluster, registry } = this.#parts;
    this.#sweptUpTo ??= await cluster.tso.next(signal);
    let left = 0;
    for (const { tableId } of registry.views) {
      if (tableId === 0) continue;
      const { start, end } = tableRange(tableId);
      left += (await cluster.locks.spans.resolveSpan(start, end, this.#sweptUpTo, signal)).locksLeft;
    }
    return left === 0;
  }

  /** Whose count of heartbeats stands still. One who was only slow comes back with his next beat. */
  async #members(signal: AbortSignal): Promise<Suspect[]> {
    const table = this.#parts.tables.members;
    const rows = await this.#rows(table, signal);
    return rows.map(({ key, record }) => ({
      name: `member ${textIn(record, 'id')} at heartbeat ${numberIn(record, 'heartbeat')}`,
      remove: () => writeOne(this.#parts, { kind: 'delete', key }, signal),
    }));
  }

  /** Answers that nobody has fetched: who asks does so every moment, and deletes the answer. */
  async #requests(signal: AbortSignal): Promise<Suspect[]> {
    const table = this.#parts.tables.requests;
    const rows = await this.#rows(table, signal);
    return rows
      .filter(({ record }) => record['answer'] !== null)
      .map(({ key, record }) => ({
        name: `request ${numberIn(record, 'id')}`,
        remove: () => writeOne(this.#parts, { kind: 'delete', key }, signal),
      }));
  }

  async #tables(signal: AbortSignal): Promise<Suspect[]> {
    const { control, schema, registry } = this.#parts;
    const found = await control.query(
      'SELECT table_name AS name, table_type AS type, tidb_table_id AS id FROM information_schema.tables ' +
        `WHERE table_schema = ${printString(schema)}`,
      signal,
    );
    const { views } = registry;
    const inUse = new Set<string>();
    for (const view of views) {
      for (const name of [droppedName(view), invalidName(view), registry.build(view.id)?.tableName]) {
        if (name !== undefined) inUse.add(name);
      }
    }
    const ids = new Set(views.map(({ tableId }) => String(tableId)));
    return found
      .filter(({ name, id }) => isOurs(name ?? '') && !inUse.has(name ?? '') && !ids.has(id ?? ''))
      .map((row) => ({
        name: `table ${row['name'] ?? ''}`,
        remove: () => this.#drop(row, signal),
      }));
  }

  async #drop(table: ControlRow, signal: AbortSignal): Promise<void> {
    const { control, schema, telemetry } = this.#parts;
    const name = table['name'] ?? '';
    const kind = table['type'] === 'VIEW' ? 'VIEW' : 'TABLE';
    try {
      await control.query(`DROP ${kind} IF EXISTS ${quoteTable(schema, name)}`, signal);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      telemetry.log.warn('a left-over could not be dropped', { name, cause: loggedCause(error) });
    }
  }

  async #rows(table: SystemTable, signal: AbortSignal) {
    const { cluster } = this.#parts;
    const snapshot = cluster.snapshots.at(await cluster.tso.next(signal));
    const rows = [];
    for await (const page of snapshot.scan(table.range.start, table.range.end, {}, signal)) {
      for (const { key, value } of page) rows.push({ key, record: table.decode(key, value) });
    }
    return rows;
  }
}

/** Names that only this program gives. */
function isOurs(name: string): boolean {
  return /^(?:build_\d+_\d+|dropped_\d+|invalid_\d+|describe_[0-9a-z]{12})$/.test(name);
}
