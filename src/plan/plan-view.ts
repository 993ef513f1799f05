/**
 * The way of a definition: TiDB's canonical text → tree → names and types → logical plan → what a circuit needs.
 * Everything here is a pure function of the text, the tables and the pinned settings.
 */
import { MysqlType } from '../codec/field-type.js';
import type { NodeSpec } from '../dataflow/view-spec.js';
import type { Query } from '../sql/ast/select.js';
import { parseSelect } from '../sql/parse/select-parser.js';
import { refuse } from './bind-context.js';
import { BINDER } from './bind-query.js';
import type { PinnedContext } from './describe.js';
import { type Choice, choicesOf } from './choices.js';
import { type ExplainedOperator, explainPlan } from './explain-plan.js';
import { fingerprintOf } from './fingerprint.js';
import { incrementalize } from './incrementalize.js';
import type { LogicalPlan, OutputColumn } from './logical-plan.js';
import { prune } from './prune.js';
import { pushDown } from './push-down.js';
import type { BoundQuery, QueryContext, TableLookup } from './query-context.js';
import { type QualifiedName, tablesIn } from './table-names.js';
import { fixedOffsetMinutes } from './typing/time-zone.js';
import { uniqueKeys } from './unique-keys.js';
import { type ViewSource, viewSources } from './view-sources.js';

/** A definition, read. */
export interface Definition {
  /** TiDB's canonical text. */
  readonly text: string;
  readonly query: Query;
  /** What must be looked up before it can be planned. */
  readonly tables: readonly QualifiedName[];
}

/** All that follows from a definition. */
export interface ViewPlan {
  readonly logical: LogicalPlan;
  readonly output: readonly OutputColumn[];
  /** Of each output column, whether TiDB may show another value that is as right (choices.ts). */
  readonly choices: readonly Choice[];
  /** Sets of output columns, by position, on which no two rows agree and which are never NULL; the shortest first. */
  readonly keys: readonly (readonly number[])[];
  /** The base tables, in the order of {@link Definition.tables}. */
  readonly sources: readonly ViewSource[];
  /** The view as a circuit computes it. */
  readonly root: NodeSpec;
  /** Equal fingerprints, interchangeable state. */
  readonly fingerprint: string;
  readonly explained: readonly ExplainedOperator[];
}

/** Settings of a view's creator that decide what its definition computes. */
export type PlanSettings = Pick<PinnedContext, 'timeZone'> &
  Partial<Pick<PinnedContext, 'divPrecisionIncrement' | 'sqlMode' | 'collation'>>;

/** What TiDB has where nothing was set. */
const DEFAULTS = {
  divPrecisionIncrement: 4,
  sqlMode:
    'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION',
  collation: 'utf8mb4_bin',
};

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
 * @param tableOf - the tables of {@link Definition.tables} as they are at the moment from which the view is to
 *   follow.
 * @throws NotSupportedError — naming the piece of the definition that cannot be maintained, and why.
 */
export function planView(definition: Definition, tableOf: TableLookup, pinned: PlanSettings): ViewPlan {
  const { text, query } = definition;
  const { plan, output } = bindDefinition(definition, tableOf, pinned);
  const untyped = output.findIndex(({ type }) => type.tp === MysqlType.null);
  if (untyped >= 0) {
    const item = query.body.kind === 'select' ? query.body.items[untyped] : undefined;
    throw refuse(text, item ?? query, 'a column that is always NULL has no type');
  }
  const logical = prune(pushDown(plan));
  const choices = choicesOf(logical);
  if (choices.isOpen)
    throw refuse(text, query, 'its rows depend on which of several equal values stands for a group');
  return {
    logical,
    output,
    choices: choices.columns,
    keys: uniqueKeys(logical),
    sources: inWrittenOrder(viewSources(logical), definition, tableOf),
    root: incrementalize(logical),
    fingerprint: fingerprintOf(logical),
    explained: explainPlan(logical),
  };
}

/** The sources in the order of {@link Definition.tables}. */
function inWrittenOrder(
  sources: readonly ViewSource[],
  { tables }: Definition,
  tableOf: TableLookup,
): readonly ViewSource[] {
  const written = tables.map(({ database, table }) => tableOf(database, table)?.id);
  const placeOf = ({ table }: ViewSource): number => {
    const place = written.indexOf(table.id);
    return place < 0 ? written.length : place;
  };
  return [...sources].sort((a, b) => placeOf(a) - placeOf(b));
}

/**
 * What a definition says, before anything is rewritten.
 *
 * @param commonTables - relations that it can name as if a WITH clause had made them, by name in lower case.
 * @throws NotSupportedError — as {@link planView}.
 */
export function bindDefinition(
  { text, query }: Definition,
  tableOf: TableLookup,
  pinned: PlanSettings,
  commonTables: ReadonlyMap<string, BoundQuery> = new Map(),
): BoundQuery {
  const isNew = isNewCollation(query, tableOf);
  return BINDER.query(query, {
    text,
    tableOf,
    ...boundSettings(pinned, isNew),
    commonTables,
    outer: undefined,
    binder: BINDER,
  });
}

function boundSettings(
  pinned: PlanSettings,
  isNew: boolean,
): Pick<QueryContext, 'comparison' | 'divPrecisionIncrement'> {
  const { timeZone, divPrecisionIncrement, sqlMode, collation } = { ...DEFAULTS, ...pinned };
  return {
    comparison: {
      offsetMinutes: fixedOffsetMinutes(timeZone),
      isNewCollation: isNew,
      settings: { divPrecisionIncrement, sqlMode, collation },
    },
    divPrecisionIncrement,
  };
}

/** The cluster's setting, which every table knows. */
function isNewCollation(query: Query, tableOf: TableLookup): boolean {
  const [first] = tablesIn(query).map(({ database, table }) => tableOf(database, table));
  return first?.isNewCollation ?? true;
}
