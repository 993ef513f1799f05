/** EXPLAIN [CREATE] MATERIALIZED VIEW: the plan of a view; EXPLAIN ANALYZE: what its operators have done. */
import { SqlError } from '../../base/errors.js';
import type { Ts } from '../../codec/tso.js';
import type { ExplainedOperator } from '../../plan/explain-plan.js';
import { NotSupportedError } from '../../sql/not-supported-error.js';
import type { ControlPool } from '../control-pool.js';
import type { ResultPart } from '../service-types.js';
import { estimatedRowsOf } from '../table-statistics.js';
import type { ViewRecord } from '../view-record.js';
import type { WorkLine } from '../view-work.js';
import { columnsOf } from './answer.js';
import { type CreateParts, type CreateRequest, understand } from './create-view.js';

/** What explaining needs. */
export interface ExplainParts extends CreateParts {
  readonly control: ControlPool;
}

/** One line of an explanation, by column. */
type Line = { readonly depth: number } & Readonly<Record<string, string | number | null>>;

const PLAN_COLUMNS = ['id', 'operator', 'keys', 'state_columns', '#estimate', 'how'];
const WORK_COLUMNS = ['#rows_in', '#rows_out', '#rows_touched', '#state_rows', '#state_bytes', 'time_ms'];
const INCREMENTAL = 'incremental';
/** ErrUnknownExplainFormat. */
const UNKNOWN_FORMAT = 1791;

/** The plan of a view that is not there yet; what is refused is one line that says why. */
export async function explainCreate(
  parts: ExplainParts,
  request: CreateRequest,
  signal: AbortSignal,
): Promise<readonly Line[]> {
  try {
    const { plan, described } = await understand(parts, request, signal);
    return await planLines(parts, plan.explained, { ...request, definition: described.canonical }, signal);
  } catch (error) {
    if (!(error instanceof NotSupportedError)) throw error;
    const { piece, reason } = error;
    const nothing = { keys: null, state_columns: null, estimate: null };
    return [{ depth: 0, id: 'Refused_1', operator: piece, ...nothing, how: `refused: ${reason}` }];
  }
}

/** The plan of a view that is there, over its base tables as they are now. */
export async function explainPlanOf(
  parts: ExplainParts,
  view: ViewRecord,
  now: Ts,
  signal: AbortSignal,
): Promise<readonly Line[]> {
  const { plan } = await parts.compiler.plan(view.definition, view.pinned, now, signal);
  return planLines(parts, plan.explained, view, signal);
}

/** The answer to EXPLAIN. @throws SqlError 1791 — no such format. */
export function explain(lines: readonly Line[], format: string | undefined): Generator<ResultPart> {
  return printed(lines, PLAN_COLUMNS, format);
}

/** The answer to EXPLAIN ANALYZE: the operators as they run, which are fewer than those of the plan. */
export function explainWork(work: readonly WorkLine[], format: string | undefined): Generator<ResultPart> {
  const lines = work.map((line, place): Line => ({
    depth: line.depth,
    id: `${idOf(line.operator)}_${place + 1}`,
    operator: line.operator,
    keys: null,
    state_columns: null,
    estimate: null,
    how: line.views === 1 ? INCREMENTAL : `${INCREMENTAL}, shared by ${line.views} views`,
    rows_in: line.rowsIn,
    rows_out: line.rowsOut,
    rows_touched: line.rowsTouched,
    state_rows: line.stateRows,
    state_bytes: line.stateBytes,
    time_ms: line.spentMs.toFixed(1),
  }));
  return printed(lines, [...PLAN_COLUMNS, ...WORK_COLUMNS], format);
}

/** `union all products` → `UnionAll`: the words before a table's name. */
function idOf(operator: string): string {
  return operator
    .replace(/^source .*/, 'source')
    .replace(/(?:^| )([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

async function planLines(
  parts: ExplainParts,
  operators: readonly ExplainedOperator[],
  view: Pick<ViewRecord, 'definition' | 'pinned'>,
  signal: AbortSignal,
): Promise<readonly Line[]> {
  const result = await parts.describer.estimatedRows(view.definition, view.pinned, signal);
  const ids = operators.flatMap(({ table }) => (table === undefined ? [] : [table]));
  const tables = await estimatedRowsOf(parts.control, ids, signal);
  return operators.map(({ depth, id, operator, keys, stateColumns, table }) => ({
    depth,
    id,
    operator,
    keys: keys.map((key) => `(${key.join(', ')})`).join(', ') || null,
    state_columns: stateColumns.join(', ') || null,
    estimate: (depth === 0 ? result : table === undefined ? undefined : tables.get(table)) ?? null,
    how: INCREMENTAL,
  }));
}

function* printed(
  lines: readonly Line[],
  columns: readonly string[],
  format: string | undefined,
): Generator<ResultPart> {
  const names = columns.map((name) => name.replace(/^#/, ''));
  switch (format) {
    case undefined:
    case 'tree': {
      const trunks = trunksOf(lines);
      yield columnsOf(...columns);
      yield {
        kind: 'rows',
        rows: lines.map((line, place) =>
          names.map((name) =>
            name === 'id' ? `${trunks[place] ?? ''}${String(line[name])}` : cell(line[name]),
          ),
        ),
      };
      return;
    }
    case 'dot':
      yield columnsOf('dot contents');
      yield { kind: 'rows', rows: [[dotOf(lines)]] };
      return;
    case 'json':
      yield columnsOf('json');
      yield { kind: 'rows', rows: [[JSON.stringify(nested(lines, names), undefined, 2)]] };
      return;
    default:
      throw new SqlError(UNKNOWN_FORMAT, 'HY000', `Unknown EXPLAIN format name: '${format}'`);
  }
}

function cell(value: string | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** What stands before each line so that a tree is seen: as TiDB's own EXPLAIN draws it. */
function trunksOf(lines: readonly Line[]): readonly string[] {
  return lines.map(({ depth }, place) => {
    let trunk = '';
    for (let level = 1; level <= depth; level++) {
      const goesOn = hasSibling(lines, place, level);
      if (level === depth) trunk += goesOn ? '├─' : '└─';
      else trunk += goesOn ? '│ ' : '  ';
    }
    return trunk;
  });
}

/** Whether another line at `level` follows under the same parent as the line at `place`. */
function hasSibling(lines: readonly Line[], place: number, level: number): boolean {
  const next = lines.slice(place + 1).find(({ depth }) => depth <= level);
  return next?.depth === level;
}

/** Place of the line that each line is an input of; undefined: of none. */
function parentsOf(lines: readonly Line[]): readonly (number | undefined)[] {
  const open: number[] = [];
  return lines.map(({ depth }, place) => {
    open[depth] = place;
    return depth === 0 ? undefined : open[depth - 1];
  });
}

function dotOf(lines: readonly Line[]): string {
  const text = (value: unknown): string => JSON.stringify(String(value));
  const nodes = lines.map(({ id, operator }) => `  ${text(id)} [label=${text(operator)}];`);
  const edges = parentsOf(lines).flatMap((parent, place) => {
    return parent === undefined ? [] : [`  ${text(lines[place]?.['id'])} -> ${text(lines[parent]?.['id'])};`];
  });
  return ['digraph view {', ...nodes, ...edges, '}'].join('\n');
}

interface NestedLine {
  readonly [column: string]: unknown;
  readonly inputs: NestedLine[];
}

function nested(lines: readonly Line[], names: readonly string[]): NestedLine | undefined {
  const made = lines.map((line): NestedLine => ({
    ...Object.fromEntries(names.map((name) => [name, line[name] ?? null])),
    inputs: [],
  }));
  for (const [place, parent] of parentsOf(lines).entries()) {
    const child = made[place];
    if (parent !== undefined && child !== undefined) made[parent]?.inputs.push(child);
  }
  return made[0];
}
