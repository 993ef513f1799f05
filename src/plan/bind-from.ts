/** FROM: tables, derived tables and joins as one relation whose columns have names. */
import { nullable } from '../codec/field-type.js';
import type { ColumnInfo } from '../catalog/column-info.js';
import { lowerName } from '../catalog/lower-name.js';
import { present } from '../base/assert.js';
import type { RowExpression } from '../dataflow/expression.js';
import { mapColumns } from '../dataflow/expression-columns.js';
import type { TableName } from '../sql/ast/leaf.js';
import type { DerivedTable, Join, TableExpression } from '../sql/ast/select.js';
import { type BindContext, refuse } from './bind-context.js';
import { bindTruth } from './bind-expression.js';
import { conjunction, conjuncts } from './conjunction.js';
import { equality } from './equality.js';
import { refuseHiddenColumns } from './hidden-digits.js';
import type { LogicalPlan } from './logical-plan.js';
import { columnTypes, columnsOf, projected } from './plan-columns.js';
import type { BoundQuery, QueryContext } from './query-context.js';
import { Scope, type ScopeColumn } from './scope.js';

/** A relation and the names of its columns, all of them. */
export interface NamedRelation {
  readonly plan: LogicalPlan;
  readonly columns: readonly ScopeColumn[];
}

/** Databases whose tables are not the users'. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set([
  'information_schema',
  'metrics_schema',
  'mysql',
  'performance_schema',
  'sys',
]);

/**
 * Binds what stands in FROM.
 *
 * @throws NotSupportedError — naming the piece that cannot be maintained.
 */
export function bindFrom(from: TableExpression, context: QueryContext): NamedRelation {
  switch (from.kind) {
    case 'tableName':
      return bindNamed(from, context);
    case 'derived':
      return bindDerived(from, context);
    case 'join':
      return bindJoin(from, context);
  }
}

function bindNamed(table: TableName, context: QueryContext): NamedRelation {
  return table.database === undefined ? bindCommonTable(table, context) : bindTable(table, context);
}

function bindTable(table: TableName, { text, tableOf }: QueryContext): NamedRelation {
  const refuseTable = (reason: string): Error => refuse(text, table, reason);
  const database = table.database ?? '';
  if (table.partitions.length > 0) throw refuseTable('PARTITION is not supported yet');
  if (table.sample !== undefined)
    throw refuseTable('TABLESAMPLE is not a function of the contents of the table');
  if (SYSTEM_DATABASES.has(lowerName(database))) throw refuseTable('system tables are not supported');
  const version = tableOf(database, table.name);
  if (version === undefined) throw refuseTable('there is no such table');
  if (version.info.kind !== 'table') throw refuseTable(`it is a ${version.info.kind}`);
  if (version.info.temporary !== 'none') throw refuseTable('temporary tables are not supported');
  return {
    plan: {
      kind: 'scan',
      table: version,
      name: table.alias ?? table.name,
      columnIds: version.columns.map(({ id }) => id),
    },
    columns: version.columns.map((column) => scopeColumn(column, table)),
  };
}

function scopeColumn(column: ColumnInfo, table: TableName): ScopeColumn {
  const isVirtual = column.generated?.isStored === false;
  return {
    database: table.database,
    table: table.alias ?? table.name,
    name: column.name.original,
    type: column.type,
    refusal: isVirtual ? 'virtual generated columns are not supported yet: rows do not hold them' : undefined,
  };
}

function bindCommonTable(table: TableName, { text, commonTables }: QueryContext): NamedRelation {
  const bound = commonTables.get(lowerName(table.name));
  if (bound === undefined) throw refuse(text, table, 'there is no such common table');
  return named(bound, table.alias ?? table.name);
}

function bindDerived(derived: DerivedTable, context: QueryContext): NamedRelation {
  const bound = context.binder.query(derived.query, { ...context, outer: undefined });
  refuseHiddenColumns(bound.plan, derived, context.text);
  return named(bound, derived.alias);
}

function named({ plan, output }: BoundQuery, table: string | undefined): NamedRelation {
  const types = columnTypes(plan);
  const columns = output.map(({ name }, i): ScopeColumn => {
    const type = present(types[i], `no column ${i}`);
    return { database: undefined, table, name, type, refusal: undefined };
  });
  return { plan, columns };
}

function bindJoin(join: Join, context: QueryContext): NamedRelation {
  const left = bindFrom(join.left, context);
  const right = bindFrom(join.right, context);
  const columns = [...left.columns, ...right.columns];
  const tests = [...mergedTests(join, left, right, context), ...onTests(join, columns, context)];
  const merged = mergedNames(join, left, right);
  const isNullable = (isLeft: boolean): boolean => join.type === (isLeft ? 'RIGHT' : 'LEFT');
  return {
    plan: joined(join, left.plan, right.plan, tests),
    columns: columns.map((column, i) => {
      const isLeft = i < left.columns.length;
      const type = isNullable(isLeft) ? nullable(column.type) : column.type;
      // The preserved side's column stands for both.
      const isHidden = merged.has(lowerName(column.name)) && isLeft === (join.type === 'RIGHT');
      return { ...column, type, isMerged: column.isMerged === true || isHidden };
    }),
  };
}

function joined(
  { type }: Join,
  left: LogicalPlan,
  right: LogicalPlan,
  tests: readonly RowExpression[],
): LogicalPlan {
  if (type !== 'RIGHT') {
    const kind = type === 'LEFT' ? 'left' : 'inner';
    return { kind: 'join', type: kind, left, right, on: [], residual: conjunction(tests) };
  }
  const [leftWidth, rightWidth] = [columnTypes(left).length, columnTypes(right).length];
  const mirrored = tests.map((test) =>
    mapColumns(test, (column) => ({
      ...column,
      index: column.index < leftWidth ? column.index + rightWidth : column.index - leftWidth,
    })),
  );
  const join: LogicalPlan = {
    kind: 'join',
    type: 'left',
    left: right,
    right: left,
    on: [],
    residual: conjunction(mirrored),
  };
  const types = columnTypes(join);
  return projected(join, [...columnsOf(types, rightWidth, leftWidth), ...columnsOf(types, 0, rightWidth)]);
}

function onTests(
  join: Join,
  columns: readonly ScopeColumn[],
  context: QueryContext,
): readonly RowExpression[] {
  if (join.on === undefined) return [];
  const bindContext: BindContext = {
    text: context.text,
    scope: new Scope(columns),
    comparison: context.comparison,
    resolve: (node) => {
      if (node.kind === 'scalarQuery' || node.kind === 'exists' || node.kind === 'inQuery')
        throw refuse(context.text, node, 'subqueries in ON are not supported yet');
      return undefined;
    },
  };
  return conjuncts(bindTruth(join.on, bindContext));
}

/** The names that USING and NATURAL join on, in lower case. */
function mergedNames(join: Join, left: NamedRelation, right: NamedRelation): ReadonlySet<string> {
  if (!join.isNatural) return new Set(join.using.map(lowerName));
  const names = (relation: NamedRelation): ReadonlySet<string> =>
    new Set(relation.columns.filter(({ isMerged }) => isMerged !== true).map(({ name }) => lowerName(name)));
  const ofRight = names(right);
  return new Set([...names(left)].filter((name) => ofRight.has(name)));
}

function mergedTests(
  join: Join,
  left: NamedRelation,
  right: NamedRelation,
  context: QueryContext,
): readonly RowExpression[] {
  return [...mergedNames(join, left, right)].map((name) => {
    const find = (relation: NamedRelation, from: number): RowExpression => {
      const places = relation.columns.flatMap((column, i) =>
        column.isMerged !== true && lowerName(column.name) === name ? [i] : [],
      );
      const [place, ...others] = places;
      const column = relation.columns[place ?? -1];
      if (place === undefined || column === undefined || others.length > 0)
        throw refuse(context.text, join, `the column ${name} is not one column of each side`);
      if (column.refusal !== undefined) throw refuse(context.text, join, column.refusal);
      return { kind: 'column', index: from + place, type: column.type };
    };
    return equality(find(left, 0), find(right, left.columns.length), join, context);
  });
}
