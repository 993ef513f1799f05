/**
 * Law 1 as a command (`ADMIN CHECK MATERIALIZED VIEW`) and as the tests' oracle: the view's table, read at a
 * snapshot x, equals its definition, run by TiDB at the applied ts E that the frontier record holds at x.
 *
 * Everything is read through TiDB: the registry, the view and the definition, so nothing of the engine is trusted.
 * First counts and sums of digests are compared; only if they differ the two ordered streams, in bounded memory, to
 * name the first rows.
 */
import { SqlError } from '../base/errors.js';
import { type Ts, ts } from '../codec/tso.js';
import type { ControlPool, ControlRow, ControlSession } from './control-pool.js';
import { type PinnedSession, pinnedAssignments } from './pinned-session.js';
import { quoteTable } from './quote.js';
import { printName, printString } from '../sql/parse/print-text.js';
import { orderedSql, summarySql } from './row-digest.js';
import type { OutputColumn } from './view-record.js';

/** One row that is in one of the two and not in the other. */
export interface DifferingRow {
  readonly where: 'only in the view' | 'only in the definition';
  /** Columns as text, shortened. */
  readonly text: string;
}

/** What a check found. */
export interface CheckResult {
  /** E: the base tables' instant that the view shows. */
  readonly appliedTs: Ts;
  readonly rows: bigint;
  /** Empty: the law holds. */
  readonly differences: readonly DifferingRow[];
}

/** What a view is compared with. */
export interface Comparand {
  readonly definition: string;
  /** Output columns of both, in order. */
  readonly output: readonly OutputColumn[];
  readonly pinned: PinnedSession;
  /** The table, as it is called at the snapshot. */
  readonly table: { readonly schema: string; readonly name: string };
}

/** Most rows named. */
const DIFFERENCES_MAX = 10;

/**
 * Compares a table at snapshot `tableTs` with a definition at `definitionTs`.
 *
 * @throws SqlError — TiDB's own, as when the history is below the GC safe point (8055).
 */
export async function compareWithDefinition(
  control: ControlPool,
  what: Comparand,
  at: { readonly tableTs: Ts; readonly definitionTs: Ts },
  signal: AbortSignal,
): Promise<{ readonly rows: bigint; readonly differences: readonly DifferingRow[] }> {
  const { output } = what;
  const tableColumns = output.map(({ name, comparison }) => ({ name, comparison }));
  const definitionColumns = output.map(({ alias, comparison }) => ({ name: alias, comparison }));
  const columnList = output.map(({ name }) => printName(name)).join(', ');
  const tableSelect = `SELECT ${columnList} FROM ${quoteTable(what.table.schema, what.table.name)}`;
  return control.session(
    (left) =>
      control.session(async (right) => {
        for (const session of [left, right]) await session.set(pinnedAssignments(what.pinned));
        await left.readAsOf(at.tableTs);
        await right.readAsOf(at.definitionTs);
        const [mine, theirs] = await Promise.all([
          left.query(summarySql(tableSelect, tableColumns)),
          right.query(summarySql(what.definition, definitionColumns)),
        ]);
        const rows = BigInt(mine[0]?.['row_count'] ?? '0');
        if (JSON.stringify(mine[0]) === JSON.stringify(theirs[0])) return { rows, differences: [] };
        const differences = await firstDifferences(
          left.stream(orderedSql(tableSelect, tableColumns)),
          right.stream(orderedSql(what.definition, definitionColumns)),
        );
        return { rows, differences };
      }, signal),
    signal,
  );
}

/**
 * Checks a registered view at snapshot `x`.
 *
 * @throws SqlError — 1146 unknown view; 1356 not in a state that can be checked; TiDB's own.
 */
export async function lawCheck(
  control: ControlPool,
  registrySchema: string,
  view: { readonly schema: string; readonly name: string },
  x: Ts,
  signal: AbortSignal,
): Promise<CheckResult> {
  const registered = await control.session(async (session) => {
    await session.readAsOf(x);
    return readRegistered(session, registrySchema, view);
  }, signal);
  const { appliedTs, comparand } = registered;
  const compared = await compareWithDefinition(
    control,
    comparand,
    { tableTs: x, definitionTs: appliedTs },
    signal,
  );
  return { appliedTs, ...compared };
}

async function readRegistered(
  session: ControlSession,
  registrySchema: string,
  view: { readonly schema: string; readonly name: string },
): Promise<{ appliedTs: Ts; comparand: Comparand }> {
  const shown = `${view.schema}.${view.name}`;
  const [row] = await session.query(
    'SELECT v.schema_name, v.name, v.state, v.definition, v.output, v.pinned, ' +
      'IFNULL(v.applied_ts, f.applied_ts) AS applied_ts ' +
      `FROM ${quoteTable(registrySchema, 'views')} v JOIN ${quoteTable(registrySchema, 'frontier')} f ` +
      `WHERE LOWER(v.schema_name) = LOWER(${printString(view.schema)}) AND LOWER(v.name) = LOWER(${printString(view.name)})`,
  );
  if (row === undefined) throw new SqlError(1146, '42S02', `Materialized view '${shown}' doesn't exist`);
  if (row['state'] !== 'READY' && row['state'] !== 'FROZEN') {
    throw new SqlError(
      1356,
      'HY000',
      `Materialized view '${shown}' cannot be checked: it is ${row['state'] ?? ''}`,
    );
  }
  return { appliedTs: ts(BigInt(row['applied_ts'] ?? '0')), comparand: comparandOf(row) };
}

function comparandOf(row: ControlRow): Comparand {
  return {
    definition: row['definition'] ?? '',
    output: JSON.parse(row['output'] ?? '[]') as OutputColumn[],
    pinned: JSON.parse(row['pinned'] ?? '{}') as PinnedSession,
    table: { schema: row['schema_name'] ?? '', name: row['name'] ?? '' },
  };
}

/** Merges two streams that TiDB ordered by digest. */
async function firstDifferences(
  view: AsyncIterator<ControlRow>,
  definition: AsyncIterator<ControlRow>,
): Promise<readonly DifferingRow[]> {
  const found: DifferingRow[] = [];
  let mine = await view.next();
  let theirs = await definition.next();
  while (found.length < DIFFERENCES_MAX && !(mine.done === true && theirs.done === true)) {
    const left = mine.done === true ? undefined : (mine.value['row_digest'] ?? '');
    const right = theirs.done === true ? undefined : (theirs.value['row_digest'] ?? '');
    if (left === right) {
      mine = await view.next();
      theirs = await definition.next();
    } else if (right === undefined || (left !== undefined && left < right)) {
      found.push({ where: 'only in the view', text: textOf(mine) });
      mine = await view.next();
    } else {
      found.push({ where: 'only in the definition', text: textOf(theirs) });
      theirs = await definition.next();
    }
  }
  await Promise.all([view.return?.(), definition.return?.()]);
  return found;
}

function textOf(row: IteratorResult<ControlRow>): string {
  return row.done === true ? '' : (row.value['row_text'] ?? '');
}
