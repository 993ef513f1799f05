/**
 * The front half of CREATE MATERIALIZED VIEW: from a parsed statement to a view that can be registered. TiDB has
 * checked names and privileges on the client's own session; here it puts the select into canonical form and types it,
 * and the planner says whether it can be maintained.
 */
import { assert } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import type { TableVersion } from '../../catalog/table-version.js';
import { isString } from '../../codec/string-type.js';
import type { Ts } from '../../codec/tso.js';
import type { Choice } from '../../plan/choices.js';
import type { DescribedColumn, Description } from '../../plan/describe.js';
import type { OutputColumn as PlannedColumn } from '../../plan/logical-plan.js';
import type { QualifiedName } from '../../plan/table-names.js';
import { disagreement } from '../../plan/type-agreement.js';
import type { CreateView } from '../../sql/ast/view-statement.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import { parseSelect } from '../../sql/parse/select-parser.js';
import { printQuery } from '../../sql/parse/print-select.js';
import type { Describer } from '../describer.js';
import { type ViewLookup, expandViews, sameSettings } from '../expand-views.js';
import type { PinnedSession } from '../pinned-session.js';
import type { Comparison } from '../row-digest.js';
import { tableDdl } from '../table-ddl.js';
import type { CompiledPlan, ViewCompiler } from '../view-compiler.js';
import type { BaseTable, ViewRecord } from '../view-record.js';

/** What preparing needs. */
export interface CreateParts {
  readonly describer: Describer;
  readonly compiler: ViewCompiler;
  readonly systemSchema: string;
  /** Views by name. */
  readonly viewOf: ViewLookup;
}

/** What to prepare. */
export interface CreateRequest {
  readonly statement: CreateView;
  /** As typed. */
  readonly text: string;
  readonly pinned: PinnedSession;
  /** A fresh timestamp: becomes the view's id. */
  readonly now: Ts;
  /** View whose place it takes. */
  readonly replaces: bigint | undefined;
}

/** Databases whose tables are nobody's to build views on. */
const SYSTEM_DATABASES = ['mysql', 'information_schema', 'performance_schema', 'metrics_schema', 'sys'];

/** A select that TiDB and the planner understand alike. */
export interface UnderstoodSelect extends CompiledPlan {
  /** Its canonical form, and the types of its columns. */
  readonly described: Description;
}

/**
 * What a statement's select means, and how it can be maintained.
 *
 * @throws SqlError — TiDB's own; NotSupportedError (1235) — what cannot be maintained, and why.
 */
export async function understand(
  parts: CreateParts,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<UnderstoodSelect> {
  const { statement, pinned, now } = request;
  refuseWhatComesLater(statement);
  const described = await describeExpanded(parts, request, signal);
  const { canonical } = described;
  await parts.describer.sameMeaning(canonical, printQuery(parseSelect(canonical)), pinned, signal);
  const compiled = await parts.compiler.plan(canonical, pinned, now, signal);
  for (const { database, table } of compiled.tables) {
    refuseSystemTable(parts, database, table);
    if (parts.viewOf(database, table) !== undefined)
      throw new NotSupportedError(`${database}.${table}`, 'name the view in FROM');
  }
  for (const [place, ours] of compiled.plan.output.entries()) {
    const theirs = described.columns[place];
    const difference = theirs === undefined ? 'a column is missing' : disagreement(ours, theirs);
    if (difference !== undefined)
      throw new NotSupportedError(ours.name, `its type is not certain (${difference})`);
  }
  return { ...compiled, described };
}

/**
 * Prepares a view.
 *
 * @throws SqlError — TiDB's own; 1235 — what cannot be maintained, and why; 1353 — the column list does not fit;
 *   1046 — no database.
 */
export async function prepareView(
  parts: CreateParts,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<ViewRecord> {
  const { statement, pinned, now } = request;
  const schema = statement.name.database ?? pinned.database;
  if (schema === undefined) throw new SqlError(1046, '3D000', 'No database selected');
  const { described, plan, nameOf } = await understand(parts, request, signal);
  const columns = renamed(described.columns, statement);
  return {
    id: now,
    schema,
    name: statement.name.name,
    state: 'BUILDING',
    tableId: 0,
    statement: request.text,
    definition: described.canonical,
    output: columns.map(({ name }, place) => ({
      name,
      alias: described.columns[place]?.name ?? name,
      comparison: comparisonOf(plan.choices[place], plan.output[place]),
    })),
    pinned,
    fingerprint: plan.fingerprint,
    options: {
      tableDdl: tableDdl({ columns, statement, keys: plan.keys }),
      bases: plan.sources.map(({ table, columnIds }) => baseTable(table, columnIds, nameOf.get(table.id))),
    },
    appliedTs: undefined,
    lastError: undefined,
    createdTs: now,
    replaces: request.replaces,
  };
}

function comparisonOf(choice: Choice | undefined, column: PlannedColumn | undefined): Comparison {
  if (choice === 'any') return 'nothing';
  if (choice !== 'equal' || column === undefined) return 'exact';
  return isString(column.type) ? 'collated' : 'nullness';
}

function baseTable(
  table: TableVersion,
  columnIds: readonly number[],
  name: QualifiedName | undefined,
): BaseTable {
  assert(name !== undefined, `table ${table.id} has no name`);
  const columns = table.columns.filter(({ id }) => columnIds.includes(id)).map((column) => column.name.lower);
  return { schema: name.database, name: name.table, columns };
}

/** The select in canonical form, and typed; views in it have given way to what they are made of. */
async function describeExpanded(
  { describer, viewOf }: CreateParts,
  { statement, pinned }: CreateRequest,
  signal: AbortSignal,
): Promise<Description> {
  const written = await describer.describe(statement.select, pinned, signal);
  const expanded = expandViews(parseSelect(written.canonical), (database, name) => {
    const view = viewOf(database, name);
    if (view !== undefined && !sameSettings(view.pinned, pinned)) {
      const reason = 'it was made under another sql_mode, time zone, collation or div_precision_increment';
      throw new NotSupportedError(`${database}.${name}`, reason);
    }
    return view;
  });
  return expanded === undefined ? written : describer.describe(printQuery(expanded), pinned, signal);
}

/** Whatever the grammar knows and this version does not do yet is refused, never ignored. */
function refuseWhatComesLater(statement: CreateView): void {
  const later: [boolean, string, string][] = [
    [statement.partitioning !== undefined, statement.partitioning ?? '', 'partitioned views come later'],
    [!['onCommit', undefined].includes(statement.refresh?.kind), 'REFRESH', 'only ON COMMIT is there yet'],
    [!['stale', undefined].includes(statement.readMode?.kind), 'READ MODE', 'only STALE is there yet'],
    [statement.attributes !== undefined, 'ATTRIBUTES', 'it comes later'],
    [!statement.withData, 'WITH NO DATA', 'it comes later'],
  ];
  for (const [isLater, piece, reason] of later) if (isLater) throw new NotSupportedError(piece, reason);
  for (const { name, value } of statement.options) {
    const isKnown = name === 'build' && ['sync', 'async'].includes(value.toLowerCase());
    if (!isKnown) throw new NotSupportedError(`${name} = ${value}`, 'this option comes later');
  }
}

function refuseSystemTable(parts: CreateParts, database: string, table: string): void {
  const lower = database.toLowerCase();
  if (!SYSTEM_DATABASES.includes(lower) && lower !== parts.systemSchema.toLowerCase()) return;
  throw new NotSupportedError(`${database}.${table}`, 'it is a system table');
}

/** The columns under the names of the view's column list, if it has one. */
function renamed(columns: readonly DescribedColumn[], statement: CreateView): readonly DescribedColumn[] {
  const names = statement.elements.filter((element) => element.kind === 'column').map(({ name }) => name);
  if (names.length === 0) return columns;
  if (names.length !== columns.length) {
    throw new SqlError(1353, 'HY000', "View's SELECT and view's field list have different column counts");
  }
  return columns.map((column, place) => ({ ...column, name: names[place] ?? column.name }));
}
