/**
 * Rows of the traces as SQL shows them. Only the schema that most traces share is understood: `id` int, clustered
 * primary key; `v` text; `n` int. The others need the row codec (src/codec): {@link sqlRowOf} is where to plug it in,
 * and until then traces.test.ts compares them by key and count.
 */
import type { Trace } from './golden-trace.js';

/** A row as in a snapshot of a trace. */
export type SqlRow = Readonly<Record<string, string | null>>;

/** Whether {@link sqlRowOf} understands a trace's table. */
export function isSimpleTable(trace: Trace): boolean {
  return /`id` int NOT NULL,\s+`v` text DEFAULT NULL,\s+`n` int DEFAULT NULL,\s+PRIMARY KEY \(`id`\)/.test(
    trace.table.create ?? '',
  );
}

/** A stored row of a simple table, as SELECT shows it. */
export function sqlRowOf(key: string, value: string): SqlRow {
  const handle = BigInt.asIntN(64, BigInt(`0x${key.slice(-16)}`) ^ (1n << 63n));
  const columns = columnsOf(Buffer.from(value, 'hex'));
  const [v, n] = [columns.get(2), columns.get(3)];
  return {
    id: handle.toString(),
    v: v === undefined ? null : `hex:${v.toString('hex')}`,
    n: n === undefined ? null : n.readIntLE(0, n.length).toString(),
  };
}

/** Not-null columns of a row in format v2, by id. */
export function columnsOf(row: Buffer): Map<number, Buffer> {
  if (row[0] !== 0x80) throw new Error(`row format ${String(row[0])}`);
  const isLarge = (row[1]! & 1) === 1;
  const [idBytes, offsetBytes] = isLarge ? [4, 4] : [1, 2];
  const [count, nulls] = [row.readUInt16LE(2), row.readUInt16LE(4)];
  const offsetsAt = 6 + (count + nulls) * idBytes;
  const dataAt = offsetsAt + count * offsetBytes;
  const columns = new Map<number, Buffer>();
  let from = 0;
  for (let i = 0; i < count; i++) {
    const to = row.readUIntLE(offsetsAt + i * offsetBytes, offsetBytes);
    columns.set(row.readUIntLE(6 + i * idBytes, idBytes), row.subarray(dataAt + from, dataAt + to));
    from = to;
  }
  return columns;
}
