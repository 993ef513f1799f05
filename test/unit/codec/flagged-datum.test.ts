import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { sameDatum } from '../../../src/codec/cell.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { flaggedEnd, readFlagged, writeComparable, writeCompact } from '../../../src/codec/flagged-datum.js';
import { fieldType } from './support/field-types.js';

const BINARY = collationOf('binary', true);

interface Case {
  readonly type: string;
  readonly datum: Datum;
  /** Undefined: there is none. */
  readonly comparable: string | undefined;
  readonly compact: string;
}

const CASES: readonly Case[] = [
  { type: 'int', datum: null, comparable: '00', compact: '00' },
  { type: 'int', datum: -3n, comparable: '037ffffffffffffffd', compact: '0805' },
  {
    type: 'bigint unsigned',
    datum: (1n << 64n) - 1n,
    comparable: '04ffffffffffffffff',
    compact: '09ffffffffffffffffff01',
  },
  { type: 'year', datum: 2024n, comparable: '0380000000000007e8', compact: '08d01f' },
  { type: 'bit(9)', datum: 257n, comparable: '040000000000000101', compact: '098102' },
  { type: "enum('a','b')", datum: 2n, comparable: '040000000000000002', compact: '0902' },
  {
    type: 'datetime(3)',
    datum: 0x19b2bac00007a120n,
    comparable: '0419b2bac00007a120',
    compact: '09a0c29e8080d8ae' + 'd919',
  },
  { type: 'time', datum: -1n, comparable: '077fffffffffffffff', compact: '0801' },
  { type: 'double', datum: -1.5, comparable: '054007ffffffffffff', compact: '054007ffffffffffff' },
  {
    type: 'decimal(10,2)',
    datum: new Decimal(150n, 2),
    comparable: '060a028000000132',
    compact: '060a028000000132',
  },
  { type: 'varchar(20)', datum: utf8('Abc '), comparable: '014162632000000000fb', compact: '020841626320' },
  { type: 'json', datum: fromHex('0400'), comparable: undefined, compact: '0a0400' },
  {
    type: 'vector',
    datum: fromHex('010000000000c03f'),
    comparable: undefined,
    compact: '14010000000000c03f',
  },
];

describe('flagged values', () => {
  for (const { type, datum, comparable, compact } of CASES) {
    it(`writes a ${type} in both forms, and reads both`, () => {
      const fieldOf = fieldType(type);
      const out = new ByteWriter();
      writeCompact(out, datum, fieldOf);
      expect(toHex(out.take())).to.equal(compact);
      const forms = [compact];
      if (comparable === undefined) {
        expect(() => writeComparable(out, datum, fieldOf, BINARY)).to.throw('in a key');
      } else {
        writeComparable(out.reset(), datum, fieldOf, BINARY);
        expect(toHex(out.take())).to.equal(comparable);
        forms.push(comparable);
      }
      for (const form of forms) {
        const from = new ByteReader(fromHex(`${form}00`));
        expect(sameDatum(readFlagged(from, fieldOf), datum), form).to.equal(true);
        expect(from.remaining).to.equal(1);
        expect(flaggedEnd(fromHex(form), 0, form.length / 2)).to.equal(form.length / 2);
      }
    });

    it(`refuses every truncation of a ${type}`, () => {
      for (const form of [compact, comparable ?? compact]) {
        const bytes = fromHex(form);
        for (let length = 0; length < bytes.length; length++) {
          expect(() => flaggedEnd(bytes, 0, length)).to.throw(CodecError);
          expect(() => readFlagged(new ByteReader(bytes, 0, length), fieldType(type))).to.throw(CodecError);
        }
      }
    });
  }

  it('writes strings as sort keys in keys', () => {
    const out = new ByteWriter();
    writeComparable(out, utf8('a '), fieldType('varchar(9)'), collationOf('utf8mb4_general_ci', true));
    expect(toHex(out.take())).to.equal('010041000000000000f9');
  });

  for (const [what, hex, type] of [
    ['an unknown flag', '0b', 'int'],
    ['the flag above all', 'fa', 'int'],
    ['a string for an integer', '0200', 'int'],
    ['an integer for a string', '0802', 'varchar(9)'],
    ['an integer for a double', '0802', 'double'],
    ['an integer for a decimal', '0802', 'decimal(10,2)'],
    ['a compact string with a negative length', '0201', 'varchar(9)'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => readFlagged(new ByteReader(fromHex(hex)), fieldType(type))).to.throw(CodecError);
    });
  }

  it('reads FLOAT as a single-precision number', () => {
    const out = new ByteWriter();
    writeCompact(out, 0.1, fieldType('double'));
    expect(readFlagged(new ByteReader(out.take()), fieldType('float'))).to.equal(Math.fround(0.1));
  });
});
