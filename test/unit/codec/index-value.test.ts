import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { decodeIndexEntry, indexEntryHandle } from '../../../src/codec/index-entry.js';
import { IndexValueWriter, decodeIndexValue } from '../../../src/codec/index-value.js';
import { RowV2Builder } from '../../../src/codec/row-v2-builder.js';
import { intHandle } from '../../../src/codec/table-keys.js';
import { fieldType } from './support/field-types.js';

interface Content {
  readonly isVersion1?: boolean;
  readonly intHandle?: bigint;
  readonly commonHandle?: string;
  readonly partitionId?: number;
  /** Column id and string. */
  readonly restored?: readonly (readonly [number, string])[];
}

function write(content: Content): string {
  const out = new ByteWriter();
  const value = new IndexValueWriter();
  value.begin(out.u8(0xee), content.isVersion1 ?? false);
  if (content.commonHandle !== undefined) value.addCommonHandle(fromHex(content.commonHandle));
  if (content.partitionId !== undefined) value.addPartition(content.partitionId);
  if (content.restored !== undefined) {
    const row = new RowV2Builder();
    row.begin();
    for (const [id, text] of content.restored) {
      row.data.utf8(text);
      row.endValue(id);
    }
    value.addRestored(row);
  }
  value.finish(content.intHandle === undefined ? undefined : intHandle(content.intHandle));
  return toHex(out.take().subarray(1));
}

const COMMON = '038000000000000001010000000000000000f7';

describe('values of index entries', () => {
  // The first ones are as stored by a real cluster.
  const cases: readonly (readonly [string, Content, string])[] = [
    ['nothing to say', {}, '30'],
    ['unique, integer handle', { intHandle: -3n }, 'fffffffffffffffd'],
    [
      'unique, integer handle, restored',
      { intHandle: 1n, restored: [[3, 'Abc ']] },
      '08800001000000030400416263200000000000000001',
    ],
    ['restored', { restored: [[3, 'Abc ']] }, '0080000100000003040041626320'],
    ['version 1, nothing to say', { isVersion1: true }, '007d01'],
    ['version 1, unique', { isVersion1: true, commonHandle: COMMON }, `007d017f0013${COMMON}`],
    [
      'version 1, unique, restored',
      { isVersion1: true, commonHandle: COMMON, restored: [[4, 'u']] },
      `007d017f0013${COMMON}8000010000000401` + '0075',
    ],
    ['global', { partitionId: 117 }, '007e8000000000000075'],
    ['global, unique', { partitionId: 117, intHandle: 1n }, '087e80000000000000750000000000000001'],
    ['version 0, common handle', { commonHandle: COMMON }, `007f0013${COMMON}`],
  ];

  for (const [what, content, hex] of cases) {
    it(`are written and read: ${what}`, () => {
      expect(write(content)).to.equal(hex);
      const parts = decodeIndexValue(fromHex(hex));
      const handle =
        content.intHandle === undefined ? content.commonHandle : toHex(intHandle(content.intHandle));
      expect(parts.version).to.equal(content.isVersion1 === true ? 1 : 0);
      expect(parts.handle === undefined ? undefined : toHex(parts.handle)).to.equal(handle);
      expect(parts.partitionId).to.equal(
        content.partitionId === undefined ? undefined : BigInt(content.partitionId),
      );
      expect(parts.restored !== undefined).to.equal(content.restored !== undefined);
    });
  }

  it('are padded to ten bytes', () => {
    const out = new ByteWriter();
    const value = new IndexValueWriter();
    const row = new RowV2Builder();
    row.begin();
    row.addNull(3);
    value.begin(out, false);
    value.addRestored(row);
    value.finish();
    expect(toHex(out.take())).to.equal('02800000000100030000');
    expect(decodeIndexValue(fromHex('02800000000100030000')).handle).to.equal(undefined);
  });

  for (const [what, hex] of [
    ['nothing', ''],
    ['a single byte that is not 0', '31'],
    ['seven bytes', '00000000000000'],
    ['nine bytes', '000000000000000001'],
    ['an unknown version', '007d0200000000000000'],
    ['a tail longer than the value', 'ff800000000100030000'],
    ['a common handle longer than the value', '007f00ff000000000000'],
    ['an unknown option', '00330000000000000000'],
    ['a partition that is cut short', '01007e80000000000000'],
  ] as const) {
    it(`are refused: ${what}`, () => {
      expect(() => decodeIndexValue(fromHex(hex))).to.throw(CodecError);
    });
  }
});

describe('index entries', () => {
  const layout = {
    columns: [{ id: 1, type: fieldType('year'), prefixLength: -1 }],
    isCommonHandle: true,
    isNewCollation: true,
  };

  it('keep a common handle that looks like an integer', () => {
    // A table clustered on a YEAR, an index on another one.
    const key = fromHex(
      '7480000000000000015f698000000000000002' + '0380000000000007e8' + '0380000000000007e9',
    );
    expect(toHex(decodeIndexEntry(key, fromHex('007d01'), layout).handle)).to.equal('0380000000000007e9');
    expect(toHex(indexEntryHandle(key, fromHex('007d01'), layout))).to.equal('0380000000000007e9');
    const asInt = { ...layout, isCommonHandle: false };
    expect(toHex(indexEntryHandle(key, fromHex('30'), asInt))).to.equal('80000000000007e9');
  });

  it('give the handle from the value if they are unique', () => {
    const key = fromHex('7480000000000000015f698000000000000002' + '0380000000000007e8');
    expect(toHex(indexEntryHandle(key, fromHex('0000000000000005'), layout))).to.equal('8000000000000005');
  });

  for (const [what, key, value] of [
    ['a key without values', '7480000000000000015f6980', '30'],
    ['a key without handle', '7480000000000000015f698000000000000002' + '0380000000000007e8', '30'],
    [
      'a handle that is too short',
      '7480000000000000015f698000000000000002' + '0380000000000007e8' + '0300',
      '30',
    ],
    ['a value of another type', '7480000000000000015f698000000000000002' + '0100', '30'],
  ] as const) {
    it(`are refused: ${what}`, () => {
      for (const isCommonHandle of [true, false]) {
        expect(() => decodeIndexEntry(fromHex(key), fromHex(value), { ...layout, isCommonHandle })).to.throw(
          CodecError,
        );
      }
    });
  }

  it('are refused: more trailing spaces than a string can have', () => {
    const strings = { ...layout, columns: [{ id: 1, type: fieldType('varchar(9)'), prefixLength: -1 }] };
    const key = fromHex(
      '7480000000000000015f698000000000000002' + '016100000000000000f8' + '0380000000000007e9',
    );
    const spaces = (hex: string): Uint8Array => fromHex(`007d01800001000000010${hex.length / 2}00${hex}`);
    expect(decodeIndexEntry(key, spaces('02'), strings).values).to.deep.equal([
      Uint8Array.from(Buffer.from('a  ')),
    ]);
    expect(() => decodeIndexEntry(key, spaces('00000100'), strings)).to.throw(CodecError);
    expect(() => decodeIndexEntry(key, spaces('000000000000000001'), strings)).to.throw(CodecError);
  });
});
