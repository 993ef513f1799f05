import { expect } from 'chai';
import fc from 'fast-check';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { compareBytes, utf8 } from '../../../src/base/bytes.js';
import { ByteReader } from '../../../src/codec/byte-reader.js';
import { sameDatum } from '../../../src/codec/cell.js';
import { type Collation, collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { flaggedEnd, readFlagged, writeComparable, writeCompact } from '../../../src/codec/flagged-datum.js';
import { comparableBytes, readComparableBytes } from '../../../src/codec/memcomparable.js';
import { formatDatetime, packTime, parseTime, unpackTime } from '../../../src/codec/packed-time.js';
import { formatDuration, parseDuration } from '../../../src/codec/duration.js';
import { isString } from '../../../src/codec/string-type.js';
import { TEXTS, TYPES, type TypedValues, compareDatums } from './support/arbitraries.js';

function collationFor({ type }: TypedValues): Collation {
  return collationOf(isString(type) ? type.collate : 'binary', true);
}

function key(of: TypedValues, datum: Datum): Uint8Array {
  const out = new ByteWriter();
  writeComparable(out, datum, of.type, collationFor(of));
  return out.take();
}

describe('order of bytes and of values', () => {
  it('is the same for byte strings, which read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ maxLength: 30 }), (a, b) => {
        expect(Math.sign(compareBytes(comparableBytes(a), comparableBytes(b)))).to.equal(
          Math.sign(compareBytes(a, b)),
        );
        expect(compareBytes(readComparableBytes(new ByteReader(comparableBytes(a))), a)).to.equal(0);
      }),
    );
  });

  for (const of of TYPES.filter(({ isKey }) => isKey)) {
    const name = `type ${of.type.tp}${isString(of.type) ? ` under ${of.type.collate}` : ` (${of.type.flen},${of.type.decimal})`}`;
    const values = fc.option(of.values);

    it(`is the same for keys of ${name}`, () => {
      const collation = collationFor(of);
      fc.assert(
        fc.property(values, values, (a, b) => {
          const expected =
            a instanceof Uint8Array && b instanceof Uint8Array
              ? collation.compare(a, b)
              : compareDatums(a, b);
          expect(Math.sign(compareBytes(key(of, a), key(of, b)))).to.equal(Math.sign(expected));
        }),
      );
    });

    it(`is kept when another value follows in the key, for ${name}`, () => {
      fc.assert(
        fc.property(
          values,
          values,
          fc.uint8Array({ maxLength: 4 }),
          fc.uint8Array({ maxLength: 4 }),
          (a, b, x, y) => {
            const [ka, kb] = [key(of, a), key(of, b)];
            const order = compareBytes(ka, kb);
            fc.pre(order !== 0);
            const [long, other] = [Uint8Array.of(...ka, ...x), Uint8Array.of(...kb, ...y)];
            expect(Math.sign(compareBytes(long, other))).to.equal(Math.sign(order));
          },
        ),
      );
    });
  }
});

describe('flagged values of every type', () => {
  for (const of of TYPES) {
    it(`read back from both forms: type ${of.type.tp} (${of.type.flen},${of.type.decimal}) ${of.type.collate}`, () => {
      fc.assert(
        fc.property(fc.option(of.values), (datum) => {
          const out = new ByteWriter();
          writeCompact(out, datum, of.type);
          const compact = out.take();
          expect(sameDatum(readFlagged(new ByteReader(compact), of.type), datum)).to.equal(true);
          expect(flaggedEnd(compact, 0, compact.length)).to.equal(compact.length);
          if (!of.isKey || (isString(of.type) && !collationFor(of).isBytewise)) return;
          const read = readFlagged(new ByteReader(key(of, datum)), of.type);
          // Keys hold the sort key: under padding collations without trailing spaces.
          const expected = datum instanceof Uint8Array ? collationFor(of).sortKey(datum) : datum;
          expect(sameDatum(read, expected)).to.equal(true);
        }),
      );
    });
  }
});

describe('collations', () => {
  for (const name of ['binary', 'utf8mb4_bin', 'utf8mb4_0900_bin', 'utf8mb4_general_ci']) {
    it(`compare as their sort keys do: ${name}`, () => {
      const collation = collationOf(name, true);
      fc.assert(
        fc.property(TEXTS, TEXTS, (a, b) => {
          const [x, y] = [utf8(a), utf8(b)];
          const byKey = Math.sign(compareBytes(collation.sortKey(x), collation.sortKey(y)));
          expect(Math.sign(collation.compare(x, y))).to.equal(byKey);
          expect(collation.equals(x, y)).to.equal(byKey === 0);
        }),
      );
    });

    it(`call strings equal exactly if their sort keys are, also broken ones: ${name}`, () => {
      const collation = collationOf(name, true);
      const broken = fc
        .array(fc.constantFrom(0x20, 0x41, 0x61, 0xc3, 0xa4, 0xff), { maxLength: 6 })
        .map((bytes) => Uint8Array.from(bytes));
      fc.assert(
        fc.property(broken, broken, (x, y) => {
          expect(collation.equals(x, y)).to.equal(
            compareBytes(collation.sortKey(x), collation.sortKey(y)) === 0,
          );
        }),
      );
    });
  }
});

describe('texts of values', () => {
  it('of decimals read back', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 60 }), (unscaled, scale) => {
        const decimal = new Decimal(unscaled, scale);
        const read = Decimal.parse(decimal.toString());
        expect(read?.unscaled).to.equal(unscaled);
        expect(read?.scale).to.equal(scale);
      }),
    );
  });

  it('of decimals round like exact arithmetic', () => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        (unscaled, from, to) => {
          const before = new Decimal(unscaled, from);
          const after = before.rescale(to);
          expect(after.scale).to.equal(to);
          // Twice the error is at most one unit of the last digit.
          const scale = Math.max(from, to);
          const error = before.rescale(scale).unscaled - after.rescale(scale).unscaled;
          expect(2n * (error < 0n ? -error : error) <= 10n ** BigInt(scale - to)).to.equal(true);
        },
      ),
    );
  });

  it('of times and durations read back', () => {
    const times = TYPES.find(({ type }) => type.tp === 12)?.values ?? fc.constant(0n);
    fc.assert(
      fc.property(
        times,
        fc.bigInt({ min: -3_020_399_000_000n, max: 3_020_399_000_000n }),
        (packed, microseconds) => {
          if (typeof packed !== 'bigint') return;
          const parts = parseTime(formatDatetime(unpackTime(packed), 6));
          expect(parts === undefined ? -1n : packTime(parts)).to.equal(packed);
          const nanoseconds = microseconds * 1000n;
          expect(parseDuration(formatDuration(nanoseconds, 6))).to.equal(nanoseconds);
        },
      ),
    );
  });
});
