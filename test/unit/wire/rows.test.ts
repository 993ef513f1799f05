import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { asBuffer, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { parseBinaryRow, printBinaryRow } from '../../../src/wire/binary-row.js';
import { BinaryType, UNSIGNED_FLAG } from '../../../src/wire/binary-type.js';
import type { ColumnDefinition } from '../../../src/wire/column-definition.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { type Cell, parseTextRow, printTextRow } from '../../../src/wire/text-row.js';
import { column } from './answers.js';

const VAR_STRING = 253;

const of = (type: number, more: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  ...column,
  type,
  ...more,
});

const print = (message: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter();
  message(out);
  return out.take();
};

describe('text row', () => {
  it('is lengths and text; NULL is one byte', () => {
    const bytes = print((out) => printTextRow(['ab', null, '', utf8('é')], out));
    expect(toHex(bytes)).to.equal('026162' + 'fb' + '00' + '02c3a9');
    expect(parseTextRow(bytes, 4).map((cell) => (cell === null ? null : toHex(cell)))).to.deep.equal([
      '6162',
      null,
      '',
      'c3a9',
    ]);
  });

  it('refuses too many and too few cells', () => {
    expect(() => parseTextRow(fromHex('0161'), 2)).to.throw(ProtocolError);
    expect(() => parseTextRow(fromHex('01610162'), 1)).to.throw(ProtocolError, 'too many');
    expect(() => parseTextRow(fromHex('0261'), 1)).to.throw(ProtocolError, 'exceeds');
  });
});

describe('binary row', () => {
  const samples: readonly (readonly [string, ColumnDefinition, string, string])[] = [
    ['TINYINT', of(BinaryType.tiny), '-1', 'ff'],
    ['TINYINT UNSIGNED', of(BinaryType.tiny, { flags: UNSIGNED_FLAG }), '255', 'ff'],
    ['SMALLINT', of(BinaryType.short), '-2', 'feff'],
    ['YEAR', of(BinaryType.year), '2024', 'e807'],
    ['MEDIUMINT', of(BinaryType.int24), '-3', 'fdffffff'],
    ['INT', of(BinaryType.long), '2147483647', 'ffffff7f'],
    ['INT UNSIGNED', of(BinaryType.long, { flags: UNSIGNED_FLAG }), '4294967295', 'ffffffff'],
    ['BIGINT', of(BinaryType.longlong), '-9223372036854775808', '0000000000000080'],
    [
      'BIGINT UNSIGNED',
      of(BinaryType.longlong, { flags: UNSIGNED_FLAG }),
      '18446744073709551615',
      'ffffffffffffffff',
    ],
    ['FLOAT', of(BinaryType.float), '10.5', '00002841'],
    ['DOUBLE', of(BinaryType.double), '10.2', '6666666666662440'],
    ['DATE', of(BinaryType.date), '2024-02-29', '04' + 'e807' + '02' + '1d'],
    ['zero DATE', of(BinaryType.date), '0000-00-00', '00'],
    ['DATETIME', of(BinaryType.datetime), '2024-02-29 12:34:56', '07' + 'e807021d' + '0c2238'],
    ['midnight', of(BinaryType.datetime), '2024-02-29 00:00:00', '04' + 'e807021d'],
    [
      'DATETIME(3)',
      of(BinaryType.datetime, { decimals: 3 }),
      '2024-02-29 12:34:56.789',
      '0be807021d0c2238080a0c00',
    ],
    [
      'TIMESTAMP(6)',
      of(BinaryType.timestamp, { decimals: 6 }),
      '2024-02-29 00:00:00.000001',
      '0be807021d00000001000000',
    ],
    ['TIME', of(BinaryType.duration), '-120:19:27', '08' + '01' + '05000000' + '00131b'],
    ['zero TIME', of(BinaryType.duration), '00:00:00', '00'],
    [
      'TIME(2)',
      of(BinaryType.duration, { decimals: 2 }),
      '00:00:01.50',
      '0c' + '00' + '00000000' + '000001' + '20a10700',
    ],
    ['VARCHAR', of(VAR_STRING), 'abc', '03616263'],
  ];
  for (const [name, definition, text, bytes] of samples) {
    it(`holds ${name}`, () => {
      const row = print((out) => printBinaryRow([text], [definition], out));
      expect(toHex(row)).to.equal(`0000${bytes}`);
      const [cell] = parseBinaryRow(row, [definition]);
      expect(cell instanceof Uint8Array ? asBuffer(cell).toString() : cell).to.equal(text);
    });
  }

  it('marks NULLs in its bitmap, whose first two bits are nobody’s', () => {
    const columns = Array.from({ length: 9 }, () => of(BinaryType.tiny));
    const cells: Cell[] = [null, '1', null, '3', null, '5', null, '7', null];
    const row = print((out) => printBinaryRow(cells, columns, out));
    expect(toHex(row)).to.equal('00' + '5405' + '01030507');
    expect(parseBinaryRow(row, columns)).to.deep.equal(cells);
  });

  it('takes numbers and strings as bytes too', () => {
    const row = print((out) =>
      printBinaryRow([utf8('7'), utf8('x')], [of(BinaryType.tiny), of(VAR_STRING)], out),
    );
    expect(toHex(row)).to.equal('0000' + '07' + '0178');
  });

  it('refuses what is malformed', () => {
    const refused: readonly (readonly [number, string])[] = [
      [BinaryType.long, '0000010203'],
      [BinaryType.datetime, '00000501020304'],
      [BinaryType.duration, '0000070102030405'],
      [BinaryType.tiny, '00000102'],
      [BinaryType.tiny, '010001'],
      [BinaryType.tiny, ''],
    ];
    for (const [type, bytes] of refused) {
      expect(() => parseBinaryRow(fromHex(bytes), [of(type)]), bytes).to.throw(ProtocolError);
    }
  });

  it('does not print what MySQL would not', () => {
    expect(() => print((out) => printBinaryRow(['yesterday'], [of(BinaryType.date)], out))).to.throw(
      AssertionError,
    );
    expect(() => print((out) => printBinaryRow(['noon'], [of(BinaryType.duration)], out))).to.throw(
      AssertionError,
    );
  });
});
