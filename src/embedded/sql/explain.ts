/** EXPLAIN: the planner's operators, and a digest of the whole plan, which says whether two queries mean the same. */
import { createHash } from 'node:crypto';
import { utf8 } from '../../base/bytes.js';
import { explainPlan } from '../../plan/explain-plan.js';
import { stableText } from '../../plan/stable-text.js';
import type { Query } from '../../sql/ast/select.js';
import type { ResultTable } from './relation-table.js';
import { textColumn } from './system-columns.js';
import type { Work } from './work.js';

/** Explains a query. @throws SqlError — as the query itself would. */
export function explain(work: Work, query: Query): ResultTable {
  const { plan, columns } = work.describe(query);
  const lines = plan === undefined ? [] : explainPlan(plan);
  const meaning = stableText({ plan, columns, orderBy: query.orderBy.length, limit: query.limit });
  const digest = createHash('sha1').update(meaning).digest('hex');
  const rows = [
    ...lines.map(({ id, depth, operator }) => ['  '.repeat(depth) + id, '', 'root', '', operator]),
    ['meaning', '', '', '', digest],
  ];
  return {
    columns: ['id', 'estRows', 'task', 'access object', 'operator info'].map(textColumn),
    rows: rows.map((row) => row.map(utf8)),
  };
}
