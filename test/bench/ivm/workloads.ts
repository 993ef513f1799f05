/** The four workloads: their tables, and their views as TiDB's canonical SQL, planned as any view is. */
import { FieldFlag } from '../../../src/codec/field-type.js';
import type { NodeSpec } from '../../../src/dataflow/view-spec.js';
import { planView, readDefinition } from '../../../src/plan/plan-view.js';
import { notNull, testTable, text, typeOf } from '../../unit/plan/table.js';

/** A workload: tables with the kinds of their columns ('i' BIGINT, 's' VARCHAR), in the order of the file. */
interface Workload {
  readonly tables: Readonly<Record<string, Readonly<Record<string, 'i' | 's'>>>>;
  /** Every word in braces is a name. */
  readonly view: string;
}

const WORKLOADS: Readonly<Record<string, Workload>> = {
  // Contents with what happened to them.
  w1: {
    tables: {
      contents: { id: 'i', author: 's', title: 's' },
      votes: { id: 'i', content_id: 'i', delta: 'i' },
      comments: { id: 'i', content_id: 'i' },
    },
    view: `SELECT {c}.{id} AS {id},{c}.{author} AS {author},{c}.{title} AS {title},IFNULL({e}.{v}, 0) AS {votes},\
IFNULL({e}.{s}, 0) AS {score},IFNULL({e}.{m}, 0) AS {comments} FROM ({d}.{contents} AS {c}) LEFT JOIN (SELECT {content_id} \
AS {content_id},SUM({v}) AS {v},SUM({s}) AS {s},SUM({m}) AS {m} FROM (SELECT {content_id} AS {content_id},1 AS {v},{delta} AS \
{s},0 AS {m} FROM {d}.{votes} UNION ALL SELECT {content_id} AS {content_id},0 AS {v},0 AS {s},1 AS {m} FROM \
{d}.{comments}) AS {u} GROUP BY {content_id}) AS {e} ON {c}.{id}={e}.{content_id}`,
  },
  // Authors with the number of their posts.
  w2: {
    tables: { authors: { id: 'i', name: 's' }, posts: { id: 'i', author_id: 'i', title: 's' } },
    view: `SELECT {id} AS {id},{name} AS {name},(SELECT COUNT(1) AS {c} FROM {d}.{posts} WHERE \
{posts}.{author_id}={authors}.{id}) AS {n} FROM {d}.{authors}`,
  },
  // Revenue of the orders of a segment.
  w3: {
    tables: {
      customers: { id: 'i', segment: 's', name: 's' },
      orders: { id: 'i', customer: 'i', day: 'i', priority: 'i' },
      lineitems: { order_id: 'i', no: 'i', price: 'i', discount: 'i', shipped: 'i' },
    },
    view: `SELECT {o}.{id} AS {id},{o}.{day} AS {day},{o}.{priority} AS {priority},SUM({l}.{price}*(100-{l}.{discount})) AS \
{revenue} FROM (({d}.{orders} AS {o}) JOIN {d}.{customers} AS {c}) JOIN {d}.{lineitems} AS {l} WHERE \
{o}.{customer}={c}.{id} AND {l}.{order_id}={o}.{id} AND {c}.{segment}='BUILDING' AND {o}.{day}<9200 AND {l}.{shipped}>9200 \
GROUP BY {o}.{id},{o}.{day},{o}.{priority}`,
  },
  // Least, greatest and number of distinct values by group.
  w4: {
    tables: { t: { id: 'i', grp: 'i', val: 'i', tag: 'i' } },
    view: `SELECT {grp} AS {grp},MIN({val}) AS {low},MAX({val}) AS {high},COUNT(DISTINCT {tag}) AS {tags} FROM {d}.{t} \
GROUP BY {grp}`,
  },
};

/** A workload's view, planned. */
export interface PlannedWorkload {
  /** For each table, in the order of the file, the kinds of its columns. */
  readonly schemas: readonly string[];
  /** Table n of the file has id n + 1, and column n of a table too. */
  readonly root: NodeSpec;
  readonly hasKey: boolean;
}

/** Plans a workload by name. */
export function plannedWorkload(name: string): PlannedWorkload {
  const { tables, view } = WORKLOADS[name]!;
  const id = notNull(typeOf('longlong', { flag: FieldFlag.primaryKey }));
  const versions = new Map(
    Object.entries(tables).map(([table, columns], n) => {
      const made = Object.entries(columns).map(([column, kind]) => {
        if (column === 'id') return { name: column, type: id };
        return { name: column, type: notNull(kind === 'i' ? typeOf('longlong') : text()) };
      });
      const indexes = 'id' in columns ? [{ columns: ['id'], isUnique: true, isPrimary: true }] : [];
      return [table, testTable(made, indexes, { id: n + 1 })] as const;
    }),
  );
  const definition = readDefinition(view.replaceAll(/[{](\w+)[}]/g, '`$1`'));
  const plan = planView(definition, (_, table) => versions.get(table), { timeZone: '+00:00' });
  const schemas = Object.values(tables).map((columns) => Object.values(columns).join(''));
  return { schemas, root: plan.root, hasKey: plan.keys.length > 0 };
}
