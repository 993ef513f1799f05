/**
 * The DDL of a view's table: columns as TiDB types them, and the key by which rows are found. The key is the declared
 * one; else one that the plan proves unique and not null; else none, and rows have hidden ids.
 */
import { SqlError } from '../base/errors.js';
import type { DescribedColumn } from '../plan/describe.js';
import type { CreateView, IndexPart, TableElement } from '../sql/ast/view-statement.js';
import { printName, printString } from '../sql/parse/print-text.js';

/** TiDB's bound on the bytes of a key (`max-index-length`). */
const KEY_BYTES_MAX = 3072;
const BYTES_PER_CHARACTER = 4;
/** Longest VARCHAR that a table can have in utf8mb4. */
const VARCHAR_MAX = 16_383;

/** What decides a view's table. */
export interface TableDesign {
  readonly columns: readonly DescribedColumn[];
  readonly statement: Pick<CreateView, 'elements' | 'comment' | 'shardRowIdBits' | 'preSplitRegions'>;
  /** Sets of columns, by position, proven unique and not null; the best first. */
  readonly keys: readonly (readonly number[])[];
}

/**
 * The text of CREATE TABLE, from the parenthesis on.
 *
 * @throws SqlError 1072 — a key names a column that is not there; 1068 — two primary keys.
 */
export function tableDdl({ columns, statement, keys }: TableDesign): string {
  const declared = statement.elements.filter((element) => element.kind === 'primaryKey');
  if (declared.length > 1) throw new SqlError(1068, '42000', 'Multiple primary key defined');
  const [primary] = declared;
  const key =
    primary === undefined ? derivedKey(columns, keys) : primary.parts.map((part) => placeOf(part, columns));
  const lines = columns.map((column, place) => columnDdl(column, key?.includes(place) ?? false));
  if (primary !== undefined) lines.push(`PRIMARY KEY (${primary.parts.map(partDdl).join(', ')}) CLUSTERED`);
  else if (key !== undefined)
    lines.push(`PRIMARY KEY (${key.map((place) => nameAt(columns, place)).join(', ')}) CLUSTERED`);
  for (const element of statement.elements) {
    const line = indexDdl(element, columns);
    if (line !== undefined) lines.push(line);
  }
  return `(${lines.join(', ')})${optionsDdl(statement, key === undefined)}`;
}

function columnDdl({ name, type, collation, isNotNull }: DescribedColumn, isKey: boolean): string {
  const text = type.replace(/^varchar\((\d+)\)$/i, (whole, length: string) =>
    Number(length) > VARCHAR_MAX ? 'longtext' : whole,
  );
  const charset =
    collation === undefined ? '' : ` CHARACTER SET ${collation.split('_')[0]} COLLATE ${collation}`;
  return `${printName(name)} ${text}${charset} ${isNotNull || isKey ? 'NOT NULL' : 'NULL'}`;
}

function indexDdl(element: TableElement, columns: readonly DescribedColumn[]): string | undefined {
  if (element.kind !== 'index') return undefined;
  for (const part of element.parts) placeOf(part, columns);
  const name = element.name === undefined ? '' : ` ${printName(element.name)}`;
  return `${element.isUnique ? 'UNIQUE ' : ''}KEY${name} (${element.parts.map(partDdl).join(', ')})`;
}

function partDdl({ column, length, isDescending }: IndexPart): string {
  const prefix = length === undefined ? '' : `(${length})`;
  return `${printName(column)}${prefix}${isDescending ? ' DESC' : ''}`;
}

function optionsDdl(statement: TableDesign['statement'], hasRowIds: boolean): string {
  const { comment, shardRowIdBits, preSplitRegions } = statement;
  const options: string[] = [];
  if (comment !== undefined) options.push(`COMMENT = ${printString(comment)}`);
  // Only tables with hidden row ids have shards; ours are hashes, spread as they are.
  if (hasRowIds && shardRowIdBits !== undefined) options.push(`SHARD_ROW_ID_BITS = ${shardRowIdBits}`);
  if (hasRowIds && preSplitRegions !== undefined) options.push(`PRE_SPLIT_REGIONS = ${preSplitRegions}`);
  return options.length === 0 ? '' : ` ${options.join(' ')}`;
}

/** The first proven key that an index can hold. */
function derivedKey(
  columns: readonly DescribedColumn[],
  keys: readonly (readonly number[])[],
): readonly number[] | undefined {
  return keys.find((key) => {
    const bytes = key.map((place) => keyBytes(columns[place]?.type ?? ''));
    return (
      bytes.every((one) => one !== undefined) && bytes.reduce((sum, one) => sum + one, 0) <= KEY_BYTES_MAX
    );
  });
}

/** Most bytes of a value in a key; undefined: it cannot be in one without a prefix length. */
function keyBytes(type: string): number | undefined {
  if (/^(?:tiny|medium|long)?(?:text|blob)|^json|^vector/i.test(type)) return undefined;
  const characters = /^(?:var)?char\((\d+)\)/i.exec(type)?.[1];
  if (characters !== undefined) return Number(characters) * BYTES_PER_CHARACTER;
  const bytes = /^(?:var)?binary\((\d+)\)/i.exec(type)?.[1];
  return bytes === undefined ? 40 : Number(bytes);
}

function placeOf(part: IndexPart, columns: readonly DescribedColumn[]): number {
  const place = columns.findIndex(({ name }) => name.toLowerCase() === part.column.toLowerCase());
  if (place < 0) throw new SqlError(1072, '42000', `Key column '${part.column}' doesn't exist in table`);
  return place;
}

function nameAt(columns: readonly DescribedColumn[], place: number): string {
  return printName(columns[place]?.name ?? '');
}
