/** A view's definition, compiled against its base tables as they are at some moment. */
import type { SourceTable } from '../source/source-table.js';
import type { ViewSpec } from '../dataflow/view-spec.js';
import type { Condition } from '../tikv/coprocessor/condition.js';

/** What a definition has become. */
export interface CompiledView {
  /** For the circuit. */
  readonly spec: ViewSpec;
  /** Of the plan: another one reads the same data differently. */
  readonly fingerprint: string;
  /** The base tables, with the columns that this view reads of each. */
  readonly sources: readonly CompiledSource[];
}

/** A base table of one view. */
export interface CompiledSource {
  readonly table: SourceTable;
  /** As `schema.name`, for messages. */
  readonly shownName: string;
  /** What TiKV can test during the first scan; columns by their place in the table's `columnIds`. */
  readonly conditions: readonly Condition[];
}
