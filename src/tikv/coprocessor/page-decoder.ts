/**
 * Rows in the coprocessor's default encoding, straight into columns: datums one after another, each with a flag that
 * says its form. The flags decide, not the types: TiKV and older rows use different forms for the same value
 * (TRUTH §10), which CellReader knows.
 *
 * @see pingcap/tidb pkg/util/codec/codec.go (EncodeValue)
 */
import { CellReader } from '../../codec/cell-reader.js';
import { malformed } from '../../codec/codec-error.js';
import type { Column } from '../../codec/column.js';
import { BytesBuilder, columnBuilderOf } from '../../codec/column-builder.js';
import { type FieldType, MysqlType } from '../../codec/field-type.js';
import { Flag } from '../../codec/flagged-datum.js';

interface Cell {
  readonly reader: CellReader;
  /** The builder of a string column: strings are the commonest of all values, and take a path of their own. */
  readonly strings: BytesBuilder | undefined;
}

/** Collects the rows of one page. */
export class PageDecoder {
  readonly #cells: readonly Cell[];
  #rows = 0;

  /** @param types - of the columns that the rows have, in order; not none. */
  constructor(types: readonly FieldType[]) {
    this.#cells = types.map((type) => {
      const builder = columnBuilderOf(type);
      const isString = type.tp !== MysqlType.json && type.tp !== MysqlType.vectorFloat32;
      const strings = isString && builder instanceof BytesBuilder ? builder : undefined;
      return { reader: new CellReader(type, builder), strings };
    });
  }

  /** Rows so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Adds all rows of a chunk.
   *
   * @throws CodecError — when the bytes are no such rows; what was added is then of no use.
   */
  add(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      for (const { reader, strings } of this.#cells) {
        at =
          strings !== undefined && data[at] === Flag.compactBytes
            ? addString(data, at + 1, strings)
            : reader.readFlagged(data, at, data.length);
      }
      this.#rows++;
    }
  }

  /** The columns, given away. */
  finish(): readonly Column[] {
    return this.#cells.map(({ reader }) => reader.builder.finish());
  }
}

/** Length as a zigzag varint, then the bytes. A string has less than 2^27 of them, so its length is a small number. */
function addString(data: Uint8Array, from: number, strings: BytesBuilder): number {
  let at = from;
  let zigzag = 0;
  let shift = 0;
  for (;;) {
    const byte = data[at++];
    if (byte === undefined || shift > 28) return malformed(`length of a string at ${from}`);
    zigzag |= (byte & 127) << shift;
    if (byte < 128) break;
    shift += 7;
  }
  const end = at + (zigzag >>> 1);
  if ((zigzag & 1) === 1 || end > data.length) malformed(`length of a string at ${from}`);
  strings.append(data, at, end);
  return end;
}
