/** Stored rows made and decoded, for tests of the row decoder. */
import { expect } from 'chai';
import { ByteWriter } from '../../../../src/base/byte-writer.js';
import { fromHex } from '../../../../src/base/bytes.js';
import { ByteSlice } from '../../../../src/codec/byte-slice.js';
import { cellAt } from '../../../../src/codec/cell.js';
import type { Datum } from '../../../../src/codec/datum.js';
import { datumText } from '../../../../src/codec/datum-text.js';
import type { FieldType } from '../../../../src/codec/field-type.js';
import { RowDecoder } from '../../../../src/codec/row-decoder.js';
import type { HandleLayout, RowLayout } from '../../../../src/codec/row-layout.js';
import { RowV2Builder } from '../../../../src/codec/row-v2-builder.js';
import { intHandle, recordKey } from '../../../../src/codec/table-keys.js';
import { fieldType } from './field-types.js';

interface TestColumn {
  readonly id: number;
  readonly type: FieldType;
  readonly originDefault: Datum | undefined;
}

/** A column of a layout, its type as SQL writes it. */
export function column(id: number, type: string, originDefault: Datum | undefined = null): TestColumn {
  return { id, type: fieldType(type), originDefault };
}

/** A layout of such columns. */
export function layoutOf(
  columns: readonly TestColumn[],
  handle: HandleLayout = { kind: 'rowid' },
): RowLayout {
  return { columns, handle, isNewCollation: true };
}

/** Key of the row that {@link decode} decodes. */
export const KEY = recordKey(7, intHandle(-5n));

/** Decodes one row and shows its columns. */
export function decode(
  layout: RowLayout,
  value: Uint8Array,
  key = KEY,
  ids = layout.columns.map(({ id }) => id),
): string[] {
  const decoder = new RowDecoder(layout, ids);
  decoder.append(new ByteSlice(key), new ByteSlice(value));
  expect(decoder.rows).to.equal(1);
  return decoder.finish().map((cells, i) => {
    const type = layout.columns.find(({ id }) => id === ids[i])?.type ?? fieldType('bigint');
    return datumText(cellAt(cells, 0, type), type);
  });
}

/** A row in format v2 with raw values. */
export function rowV2(values: Readonly<Record<number, string>>, nulls: readonly number[] = []): Uint8Array {
  const row = new RowV2Builder();
  row.begin();
  for (const [id, hex] of Object.entries(values)) {
    row.data.bytes(fromHex(hex));
    row.endValue(Number(id));
  }
  for (const id of nulls) row.addNull(id);
  const out = new ByteWriter();
  row.finish(out);
  return out.take();
}
