/** Compiles definitions against the schema of a moment: the catalog finds the tables, the planner does the rest. */
import { SqlError } from '../base/errors.js';
import type { Catalog } from '../catalog/catalog.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { TableId } from '../codec/table-keys.js';
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

/** A planned definition. */
export interface CompiledPlan {
  readonly plan: ViewPlan;
  /** Every table that it names. */
  readonly tables: readonly QualifiedName[];
  /** The name by which it calls a table. */
  readonly nameOf: ReadonlyMap<TableId, QualifiedName>;
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
  async plan(definition: string, pinned: PinnedSession, at: Ts, signal: AbortSignal): Promise<CompiledPlan> {
    const read = readDefinition(definition);
    const found = new Map<string, TableVersion>();
    const nameOf = new Map<TableId, QualifiedName>();
    for (const { database, table } of read.tables) {
      const version = await this.#catalog.findTable(database, table, at, signal);
      if (version === undefined) {
        throw new SqlError(1146, '42S02', `Table '${database}.${table}' doesn't exist`);
      }
      found.set(nameKey(database, table), version);
      nameOf.set(version.id, { database, table });
    }
    const plan = planView(read, (database, table) => found.get(nameKey(database, table)), pinned);
    return { plan, tables: read.tables, nameOf };
  }

  /** Compiles for a circuit. @throws as {@link plan}. */
  async compile(
    { viewId, definition, pinned }: Definition,
    at: Ts,
    signal: AbortSignal,
  ): Promise<CompiledView> {
    const { plan, nameOf } = await this.plan(definition, pinned, at, signal);
    return {
      spec: { viewId, hasKey: plan.keys.length > 0, root: plan.root },
      fingerprint: plan.fingerprint,
      sources: plan.sources.map(({ table, columnIds, conditions }) => {
        const name = nameOf.get(table.id);
        return {
          table: { version: table, columnIds },
          shownName: name === undefined ? table.info.name.original : `${name.database}.${name.table}`,
          conditions,
        };
      }),
    };
  }
}
