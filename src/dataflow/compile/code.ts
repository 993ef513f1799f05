/**
 * The text of a function over the rows of a delta, while it is being written: which columns it reads, what it is given
 * besides, what it computes for each row before the test.
 *
 * Names in the text: `i` is the row; for column k `l{k}`/`h{k}` are halves, `v{k}` doubles, `d{k}`/`o{k}` bytes and
 * offsets, `n{k}` NULL bits, `c{k}` the whole column; `a{j}` are arguments, `x{j}` results of the row.
 */
import { assert } from '../../base/assert.js';
import type { Column } from '../../codec/column.js';
import { type FieldType, type StorageKind, storageOf } from '../../codec/field-type.js';

/** A function's text in the making. */
export class Code {
  readonly #columns = new Map<number, FieldType>();
  readonly #constants: unknown[] = [];
  readonly #statements: string[] = [];
  readonly #resultOf = new Map<object, string>();
  #results = 0;

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
   * The name of the result that stands for `what`, made by `make` when first asked for. Without this, tests nested in
   * tests would double the text at each level.
   */
  resultOf(what: object, make: () => string): string {
    const known = this.#resultOf.get(what);
    if (known !== undefined) return known;
    const name = make();
    this.#resultOf.set(what, name);
    return name;
  }

  /** Computes something for each row before the test; the name of the result. */
  result(expression: string): string {
    const name = `x${this.#results++}`;
    this.#statements.push(`const ${name} = ${expression};`);
    return name;
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
