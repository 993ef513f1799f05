import { expect } from 'chai';
import { toHex, utf8 } from '../../../../src/base/bytes.js';
import { Decimal } from '../../../../src/codec/decimal.js';
import { type FieldType, MysqlType, type MysqlTypeCode } from '../../../../src/codec/field-type.js';
import {
  type Condition,
  type Constant,
  comparisonKindOf,
} from '../../../../src/tikv/coprocessor/condition.js';
import { encodeCondition } from '../../../../src/tikv/coprocessor/condition-encoder.js';

const type = (tp: MysqlTypeCode, more: Partial<FieldType> = {}): FieldType => ({
  tp,
  flag: 0,
  flen: 11,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
  ...more,
});
const types = [
  type(MysqlType.long),
  type(MysqlType.double),
  type(MysqlType.newdecimal, { decimal: 2 }),
  type(MysqlType.varchar, { charset: 'utf8mb4', collate: 'utf8mb4_general_ci' }),
  type(MysqlType.datetime),
  type(MysqlType.duration),
  type(MysqlType.json),
];
const scope = { types, usesNewCollation: true };
const int = (value: bigint, isUnsigned = false): Constant => ({ kind: 'int', value, isUnsigned });
const compare = (op: '=' | '<>' | '<' | '<=' | '>' | '>=', column: number, value: Constant): Condition => ({
  kind: 'compare',
  op,
  column,
  value,
});

describe('tikv/coprocessor/condition-encoder', () => {
  it('picks the signature by operator and kind', () => {
    const signatures = (['<', '<=', '>', '>=', '=', '<>'] as const).map(
      (op) => encodeCondition(compare(op, 0, int(1n)), scope).sig,
    );
    expect(signatures).to.deep.equal([100, 110, 120, 130, 140, 150]);
    const constants: Constant[] = [
      int(1n),
      { kind: 'real', value: 1 },
      { kind: 'decimal', value: new Decimal(1n, 0) },
      { kind: 'string', value: utf8('x') },
      { kind: 'time', packed: 1n },
      { kind: 'duration', nanoseconds: 1n },
    ];
    const kinds = constants.map((value, column) => encodeCondition(compare('=', column, value), scope).sig);
    expect(kinds).to.deep.equal([140, 141, 142, 143, 144, 145]);
    const ins = constants.map(
      (v, column) => encodeCondition({ kind: 'in', column, values: [v, v] }, scope).sig,
    );
    expect(ins).to.deep.equal([4001, 4002, 4003, 4004, 4005, 4006]);
    const nulls = constants.map((_, column) => encodeCondition({ kind: 'isNull', column }, scope).sig);
    expect(nulls).to.deep.equal([3116, 3113, 3111, 3114, 3115, 3112]);
  });

  it('writes constants as TiDB does', () => {
    const value = (column: number, constant: Constant): string => {
      const [, child] = encodeCondition(compare('=', column, constant), scope).children!;
      return `${child!.tp} ${toHex(child!.val!)}`;
    };
    expect(value(0, int(-1n))).to.equal('1 7fffffffffffffff');
    expect(value(0, int(5n, true))).to.equal('2 0000000000000005');
    expect(value(1, { kind: 'real', value: -0 })).to.equal('4 8000000000000000');
    expect(value(1, { kind: 'real', value: -1.5 })).to.equal('4 4007ffffffffffff');
    expect(value(2, { kind: 'decimal', value: new Decimal(-1234n, 2) })).to.equal('102 040273dd');
    expect(value(3, { kind: 'string', value: utf8('ab') })).to.equal('5 6162');
    expect(value(4, { kind: 'time', packed: 258n })).to.equal('107 0000000000000102');
    expect(value(5, { kind: 'duration', nanoseconds: -1n })).to.equal('103 7fffffffffffffff');
  });

  it('compares strings by the collation in the type of the function', () => {
    const expr = encodeCondition(compare('=', 3, { kind: 'string', value: utf8('x') }), scope);
    expect(expr.fieldType!.collate).to.equal(-45);
    const old = encodeCondition(compare('=', 3, { kind: 'string', value: utf8('x') }), {
      types,
      usesNewCollation: false,
    });
    expect(old.fieldType!.collate).to.equal(45);
    expect(encodeCondition(compare('=', 0, int(1n)), scope).fieldType!.collate).to.equal(-63);
  });

  it('joins conditions in pairs', () => {
    const [a, b, c] = [1n, 2n, 3n].map((n) => compare('=', 0, int(n)));
    const expr = encodeCondition(
      { kind: 'and', conditions: [a!, { kind: 'or', conditions: [b!, c!] }] },
      scope,
    );
    expect(expr.sig).to.equal(3101);
    expect(expr.children!.map(({ sig }) => sig)).to.deep.equal([140, 3102]);
    const three = encodeCondition({ kind: 'or', conditions: [a!, b!, c!] }, scope);
    expect(three.children!.map(({ sig }) => sig)).to.deep.equal([3102, 140]);
    expect(encodeCondition({ kind: 'and', conditions: [a!] }, scope).sig).to.equal(140);
    expect(encodeCondition({ kind: 'not', condition: a! }, scope).sig).to.equal(3104);
  });

  it('refuses what TiKV would misread', () => {
    const wrong: Condition[] = [
      compare('=', 0, { kind: 'string', value: utf8('x') }),
      compare('=', 6, { kind: 'string', value: utf8('x') }),
      compare('=', 9, int(1n)),
      { kind: 'in', column: 0, values: [] },
      { kind: 'in', column: 0, values: [int(1n), { kind: 'real', value: 1 }] },
      { kind: 'and', conditions: [] },
    ];
    for (const condition of wrong) expect(() => encodeCondition(condition, scope)).to.throw();
  });

  it('tells which columns can be compared', () => {
    expect(types.map(comparisonKindOf)).to.deep.equal([
      'int',
      'real',
      'decimal',
      'string',
      'time',
      'duration',
      undefined,
    ]);
    expect(comparisonKindOf(type(MysqlType.enum))).to.equal(undefined);
  });
});
