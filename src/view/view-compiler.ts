/** Compiles definitions against the schema of a moment: the catalog finds the tables, the planner does the rest. */
import { SqlError } from '../base/errors.js';
import type { Catalog } from '../catalog/catalog.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { Ts } from '../codec/tso.js';
import { type ViewPlan, planView, readDefinition } from '../plan/plan-view.js';
import type { QualifiedName } from '../plan/table-names.js';
import type { CompiledView } from './compiled-view.js';
import type { PinnedSession } from './pinned-session.js';
import { nameKey } from './view-record.js';

/** What is compiled. */
export interface Definition {
  readonly viewId: bigint;
  /** TiDB's canonical text. */
  readonly definition: string;
  readonly pinned: PinnedSession;
}

/** Compiles. */
export class ViewCompiler {
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /**
   * Plans a definition.
   *
   * @param at - the moment whose schema counts.
   * @throws NotSupportedError (1235) — something in it cannot be maintained; SqlError 1146 — a base table is not there.
   */
  async plan(
    definition: string,
    pinned: PinnedSession,
    at: Ts,
    signal: AbortSignal,
  ): Promise<{ readonly plan: ViewPlan; readonly tables: readonly QualifiedName[] }> {
    const read = readDefinition(definition);
    const found = new Map<string, TableVersion>();
    for (const { database, table } of read.tables) {
      const version = await this.#catalog.findTable(database, table, at, signal);
      if (version === undefined) {
        throw new SqlError(1146, '42S02', `Table '${database}.${table}' doesn't exist`);
      }
      found.set(nameKey(database, table), version);
    }
    const plan = planView(read, (database, table) => found.get(nameKey(database, table)), pinned);
    return { plan, tables: read.tables };
  }

  /** Compiles for a circuit. @throws as {@link plan}. */
  async compile(
    { viewId, definition, pinned }: Definition,
    at: Ts,
    signal: AbortSignal,
  ): Promise<CompiledView> {
    const { plan, tables } = await this.plan(definition, pinned, at, signal);
    return {
      spec: { viewId, hasKey: plan.keys.length > 0, root: plan.root },
      fingerprint: plan.fingerprint,
      sources: plan.sources.map(({ table, columnIds, conditions }, index) => {
        const name = tables[index];
        return {
          table: { version: table, columnIds },
          shownName: name === undefined ? table.info.name.original : `${name.database}.${name.table}`,
          conditions,
        };
      }),
    };
  }
}
