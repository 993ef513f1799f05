/**
 * Finds the tables in FROM, UPDATE and USING clauses, with their aliases. One pass over the tokens with a stack of
 * parentheses, no recursion: it follows only where a table may stand, not what expressions mean.
 *
 * @see pingcap/tidb pkg/parser/parser.y (TableRefs, TableFactor)
 */
import type { Keyword } from './keyword.js';
import type { TokenCursor } from './token-cursor.js';

/** A table where a table may stand. */
export interface TableReference {
  readonly database: string | undefined;
  readonly table: string;
  /** Folded; undefined: known by its own name. */
  readonly alias: string | undefined;
  /** Whether it stands inside a SELECT, and not in the statement's own list of tables. */
  readonly isInQuery: boolean;
}

/** Words that end a list of tables at their level of parentheses. */
const ENDS_LIST: ReadonlySet<Keyword> = new Set<Keyword>([
  'where',
  'set',
  'group',
  'having',
  'order',
  'limit',
  'window',
  'for',
  'lock',
  'union',
  'except',
  'intersect',
  'into',
  'values',
  'procedure',
  'fetch',
  'duplicate',
]);

/** Words that can stand where a table may, but are none. */
const OPENS_QUERY: ReadonlySet<Keyword> = new Set<Keyword>(['select', 'with', 'table', 'values', 'lateral']);

/** Words behind a table's name that are not its alias. */
const NO_ALIAS: ReadonlySet<Keyword> = new Set<Keyword>([
  ...ENDS_LIST,
  'join',
  'inner',
  'cross',
  'left',
  'right',
  'natural',
  'straight_join',
  'on',
  'using',
  'use',
  'force',
  'ignore',
  'partition',
  'tablesample',
  'as',
  'select',
  'with',
]);

/** `[database.]table` at the cursor, which moves behind it. */
export function takeTableName(
  cursor: TokenCursor,
): { database: string | undefined; table: string } | undefined {
  if (!cursor.isName()) return undefined;
  const first = cursor.foldedName();
  cursor.next();
  if (!cursor.takeSymbol('.')) return { database: undefined, table: first };
  if (!cursor.isName()) return { database: first, table: '' };
  const second = cursor.foldedName();
  cursor.next();
  return { database: first, table: second };
}

/**
 * Reads table references up to a word that `isStop` names at the outermost level, or to the end.
 *
 * @param isList - whether the cursor stands where a table may (after UPDATE, USING), or before any FROM.
 */
export function takeReferences(
  cursor: TokenCursor,
  isList: boolean,
  isStop: (keyword: Keyword) => boolean,
): readonly TableReference[] {
  const walk = new ReferenceWalk(isList);
  while (cursor.kind !== 'end') {
    const { keyword } = cursor;
    if (keyword !== undefined && walk.isOutermost && isStop(keyword)) break;
    walk.step(cursor);
  }
  return walk.references;
}

/** What is known of one level of parentheses. */
interface Level {
  /** A list of tables is open: a comma is followed by a table. */
  isList: boolean;
  isInQuery: boolean;
}

class ReferenceWalk {
  readonly references: TableReference[] = [];
  readonly #outer: Level[] = [];
  #level: Level;
  /** Whether a table may stand here. */
  #isExpected: boolean;

  constructor(isList: boolean) {
    this.#level = { isList, isInQuery: !isList };
    this.#isExpected = isList;
  }

  get isOutermost(): boolean {
    return this.#outer.length === 0;
  }

  /** Takes one token, or one table with its alias. */
  step(cursor: TokenCursor): void {
    if (
      this.#isExpected &&
      cursor.isName() &&
      (cursor.keyword === undefined || !OPENS_QUERY.has(cursor.keyword))
    ) {
      this.references.push(takeReference(cursor, this.#level.isInQuery));
      this.#isExpected = false;
      return;
    }
    if (cursor.isSymbol('(')) {
      this.#outer.push(this.#level);
      this.#level = { isList: this.#isExpected, isInQuery: this.#level.isInQuery };
    } else if (cursor.isSymbol(')')) {
      this.#level = this.#outer.pop() ?? this.#level;
      this.#isExpected = false;
    } else if (cursor.isSymbol(',')) {
      this.#isExpected = this.#level.isList;
    } else if (cursor.keyword !== undefined) {
      this.#word(cursor.keyword);
    }
    cursor.next();
  }

  #word(keyword: Keyword): void {
    if (keyword === 'from') this.#list(true);
    else if (keyword === 'join' || keyword === 'straight_join') this.#isExpected = this.#level.isList;
    else if (keyword === 'select' || keyword === 'with') {
      this.#list(false);
      this.#level.isInQuery = true;
    } else if (keyword === 'table') {
      // TABLE t is a query of its own.
      this.#list(true);
      this.#level.isInQuery ||= !this.isOutermost;
    } else if (ENDS_LIST.has(keyword)) this.#list(false);
  }

  #list(isOpen: boolean): void {
    this.#level.isList = isOpen;
    this.#isExpected = isOpen;
  }
}

function takeReference(cursor: TokenCursor, isInQuery: boolean): TableReference {
  const { database, table } = takeTableName(cursor) ?? { database: undefined, table: '' };
  if (cursor.keyword === 'partition') {
    cursor.next();
    cursor.skipGroup();
  }
  const isNamed = cursor.take('as');
  const isAlias =
    cursor.isName() && (isNamed || cursor.keyword === undefined || !NO_ALIAS.has(cursor.keyword));
  if (!isAlias) return { database, table, alias: undefined, isInQuery };
  const alias = cursor.foldedName();
  cursor.next();
  return { database, table, alias, isInQuery };
}
