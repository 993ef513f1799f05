/** SHOW MATERIALIZED VIEWS, SHOW CREATE MATERIALIZED VIEW, SHOW MATERIALIZED VIEW STATUS. */
import { SqlError } from '../../base/errors.js';
import type { ShowFilter, ShowViewStatus, ShowViews } from '../../sql/ast/view-statement.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import type { Registry } from '../registry.js';
import type { ResultPart, SessionContext } from '../service-types.js';
import { type ViewRecord, nameKey } from '../view-record.js';
import { columnsOf } from './answer.js';
import { isLike } from './like.js';

/** One row of SHOW MATERIALIZED VIEW STATUS, by column. */
export type StatusRow = Readonly<Record<string, string | null>>;

/** Its columns, in order (SURFACE §2). */
export const STATUS_COLUMNS = [
  'Database',
  'Name',
  'State',
  '#Rows',
  '#Applied_ts',
  'Applied_time',
  '#Lag_ms',
  'Progress',
  '#Eta_s',
  '#State_bytes',
  '#Epochs',
  'Last_error',
] as const;

/** Views of one database that the session may see. */
export function* showViews(
  statement: ShowViews,
  registry: Registry,
  context: SessionContext,
): Generator<ResultPart> {
  const database = statement.database ?? context.pinned.database;
  if (database === undefined) throw new SqlError(1046, '3D000', 'No database selected');
  const name = `Materialized_views_in_${database}`;
  yield statement.isFull ? columnsOf(name, 'State', 'Definition') : columnsOf(name);
  const rows = visibleViews(registry, context)
    .filter((view) => view.schema.toLowerCase() === database.toLowerCase())
    .filter((view) => passes(view.name, statement.filter))
    .map((view) => (statement.isFull ? [view.name, view.state, view.definition] : [view.name]));
  yield { kind: 'rows', rows };
}

/** The statement that made a view. */
export function* showCreateView(view: ViewRecord): Generator<ResultPart> {
  yield columnsOf(
    'Materialized View',
    'Create Materialized View',
    'character_set_client',
    'collation_connection',
  );
  yield { kind: 'rows', rows: [[view.name, view.statement, 'utf8mb4', view.pinned.collation]] };
}

/** Views with their state and progress. */
export function* showStatus(
  statement: ShowViewStatus,
  registry: Registry,
  context: SessionContext,
  rowOf: (view: ViewRecord) => StatusRow,
): Generator<ResultPart> {
  yield columnsOf(...STATUS_COLUMNS);
  const wanted = statement.name;
  const schema =
    wanted === undefined ? undefined : (wanted.database ?? context.pinned.database)?.toLowerCase();
  const rows = visibleViews(registry, context)
    .filter((view) => wanted === undefined || view.name.toLowerCase() === wanted.name.toLowerCase())
    .filter((view) => schema === undefined || view.schema.toLowerCase() === schema)
    .filter((view) => statement.like === undefined || isLike(view.name, statement.like))
    .map((view) => cellsOf(rowOf(view)));
  yield { kind: 'rows', rows };
}

function cellsOf(row: StatusRow): readonly (string | null)[] {
  return STATUS_COLUMNS.map((name) => row[name.replace(/^#/, '')] ?? null);
}

/** In the order of names. What is being built in another's place is not a view of its own yet. */
function visibleViews(registry: Registry, { visible }: SessionContext): readonly ViewRecord[] {
  return registry.views
    .filter((view) => view.replaces === undefined && view.state !== 'DROPPING')
    .filter((view) => visible?.has(nameKey(view.schema, view.name)) ?? true)
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function passes(name: string, filter: ShowFilter | undefined): boolean {
  if (filter === undefined) return true;
  if (filter.kind === 'like') return isLike(name, filter.pattern);
  throw new NotSupportedError(`WHERE ${filter.expression}`, 'use LIKE');
}
