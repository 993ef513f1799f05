import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { concatBytes, fromHex, utf8 } from '../../../src/base/bytes.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { cellAt } from '../../../src/codec/cell.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { datumText } from '../../../src/codec/datum-text.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { writeComparable, writeCompact } from '../../../src/codec/flagged-datum.js';
import { RowDecoder } from '../../../src/codec/row-decoder.js';
import type { HandleLayout } from '../../../src/codec/row-layout.js';
import { recordKey } from '../../../src/codec/table-keys.js';
import { fieldType } from './support/field-types.js';
import { KEY, column, decode, layoutOf, rowV2 } from './support/stored-row.js';

describe('row decoder', () => {
  it('reads integers of every width, signed and not', () => {
    const columns = [column(1, 'bigint'), column(2, 'bigint unsigned')];
    for (const [hex, signed, unsigned] of [
      ['ff', '-1', '255'],
      ['0080', '-32768', '32768'],
      ['00000080', '-2147483648', '2147483648'],
      ['0000000000000080', '-9223372036854775808', '9223372036854775808'],
      ['7f', '127', '127'],
    ] as const) {
      expect(decode(layoutOf(columns), rowV2({ 1: hex, 2: hex }))).to.deep.equal([signed, unsigned]);
    }
  });

  it('gives columns in the order asked for, whatever their order in the row', () => {
    const columns = [column(1, 'int'), column(2, 'varchar(9)'), column(3, 'int')];
    const value = rowV2({ 1: '01', 2: '6162', 3: '03' });
    expect(decode(layoutOf(columns), value, KEY, [3, 1, 2])).to.deep.equal(['3', '1', 'ab']);
    expect(decode(layoutOf(columns), value, KEY, [2])).to.deep.equal(['ab']);
    expect(decode(layoutOf(columns), value, KEY, [])).to.deep.equal([]);
  });

  it('ignores columns that are no longer in the table', () => {
    expect(decode(layoutOf([column(2, 'int')]), rowV2({ 1: '01', 2: '02', 9: '09' }, [5]))).to.deep.equal([
      '2',
    ]);
  });

  it('takes NULL, and the default of rows older than the column', () => {
    const columns = [
      column(1, 'int'),
      column(2, 'int', 7n),
      column(3, 'varchar(9)', utf8('old')),
      column(4, 'decimal(9,2)', new Decimal(15n, 1)),
    ];
    expect(decode(layoutOf(columns), rowV2({}, [1, 2]))).to.deep.equal(['NULL', 'NULL', 'old', '1.50']);
    expect(decode(layoutOf(columns), rowV2({ 1: '01' }))).to.deep.equal(['1', '7', 'old', '1.50']);
  });

  it('refuses a row that lacks a column that cannot be missing', () => {
    const strict = { id: 1, type: fieldType('int not null'), originDefault: undefined };
    expect(() => decode(layoutOf([strict]), rowV2({}))).to.throw(CodecError, 'column 1 is missing');
  });

  it('reads wide rows: ids above 255 and values beyond 64 KiB', () => {
    const columns = [column(1, 'int'), column(300, 'varchar(9)'), column(70_000, 'int')];
    expect(decode(layoutOf(columns), rowV2({ 1: '01', 300: '61', 70000: '07' }))).to.deep.equal([
      '1',
      'a',
      '7',
    ]);
    const long = '61'.repeat(70_000);
    expect(
      decode(layoutOf([column(1, 'text'), column(2, 'int')]), rowV2({ 1: long, 2: '05' })),
    ).to.deep.equal(['a'.repeat(70_000), '5']);
    expect(decode(layoutOf([column(300, 'int')]), rowV2({ 1: '01' }, [300]))).to.deep.equal(['NULL']);
  });

  it('passes over a checksum', () => {
    const plain = rowV2({ 1: '05' });
    const flagged = Uint8Array.from(plain, (byte, i) => (i === 1 ? 2 : byte));
    const layout = layoutOf([column(1, 'int')]);
    expect(decode(layout, concatBytes(flagged, fromHex('0211223344')))).to.deep.equal(['5']);
    expect(decode(layout, concatBytes(flagged, fromHex('0a1122334455667788')))).to.deep.equal(['5']);
    expect(() => decode(layout, flagged)).to.throw(CodecError);
    expect(() => decode(layout, concatBytes(flagged, fromHex('02112233')))).to.throw(CodecError);
    expect(() => decode(layout, concatBytes(plain, fromHex('02')))).to.throw(CodecError);
  });

  it('reads decimals stored with another scale, and wide ones', () => {
    const layout = layoutOf([column(1, 'decimal(40,1)')]);
    const stored = (value: Decimal, type: string): Uint8Array => {
      const out = new ByteWriter();
      writeCompact(out, value, fieldType(type));
      return rowV2({ 1: Buffer.from(out.take().subarray(1)).toString('hex') });
    };
    expect(decode(layout, stored(new Decimal(-125n, 2), 'decimal(10,2)'))).to.deep.equal(['-1.3']);
    expect(decode(layout, stored(new Decimal(5n, 0), 'decimal(10,0)'))).to.deep.equal(['5.0']);
    const wide = new Decimal(10n ** 30n + 1n, 1);
    expect(decode(layout, stored(wide, 'decimal(40,1)'))).to.deep.equal([wide.toString()]);
  });

  /** Without showing the value, which would refuse it, too. */
  function decodeOnly(type: string, hex: string): void {
    const decoder = new RowDecoder(layoutOf([column(1, type)]), [1]);
    decoder.append(new ByteSlice(KEY), new ByteSlice(rowV2({ 1: hex })));
  }

  it('reads an ENUM index beyond the members as empty, and refuses such a SET', () => {
    expect(decode(layoutOf([column(1, "enum('a','b')")]), rowV2({ 1: '03' }))).to.deep.equal(['']);
    expect(decode(layoutOf([column(1, "set('a','b')")]), rowV2({ 1: '03' }))).to.deep.equal(['a,b']);
    expect(() => decodeOnly("set('a','b')", '04')).to.throw(CodecError);
    const many = `set(${Array.from({ length: 40 }, (_, i) => `'m${i}'`).join()})`;
    expect(decode(layoutOf([column(1, many)]), rowV2({ 1: '0000000080000000' }))).to.deep.equal(['m39']);
    expect(() => decodeOnly(many, '0000000000010000')).to.throw(CodecError);
  });

  it('reads FLOAT, JSON and VECTOR', () => {
    const columns = [column(1, 'float'), column(2, 'json'), column(3, 'vector')];
    const value = rowV2({ 1: 'bff8000000000000', 2: '0401', 3: '010000000000c03f' });
    expect(decode(layoutOf(columns), value)).to.deep.equal(['1.5', 'true', '[1.5]']);
  });

  describe('handles', () => {
    it('gives the hidden row id', () => {
      expect(decode(layoutOf([]), rowV2({ 1: '01' }), KEY, [-1])).to.deep.equal(['-5']);
    });

    it('gives an integer key, signed and not', () => {
      const handle: HandleLayout = { kind: 'int', columnId: 1 };
      expect(decode(layoutOf([column(1, 'bigint')], handle), rowV2({}))).to.deep.equal(['-5']);
      expect(decode(layoutOf([column(1, 'bigint unsigned')], handle), rowV2({}))).to.deep.equal([
        '18446744073709551611',
      ]);
    });

    const common: HandleLayout = {
      kind: 'common',
      columns: [
        { columnId: 1, isPrefix: false },
        { columnId: 2, isPrefix: false },
        { columnId: 3, isPrefix: true },
        { columnId: 4, isPrefix: false },
      ],
    };

    function commonKey(parts: readonly (readonly [Datum, string])[]): Uint8Array {
      const out = new ByteWriter();
      for (const [datum, type] of parts)
        writeComparable(out, datum, fieldType(type), collationOf('utf8mb4_bin', true));
      return recordKey(7, out.take());
    }

    it('gives the columns of a composite key, but those that the key does not tell', () => {
      const columns = [
        column(1, 'time'),
        column(2, 'char(5)'),
        column(3, 'varbinary(9)'),
        column(4, 'varchar(9)'),
      ];
      const key = commonKey([
        [-1_000_000_000n, 'time'],
        [utf8('abc'), 'char(5)'],
        [utf8('pre'), 'varbinary(9)'],
        [utf8('x'), 'varchar(9)'],
      ]);
      const value = rowV2({ 3: '7072656669786564', 4: '782020' });
      expect(decode(layoutOf(columns, common), value, key)).to.deep.equal([
        '-00:00:01',
        'abc',
        'prefixed',
        'x  ',
      ]);
    });

    it('takes strings of the key as they are, in clusters without new collations', () => {
      const columns = [column(1, 'int'), column(2, 'varchar(5)'), column(3, 'int'), column(4, 'int')];
      const key = commonKey([
        [1n, 'int'],
        [utf8('abc'), 'char(5)'],
      ]);
      const layout = { ...layoutOf(columns, common), isNewCollation: false };
      expect(decode(layout, rowV2({}), key, [2, 1])).to.deep.equal(['abc', '1']);
    });

    it('refuses a handle of the wrong kind or cut short', () => {
      const columns = [column(1, 'int'), column(2, 'int'), column(3, 'int'), column(4, 'int')];
      expect(() => decode(layoutOf(columns, common), rowV2({}), KEY)).to.throw(CodecError);
      expect(() => decode(layoutOf([]), rowV2({}), recordKey(7, new Uint8Array(9)), [-1])).to.throw(
        CodecError,
      );
      expect(() =>
        decode(layoutOf(columns, common), rowV2({}), recordKey(7, fromHex('0380000000000000010405')), [4]),
      ).to.throw(CodecError);
    });

    it('refuses to look for a row id where there is none', () => {
      expect(() => new RowDecoder(layoutOf([], { kind: 'int', columnId: 1 }), [-1])).to.throw('row id');
    });
  });

  describe('rows that are malformed', () => {
    const layout = layoutOf([column(1, 'int'), column(2, 'varchar(9)'), column(3, 'double')]);
    const good = rowV2({ 1: '05', 2: '616263', 3: 'bff8000000000000' });

    it('are refused however they are cut short, and leave nothing behind', () => {
      const decoder = new RowDecoder(layout, [3, 2, 1]);
      const key = new ByteSlice(KEY);
      decoder.append(key, new ByteSlice(good));
      for (let length = 0; length < good.length; length++) {
        expect(() => decoder.append(key, new ByteSlice(good, 0, length)), `${length} bytes`).to.throw(
          CodecError,
        );
      }
      decoder.append(key, new ByteSlice(good));
      expect(decoder.rows).to.equal(2);
      for (const cells of decoder.finish()) {
        expect(cellAt(cells, 0, fieldType('int'))).to.deep.equal(cellAt(cells, 1, fieldType('int')));
      }
    });

    for (const [what, hex] of [
      ['an integer of three bytes', '8000010000000103000a0b0c'],
      ['a double of four bytes', '800001000000030400bff80000'],
      ['unknown flags', '800401000000010100' + '05'],
      ['ends that go down', '80000300000001020301000000' + '0900' + 'bff8000000000000' + '00'],
      ['an end beyond the last one', '8000030000000102030100ff000900' + '05bff8000000000000'],
      ['counts beyond the row', '8000ffffffff'],
      ['a column twice', '800002000000010101000200' + '0505'],
      ['columns out of order', '800002000000020101000200' + '0505'],
      ['a NULL column twice', '8000000002000101'],
    ] as const) {
      it(`are refused: ${what}`, () => {
        expect(() => decode(layout, fromHex(hex))).to.throw(CodecError);
      });
    }

    it('leave nothing behind when a later column is the broken one', () => {
      const decoder = new RowDecoder(layout, [2, 3, 1]);
      const key = new ByteSlice(KEY);
      const broken = rowV2({ 1: '0a0b0c', 2: '78', 3: 'bff8000000000000' });
      expect(() => decoder.append(key, new ByteSlice(broken))).to.throw(CodecError);
      decoder.append(key, new ByteSlice(good));
      const [text] = decoder.finish();
      if (text === undefined) throw new Error('no column');
      expect(cellAt(text, 0, fieldType('varchar(9)'))).to.deep.equal(utf8('abc'));
    });

    it('are refused: an empty JSON document', () => {
      expect(() => decode(layoutOf([column(1, 'json')]), rowV2({ 1: '' }))).to.throw(CodecError);
    });

    it('are refused: an empty value', () => {
      expect(() => decode(layout, new Uint8Array(0))).to.throw(CodecError);
    });
  });

  describe('telling whether the wanted columns are the same', () => {
    const layout = layoutOf([column(1, 'int'), column(2, 'varchar(9)'), column(3, 'int')]);
    const same = (a: Uint8Array, b: Uint8Array, ids: readonly number[]): boolean =>
      new RowDecoder(layout, ids).sameWanted(new ByteSlice(a), new ByteSlice(b));

    it('sees through changes of other columns', () => {
      const a = rowV2({ 1: '01', 2: '6162', 3: '03' });
      const b = rowV2({ 1: '01', 2: '616263', 3: '03' });
      expect(same(a, b, [1, 3])).to.equal(true);
      expect(same(a, b, [1, 2, 3])).to.equal(false);
      expect(same(a, b, [])).to.equal(true);
      expect(same(a, rowV2({ 1: '01', 2: '6163', 3: '03' }), [2])).to.equal(false);
    });

    it('works across shapes: other columns added, NULL or wide', () => {
      const a = rowV2({ 1: '01', 3: '03' }, [2]);
      expect(same(a, rowV2({ 1: '01', 3: '03', 300: '61' }, [2]), [1, 2, 3])).to.equal(true);
      expect(same(a, rowV2({ 1: '01', 2: '61', 3: '03' }), [1, 3])).to.equal(true);
      expect(same(a, rowV2({ 1: '01', 2: '61', 3: '03' }), [2])).to.equal(false);
      expect(same(a, rowV2({ 1: '01' }, [2, 3]), [3])).to.equal(false);
    });

    it('is not sure about missing columns and other formats', () => {
      const missing = rowV2({ 1: '01' });
      expect(same(missing, rowV2({ 1: '01' }, [2]), [2])).to.equal(false);
      expect(same(missing, rowV2({ 1: '02' }), [2])).to.equal(true);
      expect(same(fromHex('08020802'), missing, [2])).to.equal(false);
      expect(same(fromHex('08020802'), fromHex('08020802'), [1])).to.equal(true);
      expect(same(new Uint8Array(0), missing, [1])).to.equal(false);
    });

    it('does not confuse the decoder', () => {
      const decoder = new RowDecoder(layout, [1, 2]);
      const [a, b] = [rowV2({ 1: '01', 2: '6162' }), rowV2({ 2: '78' }, [1])];
      const key = new ByteSlice(KEY);
      decoder.append(key, new ByteSlice(a));
      expect(decoder.sameWanted(new ByteSlice(b), new ByteSlice(a))).to.equal(false);
      decoder.append(key, new ByteSlice(a));
      decoder.append(key, new ByteSlice(b));
      const [first, second] = decoder.view();
      if (first === undefined || second === undefined) throw new Error('no columns');
      const shown = [0, 1, 2].map((row) =>
        datumText(cellAt(second, row, fieldType('char(9)')), fieldType('char(9)')),
      );
      expect(shown).to.deep.equal(['ab', 'ab', 'x']);
      expect(cellAt(first, 2, fieldType('int'))).to.equal(null);
      decoder.reset();
      expect(decoder.rows).to.equal(0);
    });

    it('refuses malformed rows', () => {
      const good = rowV2({ 1: '01', 2: '6162' });
      expect(() => same(good, good.slice(0, 8), [1])).to.throw(CodecError);
      expect(() => same(good.slice(0, 8), good, [1])).to.throw(CodecError);
    });
  });

  it('refuses column ids that repeat or are not in the layout', () => {
    expect(() => new RowDecoder(layoutOf([column(1, 'int')]), [1, 1])).to.throw('repeat');
    expect(() => new RowDecoder(layoutOf([]), [1])).to.throw('no column 1');
  });
});
