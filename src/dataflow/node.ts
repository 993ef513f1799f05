/** The graph of a circuit: operators and what they read. */
import type { TableId } from '../codec/table-keys.js';
import type { Operator } from './operator.js';
import type { SourceColumn } from './operators/source-operator.js';

/** An operator with what it reads. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Edge[];
}

/** Where an operator's input comes from. */
export type Edge =
  | { readonly kind: 'source'; readonly table: TableId; readonly columns: readonly SourceColumn[] }
  | { readonly kind: 'node'; readonly node: Node };
