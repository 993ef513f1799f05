/**
 * The text of a function over the rows of a delta, while it is being written: which columns it reads, what it is given
 * besides, what it computes for each row before the test.
 *
 * Names in the text: `i` is the row; for column k `l{k}`/`h{k}` are halves, `v{k}` doubles, `d{k}`/`o{k}` bytes and
 * offsets, `n{k}` NULL bits, `c{k}` the whole column; `a{j}` are arguments, `x{j}` and other letters with a number
 * are results of the row.
 *
 * What must not be computed for every row (a branch of CASE, the right side of AND) is written in a block of its own
 * ({@link Code.block}); what a block computes is known only there.
 */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import { type FieldType, type StorageKind, storageOf } from '../../codec/field-type.js';
import { Scratch } from '../kernels/scratch.js';

/** A function's text in the making. */
export class Code {
  readonly #columns = new Map<number, FieldType>();
  readonly #constants: unknown[] = [];
  #statements: string[] = [];
  #resultOf = new Map<unknown, unknown>();
  #results = 0;
  #scratch: string | undefined;

  /** Positions of the columns that are read. */
  get columns(): readonly number[] {
    return [...this.#columns.keys()];
  }

  /** Arguments that are the same in each call. */
  get constants(): readonly unknown[] {
    return this.#constants;
  }

  /** Statements that come before the test of a row. */
  get statements(): string {
    return this.#statements.join('\n');
  }

  /** Takes note that a column is read, and gives back how it is stored. */
  column(index: number, type: FieldType): StorageKind {
    this.#columns.set(index, type);
    return storageOf(type);
  }

  /** The name of an argument with this value. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value);
    if (known >= 0) return `a${known}`;
    this.#constants.push(value);
    return `a${this.#constants.length - 1}`;
  }

  /**
   * The result that stands for `what`, made by `make` when first asked for here. Without this, expressions nested in
   * expressions would double the text at each level.
   */
  resultOf<Result>(what: unknown, make: () => Result): Result {
    // A key has one maker, so what is found is what that maker made.
    const known = this.#resultOf.get(what) as Result | undefined;
    if (known !== undefined) return known;
    const made = make();
    this.#resultOf.set(what, made);
    return made;
  }

  /** Adds a statement. */
  emit(statement: string): void {
    this.#statements.push(statement);
  }

  /** The name of the memory for strings that are made; it is emptied before each row. */
  scratch(): string {
    this.#scratch ??= this.constant(new Scratch());
    return this.#scratch;
  }

  /** Statements with which every row begins. */
  get prologue(): string {
    return this.#scratch === undefined ? '' : `${this.#scratch}.at = 0;`;
  }

  /** A name that nothing else has. */
  name(letter: string): string {
    return `${letter}${this.#results++}`;
  }

  /** Computes something for each row before the test; the name of the result. */
  result(expression: string): string {
    const name = this.name('x');
    this.emit(`const ${name} = ${expression};`);
    return name;
  }

  /** The statements that `make` adds, kept apart from the others: to be put behind a condition. */
  block<Made>(make: () => Made): { readonly statements: string; readonly made: Made } {
    const statements = this.#statements;
    const known = this.#resultOf;
    this.#statements = [];
    this.#resultOf = new Map(known);
    const made = make();
    const own = this.statements;
    this.#statements = statements;
    this.#resultOf = known;
    return { statements: own, made };
  }

  /** Whether a column is NULL. */
  isNull(index: number): string {
    return `(n${index} !== undefined && ((n${index}[i >>> 5] >>> (i & 31)) & 1) === 1)`;
  }

  /** Names of the parameters, to which {@link arguments} fits. */
  get parameters(): readonly string[] {
    const ofColumns = this.columns.flatMap((k) => [
      `c${k}`,
      `n${k}`,
      `l${k}`,
      `h${k}`,
      `v${k}`,
      `d${k}`,
      `o${k}`,
    ]);
    return [...ofColumns, ...this.#constants.map((_, j) => `a${j}`)];
  }

  /** Arguments for the columns of a delta. */
  arguments(columns: readonly Column[]): readonly unknown[] {
    const ofColumns = this.columns.flatMap((k) => {
      const column = columns[k];
      const type = this.#columns.get(k);
      assert(column !== undefined && type !== undefined, `no column ${k} among ${columns.length}`);
      assert(column.kind === storageOf(type), `column ${k} holds ${column.kind}, not ${storageOf(type)}`);
      if (column.kind === 'dec') {
        assert(
          column.scale === Math.max(type.decimal, 0),
          `column ${k} has scale ${column.scale}, not ${type.decimal}`,
        );
      }
      return partsOf(column);
    });
    return [...ofColumns, ...this.#constants];
  }
}

function partsOf(column: Column): readonly unknown[] {
  const { nulls } = column;
  switch (column.kind) {
    case 'i64':
    case 'dec':
      return [column, nulls, column.lo, column.hi, undefined, undefined, undefined];
    case 'f64':
      return [column, nulls, undefined, undefined, column.values, undefined, undefined];
    case 'bytes':
      return [column, nulls, undefined, undefined, undefined, column.data, column.offsets];
  }
}
