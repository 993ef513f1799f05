/** What one statement works with: a transaction, the schema as of it, and the session's values. Answers its queries. */
import type { TableVersion } from '../../catalog/table-version.js';
import { physicalMs } from '../../codec/tso.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import type { PlanSettings } from '../../plan/plan-view.js';
import type { Row } from '../../plan/reference/evaluate-plan.js';
import type { Query } from '../../sql/ast/select.js';
import { qualifyQuery } from './qualify.js';
import type { ResultTable } from './relation-table.js';
import { type QueryContext, runQuery } from './run-query.js';
import type { Schema, SchemaTable } from './schema.js';
import { type SessionFacts, type FilledQuery, withSessionValues } from './session-functions.js';
import type { StorageTransaction } from './storage-transaction.js';
import { type SystemSource, systemContent } from './system-tables.js';
import { readRows, readRowsAt } from './table-rows.js';
import { zoneMinutes } from './variables.js';
import { parseSelect } from '../../sql/parse/select-parser.js';

/** The session that a statement is of. */
export interface SessionState extends Omit<SessionFacts, 'nowMs' | 'offsetMinutes'> {
  readonly server: Pick<SystemSource, 'serverVersion' | 'servers' | 'connections'>;
}

/** What a query reads of a table. */
interface WantedRows {
  readonly ids: readonly number[];
  /** undefined: all rows. */
  readonly handles: readonly bigint[] | undefined;
}

/** Relations that a query can name besides tables, by name in lower case. */
export type OwnRelations = ReadonlyMap<string, ResultTable>;

/** One statement's work. */
export class Work {
  readonly transaction: StorageTransaction;
  readonly schema: Schema;
  readonly session: SessionState;
  readonly signal: AbortSignal;
  /** Minutes east of UTC. */
  readonly offsetMinutes: number;

  constructor(transaction: StorageTransaction, schema: Schema, session: SessionState, signal: AbortSignal) {
    this.transaction = transaction;
    this.schema = schema;
    this.session = session;
    this.signal = signal;
    this.offsetMinutes = zoneMinutes(session.variables.get('time_zone'));
  }

  /** The moment of the statement, milliseconds since 1970, by PD's clock. */
  get nowMs(): bigint {
    return physicalMs(this.transaction.startTs);
  }

  /**
   * Answers a query as it was typed.
   *
   * @throws SqlError — 1235 for what is not supported; TiDB's codes for what is wrong.
   */
  async answer(query: Query, own: OwnRelations = new Map()): Promise<ResultTable> {
    const { query: ready, dual } = this.#ready(query, own);
    // First on empty tables: which ones there are, and whether the query means anything at all.
    const wanted = new Map<TableVersion, WantedRows>();
    runQuery(
      ready,
      this.#context(own, dual, (table, columnIds, handles) => {
        const before = wanted.get(table) ?? { ids: [], handles: [] };
        wanted.set(table, {
          ids: [...new Set([...before.ids, ...columnIds])],
          handles:
            handles === undefined || before.handles === undefined
              ? undefined
              : [...before.handles, ...handles],
        });
        return [];
      }),
    );
    const rows = new Map<TableVersion, { readonly ids: readonly number[]; readonly rows: readonly Row[] }>();
    for (const [table, { ids, handles }] of wanted) {
      const found =
        handles === undefined
          ? await readRows(table, ids, this.transaction, this.signal)
          : await readRowsAt({ table, columnIds: ids }, [...new Set(handles)], this.transaction, this.signal);
      rows.set(table, { ids, rows: found });
    }
    return runQuery(
      ready,
      this.#context(own, dual, (table, columnIds) => {
        const read = rows.get(table);
        const places = columnIds.map((id) => read?.ids.indexOf(id) ?? -1);
        return (read?.rows ?? []).map((row) => places.map((place) => row[place] ?? null));
      }),
    );
  }

  /** What a query's result looks like, and its plan: it is run on empty tables. */
  describe(query: Query, own: OwnRelations = new Map()): ResultTable {
    const { query: ready, dual } = this.#ready(query, own);
    return runQuery(
      ready,
      this.#context(own, dual, () => []),
    );
  }

  /** The query with names made whole and the session's values put in. */
  #ready(query: Query, own: OwnRelations): FilledQuery {
    const naming = { schema: this.schema, database: this.session.database, expandsViews: true };
    const inReach = new Map(
      [...own].map(([name, { columns }]) => [name, columns.map((column) => column.name)]),
    );
    const facts = { ...this.session, nowMs: this.nowMs, offsetMinutes: this.offsetMinutes };
    // The definitions of SQL views have values of the session, too.
    return withSessionValues(qualifyQuery(query, naming, inReach), facts);
  }

  /** The columns of a table, or of a view's select. */
  columnsOf(table: SchemaTable): readonly OutputColumn[] {
    const { view } = table.stored;
    if (view === null) return table.version.columns.map(({ name, type }) => ({ name: name.original, type }));
    const names = (table.stored.cols ?? []).map(({ name }) => name.O);
    const { columns } = this.describe(parseSelect(view.view_select));
    return columns.map((column, i) => ({ ...column, name: names[i] ?? column.name }));
  }

  /** A system table by its qualified name; undefined: there is none. */
  systemContent(name: string): ResultTable | undefined {
    return systemContent(name, this.#source());
  }

  #context(own: OwnRelations, dual: ResultTable, rowsOf: QueryContext['rowsOf']): QueryContext {
    return {
      tableOf: (database, name) => this.schema.find(database, name)?.version,
      settings: this.#settings(),
      rowsOf,
      systemTable: (name) => own.get(name) ?? this.systemContent(name),
      dual,
      offsetMinutes: this.offsetMinutes,
    };
  }

  #settings(): PlanSettings {
    const { variables } = this.session;
    const zone = variables.get('time_zone');
    return {
      timeZone: zone.toUpperCase() === 'SYSTEM' ? 'UTC' : zone,
      divPrecisionIncrement: Number(variables.get('div_precision_increment')),
      sqlMode: variables.get('sql_mode'),
      collation: variables.get('collation_connection'),
    };
  }

  #source(): SystemSource {
    const { server, variables } = this.session;
    return {
      ...server,
      schema: this.schema,
      variables: variables.all,
      columnsOf: (table) => this.columnsOf(table),
    };
  }
}
