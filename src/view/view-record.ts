/** A view's row in `<schema>.views`: all that must be known of it to maintain it, in another process, years later. */
import { type SystemRecord, numberIn, textIn } from '../commit/system-table.js';
import type { TableId } from '../codec/table-keys.js';
import { type Ts, ts } from '../codec/tso.js';
import type { PinnedSession } from './pinned-session.js';
import type { Comparison } from './row-digest.js';

/** As SHOW MATERIALIZED VIEW STATUS says it (SURFACE §2). */
export type ViewState = 'BUILDING' | 'READY' | 'PAUSED' | 'FROZEN' | 'INVALID' | 'DROPPING';

/** All states. */
export const VIEW_STATES: readonly ViewState[] = [
  'BUILDING',
  'READY',
  'PAUSED',
  'FROZEN',
  'INVALID',
  'DROPPING',
];

/** A column of the view. */
export interface OutputColumn {
  /** In the backing table. */
  readonly name: string;
  /** In the definition's result; another if the view has a column list. */
  readonly alias: string;
  /** How far its values are the definition's to say. */
  readonly comparison: Comparison;
}

/** What is kept of the statement beside the definition. */
export interface ViewOptions {
  /** `CREATE TABLE` for the backing table, from the parenthesis on. */
  readonly tableDdl: string;
  /** What it reads, as named at its creation: for refusing DDL that would break it. */
  readonly bases: readonly BaseTable[];
}

/** A base table with the columns that a view reads of it. */
export interface BaseTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
}

/** A registered view. Immutable: a change of state is another record. */
export interface ViewRecord {
  /** The timestamp at which it was registered: no other view ever has it. */
  readonly id: bigint;
  readonly schema: string;
  readonly name: string;
  readonly state: ViewState;
  /** Its table; 0 before the first build has one. */
  readonly tableId: TableId;
  /** As typed, for SHOW CREATE. */
  readonly statement: string;
  /** TiDB's canonical text. */
  readonly definition: string;
  readonly output: readonly OutputColumn[];
  readonly pinned: PinnedSession;
  /** Of the plan: another one needs another build. */
  readonly fingerprint: string;
  readonly options: ViewOptions;
  /** Instant that it shows, if that is not the group's: of frozen views. */
  readonly appliedTs: Ts | undefined;
  readonly lastError: string | undefined;
  readonly createdTs: Ts;
  /** View of the same name whose place it takes when it is published (`OR REPLACE`). */
  readonly replaces: bigint | undefined;
}

/** As a row. */
export function viewToRecord(view: ViewRecord): SystemRecord {
  return {
    id: view.id,
    schema_name: view.schema,
    name: view.name,
    state: view.state,
    table_id: BigInt(view.tableId),
    statement: view.statement,
    definition: view.definition,
    output: JSON.stringify(view.output),
    pinned: JSON.stringify(view.pinned),
    fingerprint: view.fingerprint,
    options: JSON.stringify(view.options),
    applied_ts: view.appliedTs ?? null,
    last_error: view.lastError ?? null,
    created_ts: view.createdTs,
    replaces: view.replaces ?? null,
  };
}

/** Inverse of {@link viewToRecord}. */
export function viewOfRecord(record: SystemRecord): ViewRecord {
  const state = VIEW_STATES.find((name) => name === textIn(record, 'state'));
  const optional = (column: string): bigint | undefined => {
    const value = record[column];
    return typeof value === 'bigint' ? value : undefined;
  };
  const applied = optional('applied_ts');
  const lastError = record['last_error'];
  return {
    id: numberIn(record, 'id'),
    schema: textIn(record, 'schema_name'),
    name: textIn(record, 'name'),
    state: state ?? 'INVALID',
    tableId: Number(numberIn(record, 'table_id')),
    statement: textIn(record, 'statement'),
    definition: textIn(record, 'definition'),
    output: JSON.parse(textIn(record, 'output')) as OutputColumn[],
    pinned: JSON.parse(textIn(record, 'pinned')) as PinnedSession,
    fingerprint: textIn(record, 'fingerprint'),
    options: JSON.parse(textIn(record, 'options')) as ViewOptions,
    appliedTs: applied === undefined ? undefined : ts(applied),
    lastError: typeof lastError === 'string' ? lastError : undefined,
    createdTs: ts(numberIn(record, 'created_ts')),
    replaces: optional('replaces'),
  };
}

/** `schema.name` as compared: TiDB's names are compared in lower case. */
export function nameKey(schema: string, name: string): string {
  return `${schema.toLowerCase()}.${name.toLowerCase()}`;
}
