/** Runs one epoch through a circuit, letting pending I/O run in between. */
import type { Runtime } from '../base/runtime.js';
import type { Circuit } from '../dataflow/circuit.js';
import type { Delta } from '../dataflow/delta.js';
import type { ViewId } from '../dataflow/view-spec.js';
import type { EpochInput } from '../source/epoch-source.js';

/** Rows between two looks at pending I/O: some milliseconds. */
const QUANTUM_ROWS = 16_384;

/** The deltas of all views. @throws OperatorError — some views cannot go on; the circuit stands where it stood. */
export async function stepCircuit(
  circuit: Circuit,
  input: Pick<EpochInput, 'upper' | 'sources'>,
  runtime: Runtime,
): Promise<ReadonlyMap<ViewId, Delta>> {
  const read = circuit.sources;
  const inputs = new Map([...input.sources].filter(([tableId]) => read.has(tableId)));
  const step = circuit.begin(input.upper, inputs, () => runtime.monotonicMs());
  try {
    for (;;) {
      const result = step.run(QUANTUM_ROWS);
      if (result.kind === 'done') return result.views;
      await runtime.yieldToIo();
    }
  } catch (error) {
    circuit.abandon();
    throw error;
  }
}
