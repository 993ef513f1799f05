/** Whatever the bytes: decoders read them or refuse them with a CodecError; nothing else comes out. */
import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, utf8 } from '../../../src/base/bytes.js';
import { SchemaError } from '../../../src/catalog/schema-error.js';
import { parseDatabaseInfo, parseTableInfo } from '../../../src/catalog/table-info.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { DatumRowReader } from '../../../src/codec/datum-row-reader.js';
import { datumText } from '../../../src/codec/datum-text.js';
import { DecimalReader } from '../../../src/codec/decimal-binary.js';
import { flaggedEnd, readFlagged } from '../../../src/codec/flagged-datum.js';
import { decodeIndexEntry } from '../../../src/codec/index-entry.js';
import { decodeIndexValue } from '../../../src/codec/index-value.js';
import { jsonText } from '../../../src/codec/json-binary.js';
import { readComparableBytes } from '../../../src/codec/memcomparable.js';
import { decodeMetaKey } from '../../../src/codec/meta-keys.js';
import { decodeTableKey } from '../../../src/codec/table-keys.js';
import { readUvarint, readVarint } from '../../../src/codec/varint.js';
import { vectorText } from '../../../src/codec/vector.js';
import { columnJson, tableInfo, tableJson, tableVersion } from '../../unit/catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../../unit/codec/support/field-types.js';
import { readTrace, type RecordedPair } from '../../unit/catalog/support/traces.js';
import { TYPES } from './support/arbitraries.js';

const types = TYPES.map(({ type }) => type);
const allTypes = tableVersion(
  tableJson(
    types.map((type, i) => columnJson(i, `c${i}`, type)),
    {},
  ),
);
const clustered = tableVersion(
  tableJson(
    [
      columnJson(0, 'a', asPrimaryKey(fieldType('int'))),
      columnJson(1, 'b', asPrimaryKey(fieldType('char(9)'))),
    ],
    {
      is_common_handle: true,
      common_handle_version: 1,
      index_info: [
        {
          id: 1,
          idx_name: { O: 'p', L: 'p' },
          idx_cols: [0, 1].map((offset) => ({ name: { O: '', L: '' }, offset, length: -1 })),
          state: 5,
          is_primary: true,
          is_unique: true,
        },
      ],
    },
  ),
);
const KEY = fromHex('7480000000000002905f728000000000000001');

/** Every decoder, over bytes that could be anything. */
const DECODERS: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['comparable bytes', (bytes) => readComparableBytes(new ByteReader(bytes))],
  ['varints', (bytes) => [readVarint(new ByteReader(bytes)), readUvarint(new ByteReader(bytes))]],
  ['decimals', (bytes) => new DecimalReader().read(bytes, 0, bytes.length)],
  ['the end of a flagged value', (bytes) => flaggedEnd(bytes, 0, bytes.length)],
  ['JSON', (bytes) => jsonText(bytes)],
  ['vectors', (bytes) => vectorText(bytes)],
  ['table keys', (bytes) => decodeTableKey(bytes)],
  ['meta keys', (bytes) => decodeMetaKey(bytes)],
  ['index values', (bytes) => decodeIndexValue(bytes)],
  ...types.map(
    (type) =>
      [
        `flagged values of type ${type.tp}`,
        (bytes: Uint8Array) => datumText(readFlagged(new ByteReader(bytes), type), type),
      ] as const,
  ),
  [
    'rows of flagged values',
    (bytes) => {
      new DatumRowReader(types.slice(0, 3)).append(bytes);
    },
  ],
  [
    'rows',
    (bytes) => {
      allTypes.rowDecoder(types.map((_, i) => i + 1)).append(new ByteSlice(KEY), new ByteSlice(bytes));
    },
  ],
  [
    'keys of rows',
    (bytes) => {
      clustered.rowDecoder([2, 1]).append(new ByteSlice(bytes), new ByteSlice(fromHex('800000000000')));
    },
  ],
  [
    'the same row twice',
    (bytes) =>
      allTypes.rowDecoder([1, 2]).sameWanted(new ByteSlice(bytes), new ByteSlice(bytes.slice(0, -1))),
  ],
  [
    'index entries',
    (bytes) =>
      decodeIndexEntry(bytes, bytes, {
        columns: [{ id: 1, type: fieldType('varchar(9)'), prefixLength: -1 }],
        isCommonHandle: bytes.length % 2 === 0,
        isNewCollation: true,
      }),
  ],
];

/** Real bytes to start from: rows and index entries, rows of every type, and JSON documents. */
const REAL = [
  ...(readTrace('stored-bytes') as { tables: { pairs: RecordedPair[] }[] }).tables.flatMap(({ pairs }) =>
    pairs.flatMap(({ key, value }) => [fromHex(key), fromHex(value)]),
  ),
  ...[...JSON.stringify(readTrace('all-types')).matchAll(/"value":"(80[0-9a-f]+)"/g)].map((match) =>
    fromHex(match[1] ?? ''),
  ),
  fromHex(
    '03060000003f0000000d260000000d2b0000000f2f0000000b3700000004010000000400000000fd03616263fd0200ff000000b8c8baa01f000000000000f83f',
  ),
  fromHex(
    '01030000005d0000002900000000002900000001002a00000001000c2b000000032c00000009550000006162000100000029000000010d000000010000001c00000013000000010003140000006300000000080000000100000000000000',
  ),
];

/** Bytes with a few changes. */
const mutated = fc
  .tuple(
    fc.constantFrom(...REAL),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
    fc.option(fc.nat(), { nil: undefined }),
  )
  .map(([bytes, changes, cut]) => {
    const copy = Uint8Array.from(bytes);
    for (const [at, byte] of changes) copy[at % copy.length] = byte;
    return cut === undefined ? copy : copy.slice(0, cut % (copy.length + 1));
  });

/** Random bytes that begin like something. */
const random = fc
  .tuple(
    fc.constantFrom('', '80000100', '80000000', '8001', '74', '6d', '01', '03', '0a', '0803', '007d01'),
    fc.uint8Array({ maxLength: 60 }),
  )
  .map(([start, rest]) => Uint8Array.of(...fromHex(start), ...rest));

describe('malformed bytes', () => {
  for (const [what, decode] of DECODERS) {
    it(`never bring anything but a CodecError out of ${what}`, () => {
      fc.assert(
        fc.property(fc.oneof(mutated, random), (bytes) => {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).to.be.instanceOf(CodecError);
          }
        }),
        { numRuns: 400 },
      );
    });
  }

  it('never bring anything but a SchemaError out of a TableInfo', () => {
    const good = tableJson([columnJson(0, 'a', fieldType('int'))]);
    expect(tableInfo(good).id).to.equal(100);
    const anything = fc.jsonValue();
    const broken = fc
      .tuple(fc.constantFrom(...Object.keys(good)), anything)
      .map(([field, value]) => ({ ...good, [field]: value }));
    fc.assert(
      fc.property(fc.oneof(broken, anything), (json) => {
        for (const parse of [parseTableInfo, parseDatabaseInfo]) {
          try {
            parse(utf8(JSON.stringify(json)));
          } catch (error) {
            expect(error).to.be.instanceOf(SchemaError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
