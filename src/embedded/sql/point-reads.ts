/** Rows that a plan finds by their integer handles: reading those alone spares reading the table. */
import type { TableVersion } from '../../catalog/table-version.js';
import type { RowExpression } from '../../dataflow/expression.js';
import type { LogicalPlan } from '../../plan/logical-plan.js';

/** The handles of the rows that a plan can need of each of its tables; undefined: any. */
export function pointReads(plan: LogicalPlan): ReadonlyMap<TableVersion, readonly bigint[] | undefined> {
  const reads = new Map<TableVersion, readonly bigint[] | undefined>();
  const scan = (table: TableVersion, handles: readonly bigint[] | undefined): void => {
    const known = reads.has(table) ? reads.get(table) : [];
    reads.set(table, known === undefined || handles === undefined ? undefined : [...known, ...handles]);
  };
  const visit = (node: LogicalPlan): void => {
    switch (node.kind) {
      case 'scan':
        scan(node.table, undefined);
        return;
      case 'filter':
        if (node.input.kind === 'scan') {
          const { table, columnIds } = node.input;
          const place = table.handle.kind === 'int' ? columnIds.indexOf(table.handle.columnId) : -1;
          scan(table, handlesIn(node.predicate, place));
        } else visit(node.input);
        return;
      case 'project':
      case 'aggregate':
        visit(node.input);
        return;
      case 'join':
        visit(node.left);
        visit(node.right);
        return;
      case 'unionAll':
        node.inputs.forEach(visit);
        return;
    }
  };
  visit(plan);
  return reads;
}

/** The values that a test leaves to a column; undefined: it does not say. */
function handlesIn(test: RowExpression, place: number): readonly bigint[] | undefined {
  if (test.kind === 'and') {
    for (const operand of test.operands) {
      const found = handlesIn(operand, place);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const isHandle = (side: RowExpression): boolean => side.kind === 'column' && side.index === place;
  const values =
    test.kind === 'compare' && test.operator === '=' && isHandle(test.left)
      ? [test.right]
      : test.kind === 'in' && isHandle(test.operand)
        ? test.values
        : [];
  if (values.length === 0 || (test.kind !== 'compare' && test.kind !== 'in')) return undefined;
  if (test.domain.kind !== 'integer') return undefined;
  const handles = values.flatMap((value) =>
    value.kind === 'constant' && typeof value.value === 'bigint' ? [BigInt.asIntN(64, value.value)] : [],
  );
  return handles.length === values.length ? handles : undefined;
}
