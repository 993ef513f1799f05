/** The base tables of a plan: a table that it reads more than once is one source, with the columns of all readings. */
import { present, unreachable } from '../base/assert.js';
import type { TableVersion } from '../catalog/table-version.js';
import type { TableId } from '../codec/table-keys.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { Condition } from '../tikv/coprocessor/condition.js';
import { conjuncts } from './conjunction.js';
import type { LogicalPlan, ScanPlan } from './logical-plan.js';
import { mapColumns } from '../dataflow/expression-columns.js';
import { scanConditions } from './scan-conditions.js';
import { stableText } from './stable-text.js';

/** A base table as one view uses it. */
export interface ViewSource {
  readonly table: TableVersion;
  /** Columns that the view reads: changes to others do not concern it. In the table's order. */
  readonly columnIds: readonly number[];
  /** What TiKV can test while it is scanned, of every reading; columns by their place in `columnIds`. */
  readonly conditions: readonly Condition[];
}

/** One reading of a table, and the tests right above it. */
interface Reading {
  readonly scan: ScanPlan;
  readonly tests: readonly RowExpression[];
}

/** The sources of a pruned plan, in the order in which it first reads them. */
export function viewSources(plan: LogicalPlan): readonly ViewSource[] {
  const byTable = new Map<TableId, Reading[]>();
  for (const reading of readingsIn(plan, [])) {
    const { id } = reading.scan.table;
    byTable.set(id, [...(byTable.get(id) ?? []), reading]);
  }
  return [...byTable.values()].map(sourceOf);
}

function readingsIn(plan: LogicalPlan, tests: readonly RowExpression[]): readonly Reading[] {
  switch (plan.kind) {
    case 'scan':
      return [{ scan: plan, tests }];
    case 'filter':
      return readingsIn(plan.input, [...tests, ...conjuncts(plan.predicate)]);
    // A filter above anything else speaks of other columns.
    case 'project':
    case 'aggregate':
      return readingsIn(plan.input, []);
    case 'join':
      return [...readingsIn(plan.left, []), ...readingsIn(plan.right, [])];
    case 'unionAll':
      return plan.inputs.flatMap((input) => readingsIn(input, []));
    default:
      return unreachable(plan);
  }
}

function sourceOf(readings: readonly Reading[]): ViewSource {
  const { table } = present(readings[0], 'a table that is not read').scan;
  const read = new Set(readings.flatMap(({ scan }) => scan.columnIds));
  const columnIds = table.columns.map(({ id }) => id).filter((id) => read.has(id));
  const [first = [], ...others] = readings.map(({ scan, tests }) =>
    scanConditions(
      tests.map((test) =>
        mapColumns(test, (column) => ({
          ...column,
          index: columnIds.indexOf(present(scan.columnIds[column.index], `no column ${column.index}`)),
        })),
      ),
    ),
  );
  const texts = others.map((conditions) => new Set(conditions.map(stableText)));
  const conditions = first.filter((condition) => texts.every((own) => own.has(stableText(condition))));
  return { table, columnIds, conditions };
}
