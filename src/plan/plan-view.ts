/**
 * The way of a definition: TiDB's canonical text → tree → names and types → logical plan → what a circuit needs.
 * Everything here is a pure function of the text, the tables and the pinned settings.
 */
import type { TableVersion } from '../catalog/table-version.js';
import type { NodeSpec } from '../dataflow/view-spec.js';
import type { Query } from '../sql/ast/select.js';
import { parseSelect } from '../sql/parse/select-parser.js';
import type { Condition } from '../tikv/coprocessor/condition.js';
import { type TableLookup, bindSelect } from './bind-select.js';
import type { PinnedContext } from './describe.js';
import { type ExplainedOperator, explainPlan } from './explain-plan.js';
import { fingerprintOf } from './fingerprint.js';
import { incrementalize } from './incrementalize.js';
import type { LogicalPlan, OutputColumn, ScanPlan } from './logical-plan.js';
import { prune } from './prune.js';
import { scanConditions } from './scan-conditions.js';
import { type QualifiedName, tablesIn } from './table-names.js';
import { fixedOffsetMinutes } from './typing/time-zone.js';
import { uniqueKeys } from './unique-keys.js';

/** A definition, read. */
export interface Definition {
  /** TiDB's canonical text. */
  readonly text: string;
  readonly query: Query;
  /** What must be looked up before it can be planned. */
  readonly tables: readonly QualifiedName[];
}

/** A base table as one view uses it. */
export interface ViewSource {
  readonly table: TableVersion;
  /** Columns that the view reads: changes to others do not concern it. */
  readonly columnIds: readonly number[];
  /** What TiKV can test while it is scanned; columns by their place in `columnIds`. */
  readonly conditions: readonly Condition[];
}

/** All that follows from a definition. */
export interface ViewPlan {
  readonly logical: LogicalPlan;
  readonly output: readonly OutputColumn[];
  /** Sets of output columns, by position, on which no two rows agree and which are never NULL; the shortest first. */
  readonly keys: readonly (readonly number[])[];
  readonly sources: readonly ViewSource[];
  /** The view as a circuit computes it. */
  readonly root: NodeSpec;
  /** Equal fingerprints, interchangeable state. */
  readonly fingerprint: string;
  readonly explained: readonly ExplainedOperator[];
}

/**
 * Reads a definition.
 *
 * @throws NotSupportedError — when the text is not understood.
 */
export function readDefinition(text: string): Definition {
  const query = parseSelect(text);
  return { text, query, tables: tablesIn(query) };
}

/**
 * Plans a view.
 *
 * @param tableOf - the tables of {@link Definition.tables} as they are at the moment from which the view is to follow.
 * @throws NotSupportedError — naming the piece of the definition that cannot be maintained, and why.
 */
export function planView(
  { text, query }: Definition,
  tableOf: TableLookup,
  pinned: Pick<PinnedContext, 'timeZone'>,
): ViewPlan {
  const { plan, output } = bindSelect(query, {
    text,
    tableOf,
    offsetMinutes: fixedOffsetMinutes(pinned.timeZone),
  });
  const logical = prune(plan);
  const { table, columnIds } = scanOf(logical);
  return {
    logical,
    output,
    keys: uniqueKeys(logical),
    sources: [{ table, columnIds, conditions: scanConditions(logical) }],
    root: incrementalize(logical),
    fingerprint: fingerprintOf(logical),
    explained: explainPlan(logical),
  };
}

/** The only scan there is, as long as there are no joins. */
function scanOf(plan: LogicalPlan): ScanPlan {
  return plan.kind === 'scan' ? plan : scanOf(plan.input);
}
