import { expect } from 'chai';
import { utf8 } from '../../../src/base/bytes.js';
import { appendDatum, cellAt, sameDatum } from '../../../src/codec/cell.js';
import { type Column, WIDE_HI, isNullAt } from '../../../src/codec/column.js';
import {
  BytesBuilder,
  DecBuilder,
  F64Builder,
  I64Builder,
  columnBuilderOf,
} from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { fieldType } from './support/field-types.js';

const WIDE = 10n ** 40n + 7n;

const CASES: readonly { readonly type: string; readonly data: readonly Datum[] }[] = [
  { type: 'bigint', data: [1n, null, -1n, (1n << 63n) - 1n, -(1n << 63n), 1n << 40n] },
  { type: 'bigint unsigned', data: [0n, (1n << 64n) - 1n, null, 1n << 63n] },
  { type: 'datetime', data: [0x19b2bac00007a120n, null] },
  { type: 'double', data: [0.5, null, -1e300] },
  {
    type: 'decimal(65,2)',
    data: [
      new Decimal(150n, 2),
      null,
      new Decimal(WIDE, 2),
      new Decimal(-WIDE, 2),
      new Decimal(-(2n ** 53n) + 1n, 2),
      new Decimal(2n ** 53n, 2),
    ],
  },
  { type: 'varchar(20)', data: [utf8('a'), null, utf8(''), utf8('x'.repeat(1000)), utf8('é')] },
];

/** The data many times over, so that every array grows more than once. */
function many(data: readonly Datum[]): Datum[] {
  return Array.from({ length: 400 }, (_, i) => data[i % data.length] ?? null);
}

function expectCells(column: Column, data: readonly Datum[], type: string): void {
  for (const [row, datum] of data.entries()) {
    expect(sameDatum(cellAt(column, row, fieldType(type)), datum), `${type} row ${row}`).to.equal(true);
  }
}

describe('column builders', () => {
  for (const { type, data } of CASES) {
    it(`build a ${type} column and give it away`, () => {
      const builder = columnBuilderOf(fieldType(type));
      const cells = many(data);
      for (const datum of cells) appendDatum(builder, datum);
      expect(builder.rows).to.equal(400);
      expectCells(builder.view(), cells, type);
      const column = builder.finish();
      expectCells(column, cells, type);
      // What was given away does not change any more.
      expect(builder.rows).to.equal(0);
      for (const datum of [...cells].reverse()) appendDatum(builder, datum);
      expectCells(column, cells, type);
      expectCells(builder.view(), [...cells].reverse(), type);
    });

    it(`forget ${type} cells, all of them or the last ones`, () => {
      const builder = columnBuilderOf(fieldType(type));
      const cells = many(data);
      for (const datum of cells) appendDatum(builder, datum);
      builder.truncate(3);
      expect(builder.rows).to.equal(3);
      for (const datum of [...cells].reverse()) appendDatum(builder, datum);
      expectCells(builder.view(), [...cells.slice(0, 3), ...[...cells].reverse()], type);
      builder.reset();
      expect(builder.rows).to.equal(0);
      appendDatum(builder, data[0] ?? null);
      expectCells(builder.view(), data.slice(0, 1), type);
      expect(isNullAt(builder.view().nulls, 0)).to.equal(false);
    });
  }

  it('have no NULL bits where there is no NULL', () => {
    const builder = new I64Builder();
    builder.append(1, 0);
    expect(builder.finish().nulls).to.equal(undefined);
    builder.appendNull();
    expect(builder.view().nulls).not.to.equal(undefined);
    builder.reset();
    builder.append(1, 0);
    expect(builder.view().nulls).to.equal(undefined);
  });

  it('forget which cells were NULL', () => {
    const builder = new I64Builder();
    for (let i = 0; i < 100; i++) builder.appendNull();
    builder.reset();
    for (let i = 0; i < 50; i++) builder.append(i, 0);
    builder.appendNull();
    const { nulls } = builder.view();
    expect(Array.from({ length: 51 }, (_, row) => isNullAt(nulls, row)).indexOf(true)).to.equal(50);
  });

  it('copy only what is less than half full', () => {
    const builder = new F64Builder();
    for (let i = 0; i < 64; i++) builder.append(i);
    const full = builder.view().values;
    expect(builder.finish().values).to.equal(full);
    builder.append(1);
    const nearlyEmpty = builder.view().values;
    const finished = builder.finish().values;
    expect(finished).not.to.equal(nearlyEmpty);
    expect(finished).to.have.length(1);
  });

  it('mark wide decimals, and drop them with their rows', () => {
    const builder = new DecBuilder(0);
    builder.appendUnscaled(1n);
    builder.appendUnscaled(WIDE);
    const { hi, wide } = builder.view();
    expect(hi[1]).to.equal(WIDE_HI);
    expect(wide?.get(1)).to.equal(WIDE);
    builder.truncate(1);
    expect(builder.view().wide).to.equal(undefined);
    builder.appendUnscaled(WIDE);
    builder.reset();
    expect(builder.view().wide).to.equal(undefined);
    builder.appendUnscaled(WIDE);
    expect(builder.finish().wide?.size).to.equal(1);
    expect(builder.view().wide).to.equal(undefined);
  });

  it('build a cell of bytes from parts, and drop one that is open', () => {
    const builder = new BytesBuilder();
    builder.put(utf8('xabx'), 1, 3);
    builder.put(utf8('c'), 0, 1);
    builder.close();
    builder.put(utf8('lost'), 0, 4);
    builder.truncate(1);
    builder.append(utf8('d'), 0, 1);
    expectCells(builder.finish(), [utf8('abc'), utf8('d')], 'varchar(9)');
  });

  it('round decimals to the scale of the column', () => {
    const builder = columnBuilderOf(fieldType('decimal(10,1)'));
    appendDatum(builder, new Decimal(-125n, 2));
    expectCells(builder.view(), [new Decimal(-13n, 1)], 'decimal(10,1)');
  });

  it('refuse values of another kind', () => {
    expect(() => appendDatum(new I64Builder(), 1)).to.throw('for an integer column');
    expect(() => appendDatum(new F64Builder(), 1n)).to.throw('for a floating-point column');
    expect(() => appendDatum(new DecBuilder(0), 1n)).to.throw('for a decimal column');
    expect(() => appendDatum(new BytesBuilder(), 1n)).to.throw('for a column of bytes');
  });

  it('tell whether two values are the same', () => {
    expect(sameDatum(new Decimal(10n, 1), new Decimal(1n, 0))).to.equal(true);
    expect(sameDatum(new Decimal(10n, 1), 1n)).to.equal(false);
    expect(sameDatum(utf8('a'), utf8('a'))).to.equal(true);
    expect(sameDatum(utf8('a'), null)).to.equal(false);
    expect(sameDatum(null, null)).to.equal(true);
  });
});
