/**
 * Runs a plan over ranges of one region: a table scan, conditions, some of the columns. Ends after a page of rows;
 * what it has looked at until then is a piece of bounded size, also if the conditions hold nowhere.
 *
 * @see tikv/tikv components/tidb_query_executors/src/runner.rs
 */
import { present } from '../../../base/assert.js';
import { ByteWriter } from '../../../base/byte-writer.js';
import { type KeyString, equalBytes, keyBytes, nextKey, prefixEnd } from '../../../base/bytes.js';
import { limits } from '../../../base/limits.js';
import { ByteSlice } from '../../../codec/byte-slice.js';
import { cellAt } from '../../../codec/cell.js';
import { collationOf } from '../../../codec/collation.js';
import type { Column } from '../../../codec/column.js';
import type { FieldType } from '../../../codec/field-type.js';
import { writeComparable, writeCompact } from '../../../codec/flagged-datum.js';
import { RowDecoder } from '../../../codec/row-decoder.js';
import { type CopRange, type DagRequest, ExecType } from '../../../tikv/coprocessor/cop-types.js';
import type { MvccStore } from '../mvcc/mvcc-store.js';
import { type Reading, readKey } from '../mvcc/reads.js';
import type { Lock } from '../mvcc/records.js';
import { type StoreRegion, lesserBound, rawKey } from '../regions/store-region.js';
import { PlanError, notServed } from './plan-error.js';
import { type Predicate, compilePredicate } from './predicate.js';
import { type ScannedTable, scannedTable } from './table-scan.js';

/** What came of it. */
export type DagOutcome =
  /** `doneUpTo`: where to go on; undefined: all ranges are done. */
  | { readonly kind: 'rows'; readonly data: Uint8Array; readonly doneUpTo: Uint8Array | undefined }
  | { readonly kind: 'locked'; readonly key: KeyString; readonly lock: Lock };

/** Where to read. */
export interface DagScope {
  readonly store: MvccStore;
  readonly region: StoreRegion;
  readonly reading: Reading;
}

/** A compiled plan. */
export class DagRun {
  readonly #table: ScannedTable;
  readonly #conditions: readonly Predicate[];
  readonly #output: readonly { readonly at: number; readonly type: FieldType }[];
  readonly #decoder: RowDecoder;
  readonly #out = new ByteWriter();
  #rows = 0;
  #waiting = 0;

  /** @throws PlanError — it is not served. */
  constructor(dag: DagRequest) {
    const [scan, selection, more] = dag.executors;
    const table = scan?.tp === ExecType.tableScan ? scan.tblScan : undefined;
    const isServed = (selection?.tp ?? ExecType.selection) === ExecType.selection && more === undefined;
    // Kinds that our proto does not know come without their content.
    if (!table || !isServed) {
      throw new PlanError('the embedded coprocessor serves conditions on a table scan only');
    }
    this.#table = scannedTable(table);
    const { types } = this.#table;
    this.#conditions = (selection?.selection?.conditions ?? []).map((one) => compilePredicate(one, types));
    this.#output = dag.outputOffsets.map((at) => ({ at, type: types[at] ?? notServed(`column ${at}`) }));
    this.#decoder = new RowDecoder(this.#table.layout, this.#table.columnIds);
  }

  /**
   * Scans.
   *
   * @param pageRows - rows after which it may stop; Infinity: it must not.
   */
  run(ranges: readonly CopRange[], pageRows: number, scope: DagScope): DagOutcome {
    const keysMax = pageRows === Infinity ? Infinity : Math.max(pageRows, limits.scanPageRows);
    let keys = 0;
    for (const range of ranges) {
      for (const key of this.#keysIn(range, scope)) {
        const found = readKey(scope.store, key, scope.reading);
        if (found.kind === 'locked') return { kind: 'locked', key, lock: found.lock };
        if (found.kind === 'value') this.#add(key, found.value, pageRows);
        if (this.#rows >= pageRows || ++keys >= keysMax) {
          this.#flush();
          return { kind: 'rows', data: this.#out.take(), doneUpTo: nextKey(keyBytes(key)) };
        }
      }
    }
    this.#flush();
    return { kind: 'rows', data: this.#out.take(), doneUpTo: undefined };
  }

  #keysIn({ start, end }: CopRange, { store, region }: DagScope): Iterable<KeyString> {
    const isPoint = this.#table.takesPoints && equalBytes(prefixEnd(start), end);
    if (isPoint) return [rawKey(start)];
    return store.keysIn(rawKey(start), lesserBound(rawKey(end), region.end));
  }

  /** Rows are decoded as they come, and tested as soon as they could fill the page. */
  #add(key: KeyString, value: Uint8Array, pageRows: number): void {
    this.#decoder.append(new ByteSlice(keyBytes(key)), new ByteSlice(value));
    this.#waiting++;
    if (this.#rows + this.#waiting >= pageRows || this.#waiting >= limits.scanFirstPageRows) this.#flush();
  }

  #flush(): void {
    const columns = this.#decoder.finish();
    for (let row = 0; row < this.#waiting; row++) {
      if (!this.#conditions.every((holds) => holds(columns, row) === true)) continue;
      this.#rows++;
      for (const { at, type } of this.#output) this.#write(columns, row, at, type);
    }
    this.#waiting = 0;
  }

  /** In the form in which TiKV has values: integers in eight bytes (TRUTH §10). */
  #write(columns: readonly Column[], row: number, at: number, type: FieldType): void {
    const datum = cellAt(present(columns[at], `no column ${at}`), row, type);
    if (typeof datum === 'bigint') writeComparable(this.#out, datum, type, UNUSED_COLLATION);
    else writeCompact(this.#out, datum, type);
  }
}

/** Integers have none. */
const UNUSED_COLLATION = collationOf('binary', true);
