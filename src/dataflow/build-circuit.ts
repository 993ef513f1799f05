/** Makes circuits from descriptions: neighbouring filters and projections become one operator. */
import { AssertionError, unreachable } from '../base/assert.js';
import type { Ts } from '../codec/tso.js';
import { Circuit } from './circuit.js';
import type { Edge, Node } from './node.js';
import { ChainOperator } from './operators/chain-operator.js';
import { OutputOperator } from './operators/output-operator.js';
import { type RowProgram, identityProgram, thenFilter, thenProject } from './row-program.js';
import type { NodeSpec, ViewId, ViewSpec } from './view-spec.js';

/**
 * A circuit of some views, without any row in it.
 *
 * @param upper - where it begins: its first epoch's input is what changed after that.
 */
export function buildCircuit(views: readonly ViewSpec[], upper: Ts): Circuit {
  const outputs = new Map<ViewId, Node>();
  for (const { viewId, hasKey, root } of views) {
    outputs.set(viewId, { operator: new OutputOperator(hasKey), inputs: [edgeOf(root)] });
  }
  return new Circuit(upper, outputs);
}

function edgeOf(spec: NodeSpec): Edge {
  const { program, input } = chainOf(spec);
  return { kind: 'node', node: { operator: new ChainOperator(program), inputs: [input] } };
}

/** The filters and projections from a node down to the first that is neither, fused. */
function chainOf(spec: NodeSpec): { readonly program: RowProgram; readonly input: Edge } {
  switch (spec.kind) {
    case 'source': {
      const { table, columns } = spec;
      return {
        program: identityProgram(columns.map(({ type }) => type)),
        input: { kind: 'source', table, columns },
      };
    }
    case 'filter': {
      const { program, input } = chainOf(spec.input);
      return { program: thenFilter(program, spec.predicate), input };
    }
    case 'project': {
      const { program, input } = chainOf(spec.input);
      return { program: thenProject(program, spec.items), input };
    }
    case 'join':
    case 'aggregate':
    case 'unionAll':
      throw new AssertionError(`no operator for ${spec.kind} yet`);
    default:
      return unreachable(spec);
  }
}
