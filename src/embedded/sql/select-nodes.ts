/** Nodes of queries that nobody typed. */
import type { TableName } from '../../sql/ast/leaf.js';
import type { Query, Select, SelectItem, TableExpression } from '../../sql/ast/select.js';

/** A relation, as a common table is named. */
export function relationNamed(name: string, alias: string | undefined, span: Query['span']): TableName {
  return {
    kind: 'tableName',
    span,
    database: undefined,
    name,
    partitions: [],
    alias,
    indexHints: [],
    sample: undefined,
  };
}

/** `SELECT items [FROM from]` */
export function selectOf(
  items: readonly SelectItem[],
  from: TableExpression | undefined,
  span: Query['span'],
): Select {
  return {
    kind: 'select',
    span,
    options: [],
    hints: undefined,
    quantifier: undefined,
    isStraightJoin: false,
    items,
    from,
    where: undefined,
    groupBy: undefined,
    having: undefined,
    windows: [],
  };
}

/** A whole query of a select. */
export function queryOf(body: Select): Query {
  return {
    kind: 'query',
    span: body.span,
    with: undefined,
    body,
    orderBy: [],
    limit: undefined,
    lock: undefined,
  };
}
