/** UNION ALL: relations one behind the other, their columns of common types. */
import { type FieldType, MysqlType } from '../codec/field-type.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { Span } from '../sql/ast/span.js';
import { refuse } from './bind-context.js';
import { refuseHiddenColumns } from './hidden-digits.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, projected } from './plan-columns.js';
import type { BoundQuery, QueryContext } from './query-context.js';
import { NULL_CONSTANT } from './typing/literal.js';
import { typeName } from './typing/value-class.js';
import { type UnionColumn, needsConversion, unionType } from './union-type.js';

/**
 * The rows of several queries; names are those of the first.
 *
 * @param node - what to quote when they do not go together.
 */
export function unionAll(
  inputs: readonly BoundQuery[],
  node: { readonly span: Span },
  context: QueryContext,
): BoundQuery {
  inputs.forEach(({ plan }) => refuseHiddenColumns(plan, node, context.text));
  const all = inputs.map(({ plan }) => unionColumns(plan));
  const [names = []] = inputs.map(({ output }) => output);
  const output = names.map(({ name }, i) => {
    const own = all.flatMap((columns) => columns[i] ?? []);
    const type = unionType(own);
    if (type === undefined) {
      const listed = [...new Set(own.map((column) => typeName(column.type)))].join(' and ');
      throw refuse(
        context.text,
        node,
        `column ${name} of the union is of the types ${listed}, not supported yet`,
      );
    }
    return { name, type };
  });
  const types = output.map(({ type }) => type);
  const plan: LogicalPlan = {
    kind: 'unionAll',
    inputs: inputs.map((input) => converted(input.plan, types)),
    types,
  };
  return { plan, output };
}

function unionColumns(plan: LogicalPlan): readonly UnionColumn[] {
  return columnTypes(plan).map((type, i) => ({
    type,
    isLiteral: plan.kind === 'project' && plan.items[i]?.kind === 'constant',
  }));
}

/** The relation with its columns of other types. */
function converted(plan: LogicalPlan, types: readonly FieldType[]): LogicalPlan {
  const items = columnsOf(columnTypes(plan)).map((column, i): RowExpression => {
    const type = types[i] ?? column.type;
    if (column.type.tp === MysqlType.null) return { ...NULL_CONSTANT, type };
    return needsConversion(column.type, type)
      ? { kind: 'cast', operand: column, type, scale: Math.max(type.decimal, 0), source: 'UNION' }
      : column;
  });
  return projected(plan, items);
}
