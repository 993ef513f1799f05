/** What TiDB's statistics say of base tables: for people to read, nothing depends on it. */
import type { TableId } from '../codec/table-keys.js';
import type { ControlPool } from './control-pool.js';

/** Rows of tables, about; a table of which nothing is known is missing. */
export async function estimatedRowsOf(
  control: ControlPool,
  tables: readonly TableId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<TableId, number>> {
  if (tables.length === 0) return new Map();
  const rows = await control.query(
    'SELECT tidb_table_id AS id, table_rows AS n FROM information_schema.tables ' +
      `WHERE tidb_table_id IN (${tables.join()})`,
    signal,
  );
  return new Map(rows.map((row) => [Number(row['id']), Number(row['n'])]));
}
