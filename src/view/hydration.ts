/**
 * Filling a circuit from its base tables as of one instant: the first step of a build, and, for circuits that hold
 * state, of taking views up again. The circuit stays at that instant, however many steps it takes.
 */
import { unreachable } from '../base/assert.js';
import type { Runtime } from '../base/runtime.js';
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import type { Circuit } from '../dataflow/circuit.js';
import type { Delta } from '../dataflow/delta.js';
import type { NodeSpec, ViewId } from '../dataflow/view-spec.js';
import { scanTable } from '../source/table-scan.js';
import type { Condition } from '../tikv/coprocessor/condition.js';
import type { Coprocessor } from '../tikv/coprocessor/coprocessor.js';
import type { CompiledSource } from './compiled-view.js';
import { stepCircuit } from './step-circuit.js';

/** What one step came to. */
export interface HydrationStep {
  /** Of all views of the circuit. */
  readonly deltas: ReadonlyMap<ViewId, Delta>;
  /** Rows of base tables that went in. */
  readonly rowsRead: number;
}

/**
 * Reads the tables, one after the other, and steps the circuit page by page.
 *
 * @param sources - each table once; the last first, because what joins are looked up in stands on their right.
 * @throws as {@link scanTable} and {@link stepCircuit}.
 */
export async function* hydrate(
  circuit: Circuit,
  sources: readonly CompiledSource[],
  parts: { readonly coprocessor: Coprocessor; readonly runtime: Runtime },
  signal: AbortSignal,
): AsyncGenerator<HydrationStep, void, undefined> {
  const { upper } = circuit;
  const step = (inputs: ReadonlyMap<TableId, Delta>): Promise<ReadonlyMap<ViewId, Delta>> =>
    stepCircuit(circuit, { upper, sources: inputs }, parts.runtime);
  // Once without rows: an aggregate over nothing has a row, too.
  yield { deltas: await step(new Map()), rowsRead: 0 };
  for (const source of [...sources].reverse()) {
    for await (const { delta } of scanTable(parts.coprocessor, scanOf(circuit, source, upper), signal)) {
      yield { deltas: await step(new Map([[source.table.version.id, delta]])), rowsRead: delta.rows };
    }
  }
}

/** The columns that a circuit wants of a table, in its order. */
export function columnsRead(circuit: Circuit, table: TableId): readonly number[] {
  return (circuit.sources.get(table) ?? []).map(({ id }) => id);
}

/** Whether what a view computes depends on more than the rows that change. */
export function holdsState(spec: NodeSpec): boolean {
  switch (spec.kind) {
    case 'source':
      return false;
    case 'filter':
    case 'project':
      return holdsState(spec.input);
    case 'unionAll':
      return spec.inputs.some(holdsState);
    case 'join':
    case 'aggregate':
      return true;
    default:
      return unreachable(spec);
  }
}

/** The circuit says which columns it wants, in which order; the conditions speak of the view's own list. */
function scanOf(circuit: Circuit, { table, conditions }: CompiledSource, ts: Ts) {
  const columnIds = columnsRead(circuit, table.version.id);
  const placeOf = (place: number): number => columnIds.indexOf(table.columnIds[place] ?? Number.NaN);
  return {
    table: { version: table.version, columnIds },
    ts,
    conditions: conditions.map((condition) => moved(condition, placeOf)),
  };
}

function moved(condition: Condition, placeOf: (place: number) => number): Condition {
  switch (condition.kind) {
    case 'compare':
    case 'in':
    case 'isNull':
      return { ...condition, column: placeOf(condition.column) };
    case 'not':
      return { kind: 'not', condition: moved(condition.condition, placeOf) };
    case 'and':
    case 'or':
      return {
        kind: condition.kind,
        conditions: condition.conditions.map((one) => moved(one, placeOf)),
      };
    default:
      return unreachable(condition);
  }
}
