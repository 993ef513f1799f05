/** UNION ALL: relations one behind the other, their columns of common types. */
import { FieldFlag, type FieldType, MysqlType, hasFlag, isUnsigned } from '../codec/field-type.js';
import type { RowExpression } from '../dataflow/expression.js';
import type { Span } from '../sql/ast/span.js';
import { refuse } from './bind-context.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, nullable, projected } from './plan-columns.js';
import type { BoundQuery, QueryContext } from './query-context.js';
import { NULL_CONSTANT } from './typing/literal.js';
import { typeName, valueClassOf } from './typing/value-class.js';

/**
 * The rows of several queries; names are those of the first.
 *
 * @param node - what to quote when they do not go together.
 * @see pingcap/tidb pkg/planner/core/logical_plan_builder.go (unionJoinFieldType)
 */
export function unionAll(
  inputs: readonly BoundQuery[],
  node: { readonly span: Span },
  context: QueryContext,
): BoundQuery {
  const all = inputs.map(({ plan }) => columnTypes(plan));
  const [names = []] = inputs.map(({ output }) => output);
  const output = names.map(({ name }, i) => {
    const own = all.flatMap((types) => types[i] ?? []);
    const type = commonType(own);
    if (type === undefined) {
      const listed = [...new Set(own.map(typeName))].join(' and ');
      throw refuse(
        context.text,
        node,
        `column ${name} of the union is of the types ${listed}, not supported yet`,
      );
    }
    return { name, type };
  });
  const plan: LogicalPlan = {
    kind: 'unionAll',
    inputs: inputs.map((input) =>
      retyped(
        input.plan,
        output.map(({ type }) => type),
      ),
    ),
  };
  return { plan, output };
}

/** The relation with its columns of other types that hold the same values in the same form. */
function retyped(plan: LogicalPlan, types: readonly FieldType[]): LogicalPlan {
  const own = columnTypes(plan);
  const items = columnsOf(own).map((column, i): RowExpression => {
    const type = types[i] ?? column.type;
    return column.type.tp === MysqlType.null ? { ...NULL_CONSTANT, type } : column;
  });
  return projected(plan, items);
}

/** The type that all values have without a conversion; undefined: there is none. */
function commonType(types: readonly FieldType[]): FieldType | undefined {
  const known = types.filter(({ tp }) => tp !== MysqlType.null);
  const [first, ...rest] = known;
  if (first === undefined) return types[0];
  const isNotNull = types.every((type) => hasFlag(type, FieldFlag.notNull));
  const widest = rest.reduce((type, other) => wider(type, other), first);
  const isSame = rest.every((type) => isSameForm(type, first));
  return isSame ? (isNotNull ? widest : nullable(widest)) : undefined;
}

function wider(a: FieldType, b: FieldType): FieldType {
  const type = a.flen >= b.flen ? a : b;
  if (valueClassOf(a) === 'integer' && a.tp !== b.tp) return { ...type, tp: MysqlType.longlong };
  return valueClassOf(a) === 'real' && a.tp !== b.tp ? { ...type, tp: MysqlType.double } : type;
}

function isSameForm(a: FieldType, b: FieldType): boolean {
  const valueClass = valueClassOf(a);
  if (valueClass !== valueClassOf(b)) return false;
  switch (valueClass) {
    case 'integer':
      return isUnsigned(a) === isUnsigned(b);
    case 'real':
      return true;
    case 'decimal':
      return a.decimal === b.decimal;
    case 'string':
      return a.charset === b.charset && a.collate === b.collate;
    case 'opaque':
      // TiDB makes strings of ENUM and SET values, even of one and the same type.
      return a.tp === b.tp && a.tp === MysqlType.json;
    default:
      return a.tp === b.tp && a.decimal === b.decimal;
  }
}
