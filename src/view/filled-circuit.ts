/**
 * The circuit of the views that a reign takes up, with all the state that it must hold. The views' tables have their
 * contents already: only what stays in the operators is wanted of the base tables.
 */
import type { TableId } from '../codec/table-keys.js';
import type { Ts } from '../codec/tso.js';
import { buildCircuit } from '../dataflow/build-circuit.js';
import type { Circuit } from '../dataflow/circuit.js';
import { OperatorError } from '../dataflow/operator-error.js';
import { type Casualty, casualtiesOfOperator } from './casualty.js';
import type { CompiledSource } from './compiled-view.js';
import { holdsState, hydrate } from './hydration.js';
import type { InstanceParts } from './instance-parts.js';
import type { LiveView } from './live-view.js';

/** What could be filled. */
export interface FilledCircuit {
  readonly circuit: Circuit;
  /** Those that are in it. */
  readonly views: readonly LiveView[];
  readonly failed: readonly Casualty[];
}

/** Fills a circuit of some views from their base tables as of an instant; a GC barrier must hold it. */
export async function fillCircuit(
  views: readonly LiveView[],
  at: Ts,
  parts: Pick<InstanceParts, 'cluster' | 'runtime' | 'telemetry'>,
  signal: AbortSignal,
): Promise<FilledCircuit> {
  const failed: Casualty[] = [];
  for (let left = views; ;) {
    try {
      return { circuit: await attempt(left, at, parts, signal), views: left, failed };
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      failed.push(...casualtiesOfOperator(error, left));
      left = left.filter(({ id }) => !error.views.has(id));
    }
  }
}

async function attempt(
  views: readonly LiveView[],
  at: Ts,
  { cluster, runtime, telemetry }: Pick<InstanceParts, 'cluster' | 'runtime' | 'telemetry'>,
  signal: AbortSignal,
): Promise<Circuit> {
  const stateful = views.filter(isStateful);
  const circuit = buildCircuit(specsOf(views.filter((view) => !isStateful(view))), at);
  if (stateful.length === 0) return circuit;
  const filled = buildCircuit(specsOf(stateful), at);
  const scans = { coprocessor: cluster.coprocessor, runtime };
  let rows = 0;
  for await (const { rowsRead } of hydrate(filled, sourcesOfAll(stateful), scans, signal)) rows += rowsRead;
  telemetry.log.info('state was read again', { views: stateful.length, rows });
  circuit.attach(filled);
  return circuit;
}

function isStateful({ compiled }: LiveView): boolean {
  return holdsState(compiled.spec.root);
}

function specsOf(views: readonly LiveView[]) {
  return views.map(({ compiled }) => compiled.spec);
}

/** Each base table of some views once; conditions only where one view alone reads it. */
function sourcesOfAll(views: readonly LiveView[]): readonly CompiledSource[] {
  const found = new Map<TableId, CompiledSource>();
  for (const source of views.flatMap(({ compiled }) => compiled.sources)) {
    const { id } = source.table.version;
    found.set(id, found.has(id) ? { ...source, conditions: [] } : source);
  }
  return [...found.values()];
}
