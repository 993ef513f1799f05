import { expect } from 'chai';
import fc from 'fast-check';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { RowEncoder } from '../../../src/catalog/row-encoder.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { appendDatum, cellAt, sameDatum } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { writeCompact } from '../../../src/codec/flagged-datum.js';
import { decodeIndexEntry } from '../../../src/codec/index-entry.js';
import { MutationBatch } from '../../../src/codec/mutation-batch.js';
import { decodeTableKey } from '../../../src/codec/table-keys.js';
import { writeVarint } from '../../../src/codec/varint.js';
import { asPrimaryKey } from '../../unit/codec/support/field-types.js';
import { columnJson, indexJson, tableJson, tableVersion } from '../../unit/catalog/support/table-json.js';
import { TYPES, type TypedValues } from './support/arbitraries.js';

interface TableCase {
  readonly types: readonly TypedValues[];
  /** Columns of a clustered key; none: row ids. */
  readonly key: readonly number[];
  readonly indexed: readonly number[];
  readonly isUnique: boolean;
  readonly isNewCollation: boolean;
  readonly isWide: boolean;
  readonly rows: readonly (readonly Datum[])[];
}

const tables: fc.Arbitrary<TableCase> = fc
  .array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 })
  .chain((types) => {
    const keyable = types.flatMap(({ isKey }, i) => (isKey ? [i] : []));
    const values = types.map((of) => fc.option(of.values));
    return fc.record({
      types: fc.constant(types),
      key: fc.shuffledSubarray(keyable, { maxLength: Math.min(3, keyable.length) }),
      indexed: fc.shuffledSubarray(keyable, { maxLength: Math.min(3, keyable.length) }),
      isUnique: fc.boolean(),
      isNewCollation: fc.boolean(),
      isWide: fc.boolean(),
      rows: fc.array(fc.tuple(...values), { minLength: 1, maxLength: 5 }),
    });
  });

/** Ids are from 1 on, or beyond 255, where rows take their wide form. */
function idOf(table: TableCase, i: number): number {
  return table.isWide ? 300 + i : 1 + i;
}

function versionOf(table: TableCase): TableVersion {
  const columns = table.types.map(({ type }, i) =>
    columnJson(i, `c${i}`, table.key.includes(i) ? asPrimaryKey(type) : type, { id: idOf(table, i) }),
  );
  const isClustered = table.key.length > 0;
  const primary = indexJson(1, 'PRIMARY', table.key, { is_primary: true, is_unique: true });
  const index = indexJson(2, 'i', table.indexed, { is_unique: table.isUnique });
  return tableVersion(
    tableJson(columns, {
      is_common_handle: isClustered,
      common_handle_version: 1,
      index_info: [...(isClustered ? [primary] : []), ...(table.indexed.length > 0 ? [index] : [])],
    }),
    table.isNewCollation,
  );
}

/** Rows whose key columns are not NULL. */
function validRows(table: TableCase): (readonly Datum[])[] {
  return table.rows.filter((row) => table.key.every((i) => row[i] !== null));
}

interface Encoded {
  readonly version: TableVersion;
  readonly batch: MutationBatch;
  readonly rows: readonly (readonly Datum[])[];
}

function encode(table: TableCase): Encoded {
  const version = versionOf(table);
  const rows = validRows(table);
  const ids = table.types.map((_, i) => idOf(table, i));
  const builders = table.types.map(({ type }) => columnBuilderOf(type));
  for (const row of rows) builders.forEach((builder, i) => appendDatum(builder, row[i] ?? null));
  const columns = builders.map((builder) => builder.finish());
  const rowIds = columnBuilderOf(TYPES[2]?.type ?? fail());
  rows.forEach((_, i) => appendDatum(rowIds, BigInt(i) - 2n));
  const isRowId = version.handle.kind === 'rowid';
  const encoder = new RowEncoder(version, isRowId ? [...ids, -1] : ids);
  const batch = new MutationBatch();
  rows.forEach((_, row) => encoder.put(isRowId ? [...columns, rowIds.view()] : columns, row, batch));
  return { version, batch, rows };
}

function fail(): never {
  throw new Error('no such type');
}

function expectRow(actual: readonly Datum[], expected: readonly Datum[]): void {
  expect(actual.length).to.equal(expected.length);
  actual.forEach((datum, i) => expect(sameDatum(datum, expected[i] ?? null), `column ${i}`).to.equal(true));
}

describe('rows', () => {
  it('read back what was encoded, whatever the key, the types and the collations', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const { version, batch, rows } = encode(table);
        const decoder = version.rowDecoder(table.types.map((_, i) => idOf(table, i)));
        for (let i = 0; i < batch.count; i++) {
          if (decodeTableKey(batch.keyAt(i)).kind === 'record') {
            decoder.append(new ByteSlice(batch.keyAt(i)), new ByteSlice(batch.valueAt(i)));
          }
        }
        expect(decoder.rows).to.equal(rows.length);
        const columns = decoder.finish();
        rows.forEach((row, r) => {
          const read = columns.map((column, i) => cellAt(column, r, table.types[i]?.type ?? fail()));
          expectRow(read, row);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('have index entries that give back the values and the handle', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const { batch, rows } = encode(table);
        const handles: Uint8Array[] = [];
        let entry = 0;
        for (let i = 0; i < batch.count; i++) {
          const parsed = decodeTableKey(batch.keyAt(i));
          if (parsed.kind === 'record') {
            handles.push(parsed.handle);
            continue;
          }
          const columns = table.indexed.map((c) => ({
            id: idOf(table, c),
            type: table.types[c]?.type ?? fail(),
            prefixLength: -1,
          }));
          const layout = {
            columns,
            isCommonHandle: table.key.length > 0,
            isNewCollation: table.isNewCollation,
          };
          const decoded = decodeIndexEntry(batch.keyAt(i), batch.valueAt(i), layout);
          expectRow(
            decoded.values,
            table.indexed.map((c) => rows[entry]?.[c] ?? null),
          );
          expect(Buffer.compare(decoded.handle, handles[entry] ?? fail())).to.equal(0);
          entry++;
        }
        expect(entry).to.equal(table.indexed.length > 0 ? rows.length : 0);
      }),
      { numRuns: 300 },
    );
  });

  it('are called the same only if their wanted columns are', () => {
    fc.assert(
      fc.property(tables, fc.nat(), (table, pick) => {
        const { version, batch, rows } = encode({ ...table, key: [], indexed: [] });
        fc.pre(rows.length >= 2);
        const wanted = pick % table.types.length;
        const type = table.types[wanted]?.type ?? fail();
        const decoder = version.rowDecoder([idOf(table, wanted)]);
        const [a, b] = [new ByteSlice(batch.valueAt(0)), new ByteSlice(batch.valueAt(1))];
        const isSame = decoder.sameWanted(a, b);
        decoder.append(new ByteSlice(batch.keyAt(0)), a);
        decoder.append(new ByteSlice(batch.keyAt(0)), b);
        const [column] = decoder.view();
        const isEqual = sameDatum(cellAt(column ?? fail(), 0, type), cellAt(column ?? fail(), 1, type));
        expect(isSame).to.equal(isEqual);
      }),
      { numRuns: 300 },
    );
  });

  it('in format v1 read as in format v2', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const plain = { ...table, key: [], indexed: [] };
        const { version, batch, rows } = encode(plain);
        const decoder = version.rowDecoder(table.types.map((_, i) => idOf(table, i)));
        rows.forEach((row, r) => {
          const out = new ByteWriter();
          row.forEach((datum, i) => {
            writeVarint(out.u8(8), BigInt(idOf(table, i)));
            writeCompact(out, datum, table.types[i]?.type ?? fail());
          });
          decoder.append(new ByteSlice(batch.keyAt(r)), new ByteSlice(out.take()));
          const read = decoder.view().map((column, i) => cellAt(column, r, table.types[i]?.type ?? fail()));
          expectRow(read, row);
        });
      }),
    );
  });
});
