/** Which stored tables a query names, so that the catalog can be asked for them before it is planned. */
import { lowerName } from '../catalog/lower-name.js';
import type { Query } from '../sql/ast/select.js';

/** A table as canonical text names it: always with its database. */
export interface QualifiedName {
  readonly database: string;
  readonly table: string;
}

/** The tables of a canonical query, each once, in the order of their first mention; common tables are not among them. */
export function tablesIn(query: Query): readonly QualifiedName[] {
  const names = new Map<string, QualifiedName>();
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    else if (typeof node === 'object' && node !== null) {
      if ('kind' in node && node.kind === 'tableName' && 'database' in node && 'name' in node) {
        const { database, name: table } = node;
        // Without a database it is a common table expression: TiDB qualifies all others.
        if (typeof database === 'string' && typeof table === 'string') {
          const key = JSON.stringify([lowerName(database), lowerName(table)]);
          if (!names.has(key)) names.set(key, { database, table });
        }
      }
      Object.values(node).forEach(visit);
    }
  };
  visit(query);
  return [...names.values()];
}
