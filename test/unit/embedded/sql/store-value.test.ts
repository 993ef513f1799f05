import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { SqlError } from '../../../../src/base/errors.js';
import { Decimal } from '../../../../src/codec/decimal.js';
import type { Datum } from '../../../../src/codec/datum.js';
import { datumText } from '../../../../src/codec/datum-text.js';
import type { FieldType } from '../../../../src/codec/field-type.js';
import { columnType } from '../../../../src/embedded/sql/column-types.js';
import { storedValue } from '../../../../src/embedded/sql/store-value.js';
import { typeText } from '../../../../src/embedded/sql/type-text.js';
import { numberConstant, stringConstant } from '../../../../src/plan/typing/literal.js';
import { parseStatement } from '../../../../src/sql/parse/statement-parser.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';

const CHARSET = { charset: 'utf8mb4', collate: 'utf8mb4_bin' };
const SPAN = { start: 0, end: 0 };

function typeOf(ddl: string): FieldType {
  const statement = parseStatement(`create table t (a ${ddl})`, DEFAULT_LEX_MODE);
  const [column] = statement.kind === 'createTable' ? statement.columns : [];
  if (column === undefined) throw new Error(ddl);
  return columnType('a', column.type, CHARSET);
}

function constant(value: string | number) {
  const found =
    typeof value === 'string'
      ? stringConstant({ kind: 'string', span: SPAN, value, charset: undefined })
      : numberConstant({
          kind: 'number',
          span: SPAN,
          form: Number.isInteger(value) ? 'integer' : 'decimal',
          text: String(value),
        });
  if (found === undefined) throw new Error(String(value));
  return found;
}

/** What is stored, as text; or the error's number. */
function stored(ddl: string, value: string | number, offsetMinutes = 0): string {
  const type = typeOf(ddl);
  const given = constant(value);
  try {
    const datum: Datum = storedValue(given.value, given.type, { name: 'a', type, row: 1, offsetMinutes });
    return datumText(datum, type);
  } catch (error) {
    if (error instanceof SqlError) return String(error.errno);
    throw error;
  }
}

describe('embedded/sql/store-value', () => {
  const cases: readonly (readonly [string, string | number, string])[] = [
    ['int', '12abc', '1366'],
    ['int', ' 7 ', '7'],
    ['int', 2.5, '3'],
    ['int', 2147483648, '1264'],
    ['int unsigned', 4294967295, '4294967295'],
    ['tinyint', 128, '1264'],
    ['bigint unsigned', '18446744073709551615', '18446744073709551615'],
    ['bigint', '9223372036854775808', '1264'],
    ['decimal(5,2)', '1.235', '1.24'],
    ['decimal(5,2)', 1000, '1264'],
    ['decimal(5,2) unsigned', '-1', '1264'],
    ['decimal(5,2)', '1e2', '100.00'],
    ['double', 'x', '1366'],
    ['float(5,2)', '1.239', '1.24'],
    ['varchar(3)', 'abc   ', 'abc'],
    ['varchar(3)', 'äöüß', '1406'],
    ['char(5)', 'ab  ', 'ab'],
    ['binary(4)', 'ab', 'ab\0\0'],
    ['tinytext', 'ä'.repeat(128), '1406'],
    ['date', '2023-02-29', '1292'],
    ['date', 20240229, '2024-02-29'],
    ['date', '24/2/9', '2024-02-09'],
    ['datetime', '2024-12-31 23:59:59.5', '2025-01-01 00:00:00'],
    ['datetime(3)', '2024-12-31 23:59:59.9996', '2025-01-01 00:00:00.000'],
    ['datetime', '2024-01-01T10:00', '2024-01-01 10:00:00'],
    ['datetime', '2024-01-01 24:00:00', '1292'],
    ['timestamp', '1969-12-31 00:00:00', '1292'],
    ['time', '-838:59:59', '-838:59:59'],
    ['time', '839:00:00', '1292'],
    ['time', 102, '00:01:02'],
    ['time(1)', '1:2:3.45', '01:02:03.5'],
    ['year', '70', '1970'],
    ['year', 2156, '1264'],
    ["enum('a','b')", 'B', '1265'],
    ["enum('a','b') collate utf8mb4_general_ci", 'B', 'b'],
    ["enum('a','b')", 3, '1265'],
    ["set('a','b')", 'b,a', 'a,b'],
    ["set('a','b')", 4, '1265'],
    ['bit(3)', 8, '1406'],
    ['json', '{}', '1235'],
  ];
  for (const [ddl, value, wanted] of cases) {
    it(`stores ${JSON.stringify(value).slice(0, 40)} in ${ddl} as ${wanted}`, () => {
      expect(stored(ddl, value)).to.equal(wanted);
    });
  }

  it('stores a TIMESTAMP of a time zone in UTC', () => {
    expect(stored('timestamp', '2024-01-01 01:00:00', 120)).to.equal('2023-12-31 23:00:00');
  });

  it('keeps NULL, and takes values of other types by what they show', () => {
    const to = { name: 'a', type: typeOf('varchar(10)'), row: 1, offsetMinutes: 0 };
    expect(storedValue(null, to.type, to)).to.equal(null);
    expect(storedValue(new Decimal(150n, 2), typeOf('decimal(5,2)'), to)).to.deep.equal(utf8('1.50'));
  });
});

describe('embedded/sql/column-types and type-text', () => {
  it('show a type as TiDB does', () => {
    const shown: readonly (readonly [string, string])[] = [
      ['bool', 'tinyint(1)'],
      ['integer unsigned', 'int(10) unsigned'],
      ['bigint', 'bigint(20)'],
      ['int(5) zerofill', 'int(5) unsigned zerofill'],
      ['numeric(7)', 'decimal(7,0)'],
      ['double precision', 'double'],
      ['float(30)', 'double'],
      ['nchar(3)', 'char(3)'],
      ['varbinary(9)', 'varbinary(9)'],
      ['datetime(3)', 'datetime(3)'],
      ['timestamp', 'timestamp'],
      ['year', 'year(4)'],
      ["set('a','it''s')", "set('a','it''s')"],
      ['longblob', 'longblob'],
    ];
    for (const [ddl, wanted] of shown) expect(typeText(typeOf(ddl)), ddl).to.equal(wanted);
  });

  it('refuse what is no type', () => {
    for (const [ddl, errno] of [
      ['varchar(20000)', 1074],
      ['decimal(66,2)', 1426],
      ['decimal(5,31)', 1425],
      ['varchar(3) charset nosuch', 1115],
      ['varchar(3) charset latin1 collate utf8mb4_bin', 1253],
      ['geometry', 1235],
    ] as const)
      expect(() => typeOf(ddl), ddl)
        .to.throw(SqlError)
        .with.property('errno', errno);
  });
});
