import { expect } from 'chai';
import { CodecError } from '../../../src/codec/codec-error.js';
import { formatDuration, parseDuration } from '../../../src/codec/duration.js';
import {
  dateOfDay,
  dayOfDate,
  formatDate,
  formatDatetime,
  packTime,
  parseTime,
  shiftMinutes,
  unpackTime,
} from '../../../src/codec/packed-time.js';

describe('packed times', () => {
  // As stored by a real cluster (little-endian in rows, big-endian in keys).
  for (const [text, packed, fsp] of [
    ['2024-02-29 12:00:00.500', 0x19b2bac00007a120n, 3],
    ['1999-01-01 00:00:00', 0x1961020000000000n, 0],
    ['0000-00-00 00:00:00', 0n, 0],
    ['9999-12-31 23:59:59.999999', 0x7ef3ff7efb0f423fn, 6],
  ] as const) {
    it(`packs ${text}, and back`, () => {
      const parts = parseTime(text);
      expect(parts).not.to.equal(undefined);
      if (parts === undefined) return;
      expect(packTime(parts)).to.equal(packed);
      expect(unpackTime(packed)).to.deep.equal(parts);
      expect(formatDatetime(parts, fsp)).to.equal(text);
    });
  }

  it('keeps dates with zero parts', () => {
    const parts = parseTime('2024-00-00');
    if (parts === undefined) throw new Error('no date');
    expect(formatDate(unpackTime(packTime(parts)))).to.equal('2024-00-00');
  });

  it('orders by time', () => {
    const texts = [
      '0000-00-00',
      '0001-01-01',
      '2024-00-00',
      '2024-01-01',
      '2024-01-01 00:00:00.000001',
      '2024-01-01 00:00:01',
    ];
    const packed = texts.map((text) => {
      const parts = parseTime(text);
      return parts === undefined ? -1n : packTime(parts);
    });
    expect([...packed].sort((a, b) => (a < b ? -1 : 1))).to.deep.equal(packed);
  });

  it('cuts fractions off, and pads them', () => {
    const parts = parseTime('2024-01-02 03:04:05.6789');
    if (parts === undefined) throw new Error('no time');
    expect(formatDatetime(parts, 2)).to.equal('2024-01-02 03:04:05.67');
    expect(formatDatetime(parts, 6)).to.equal('2024-01-02 03:04:05.678900');
  });

  for (const text of [
    '',
    '2024-1-1',
    '2024-13-01',
    '2024-01-32',
    '2024-01-01 24:00:00',
    '2024-01-01 00:60:00',
    '2024-01-01 00:00',
    '20240101',
  ]) {
    it(`does not take '${text}' for a time`, () => {
      expect(parseTime(text)).to.equal(undefined);
    });
  }

  for (const [what, packed] of [
    ['hour 24', 24n << 36n],
    ['minute 60', 60n << 30n],
    ['second 60', 60n << 24n],
    ['a million microseconds', 1_000_000n],
    ['year 10000', (10_000n * 13n) << 46n],
    ['a set top bit', 1n << 63n],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => unpackTime(packed)).to.throw(CodecError);
    });
  }

  it('counts days as the calendar does', () => {
    expect(dayOfDate(1970, 1, 1)).to.equal(0);
    for (const text of [
      '0001-01-01',
      '1600-02-29',
      '1900-02-28',
      '1970-01-01',
      '2000-02-29',
      '2024-12-31',
      '9999-12-31',
    ]) {
      const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
      expect(dayOfDate(year, month, day) * 86_400_000).to.equal(Date.parse(`${text}T00:00:00Z`));
      expect(dateOfDay(dayOfDate(year, month, day))).to.deep.equal({ year, month, day });
    }
  });

  for (const [text, minutes, shifted] of [
    ['2024-02-29 23:30:00', 60, '2024-03-01 00:30:00'],
    ['2024-01-01 00:15:00', -30, '2023-12-31 23:45:00'],
    ['1970-01-01 00:00:01', -720, '1969-12-31 12:00:01'],
    ['2024-06-15 12:00:00', 345, '2024-06-15 17:45:00'],
    ['0000-00-00 00:00:00', 60, '0000-00-00 00:00:00'],
  ] as const) {
    it(`shifts ${text} by ${minutes} minutes`, () => {
      const parts = parseTime(text);
      if (parts === undefined) throw new Error('no time');
      expect(formatDatetime(shiftMinutes(parts, minutes), 0)).to.equal(shifted);
    });
  }
});

describe('durations', () => {
  for (const [text, nanoseconds, fsp] of [
    ['00:00:00', 0n, 0],
    ['-01:02:03.50', -3_723_500_000_000n, 2],
    ['838:59:59.000000', 3_020_399_000_000_000n, 6],
    ['-838:59:59', -3_020_399_000_000_000n, 0],
    ['00:00:00.0001', 100_000n, 4],
    ['-00:00:00.000001', -1000n, 6],
  ] as const) {
    it(`reads and prints ${text}`, () => {
      expect(parseDuration(text)).to.equal(nanoseconds);
      expect(formatDuration(nanoseconds, fsp)).to.equal(text);
    });
  }

  it('cuts fractions off', () => {
    expect(formatDuration(1_999_999_999n, 0)).to.equal('00:00:01');
    expect(formatDuration(-1_999_999_999n, 3)).to.equal('-00:00:01.999');
  });

  for (const text of ['', '1', '00:60:00', '00:00:60', '1:2:3', '00:00:00.', '--00:00:00']) {
    it(`does not take '${text}' for a duration`, () => {
      expect(parseDuration(text)).to.equal(undefined);
    });
  }
});
