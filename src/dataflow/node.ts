/** The graph of a circuit: operators and what they read. */
import type { TableId } from '../codec/table-keys.js';
import type { Operator } from './operator.js';
import type { SourceColumn } from './operators/source-operator.js';

/** An operator with what it reads. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Edge[];
  /**
   * What it computes, as text (spec-signature.ts): two nodes with the same text, at the same epoch, hold the same and
   * give the same, so one can stand for both. undefined: it stands for itself only.
   */
  readonly signature: string | undefined;
}

/** Where an operator's input comes from. */
export type Edge =
  | { readonly kind: 'source'; readonly table: TableId; readonly columns: readonly SourceColumn[] }
  | { readonly kind: 'node'; readonly node: Node };

/**
 * The graph of `end` with each node replaced by the known one that computes the same.
 *
 * @param known - by signature; nodes that were not known are added.
 */
export function sharedGraph(end: Node, known: Map<string, Node>): Node {
  const { operator, signature } = end;
  const same = signature === undefined ? undefined : known.get(signature);
  if (same !== undefined) return same;
  const inputs = end.inputs.map((edge): Edge =>
    edge.kind === 'node' ? { kind: 'node', node: sharedGraph(edge.node, known) } : edge,
  );
  const node = { operator, inputs, signature };
  if (signature !== undefined) known.set(signature, node);
  return node;
}

/** Whether what an edge comes from is part of the graph of `end`. */
export function reads(end: Node, edge: Edge): boolean {
  if (edge.kind === 'node') return needs(end, edge.node);
  return end.inputs.some((input) =>
    input.kind === 'node' ? reads(input.node, edge) : input.table === edge.table,
  );
}

/** Whether `node` is part of the graph of `end`. */
export function needs(end: Node, node: Node): boolean {
  return end === node || end.inputs.some((edge) => edge.kind === 'node' && needs(edge.node, node));
}
