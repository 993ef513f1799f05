/** Aggregate functions over the columns of a relation that is to be grouped. */
import { type ComparisonDomain, type RowExpression, typeOf, withAllDigits } from '../dataflow/expression.js';
import type { AggregateFunction, AggregateSpec } from '../dataflow/view-spec.js';
import type { Aggregate, Expression } from '../sql/ast/select.js';
import { COUNT_TYPE, aggregateType } from './aggregate-type.js';
import { refuse } from './bind-context.js';
import { bindExpression } from './bind-expression.js';
import { refuseHiddenDigits } from './hidden-digits.js';
import { type KeyDomain, exactDomain, groupingDomain, orderingDomain } from './key-domain.js';
import { isCorrelated } from './outer-column.js';
import type { Place, QueryContext } from './query-context.js';

const FUNCTIONS: ReadonlyMap<string, AggregateFunction> = new Map([
  ['COUNT', 'count'],
  ['SUM', 'sum'],
  ['AVG', 'avg'],
  ['MIN', 'min'],
  ['MAX', 'max'],
]);

/**
 * Binds an aggregate.
 *
 * @param place - of its arguments: the rows before they are grouped, to which computed arguments are added.
 * @throws NotSupportedError
 */
export function bindAggregate(node: Aggregate, place: Place, context: QueryContext): AggregateSpec {
  const name = FUNCTIONS.get(node.name);
  if (name === undefined)
    throw refuse(context.text, node, `the aggregate function ${node.name} is not supported yet`);
  const values = node.args.map((argument) => boundArgument(argument, place, context));
  const isDistinct = node.isDistinct && name !== 'min' && name !== 'max';
  const [first] = values;
  // TiDB writes COUNT(*) as COUNT(1).
  const isCountOfRows = name === 'count' && !isDistinct && values.length === 1 && isNonNull(first);
  if (isCountOfRows) return { function: name, isDistinct, operands: [], domains: [], type: COUNT_TYPE };
  const typed = aggregateType(
    name,
    first === undefined ? undefined : typeOf(first),
    context.divPrecisionIncrement,
  );
  if (typed.kind === 'refused') throw refuse(context.text, node, typed.reason);
  if (name === 'min' || name === 'max')
    values.forEach((value) => refuseHiddenDigits(value, node, context.text));
  const domains = values.map((value): ComparisonDomain => {
    const made = domainOf(name, isDistinct, value, context);
    if (made.kind === 'refused') throw refuse(context.text, node, made.reason);
    return made.domain;
  });
  const operands = values.map((value) => place.relation.columnFor(withAllDigits(value)).index);
  return { function: name, isDistinct, operands, domains, type: typed.type };
}

function boundArgument(node: Expression, place: Place, context: QueryContext): RowExpression {
  const value = bindExpression(node, place.context);
  if (isCorrelated(value)) throw refuse(context.text, node, 'an aggregate over columns of the query outside');
  return value;
}

function isNonNull(value: RowExpression | undefined): boolean {
  return value?.kind === 'constant' && value.value !== null;
}

function domainOf(
  name: AggregateFunction,
  isDistinct: boolean,
  value: RowExpression,
  { comparison }: QueryContext,
): KeyDomain {
  const type = typeOf(value);
  if (name === 'min' || name === 'max') return orderingDomain(type, comparison);
  return isDistinct ? groupingDomain(type, comparison) : { kind: 'domain', domain: exactDomain(type) };
}
