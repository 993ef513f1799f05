/** Random scalar expressions over a table with a column of every kind that expressions compute with. */
import type { Chance } from './random.js';

/** What an expression is meant to give; TiDB converts where another kind is wanted. */
export type Kind = 'integer' | 'decimal' | 'real' | 'string' | 'moment' | 'boolean';

/** The table: two columns of most kinds, of sizes at which arithmetic overflows, and of sizes at which it does not. */
export const EXPRESSION_TABLE = `create table ex (
  id int primary key, ti tinyint, si smallint not null, i int, b bigint, bu bigint unsigned, iu int unsigned,
  d decimal(10,2), e decimal(20,5), w decimal(30,10), z decimal(5,0), f double, g double not null,
  s varchar(20), t varchar(20) collate utf8mb4_general_ci, c char(5), n varchar(10) not null,
  da date, dt datetime, dm datetime(3), ts timestamp)`;

const COLUMNS: Readonly<Record<Kind, readonly string[]>> = {
  integer: ['ti', 'si', 'i', 'b', 'bu', 'iu', 'id'],
  decimal: ['d', 'e', 'w', 'z'],
  real: ['f', 'g'],
  string: ['s', 't', 'c', 'n'],
  moment: ['da', 'dt', 'dm'],
  boolean: ['ti', 'i'],
};

const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  integer: ['0', '1', '-1', '2', '3', '7', '10', '-4', '100', '2147483648', '9223372036854775807'],
  decimal: ['0.0', '1.5', '-0.5', '2.50', '0.001', '3.33333', '100.00', '99999999.99'],
  real: ['0e0', '1e0', '-2.5e0', '1e10', '0.1e0', '3e-5'],
  string: [`''`, `'a'`, `'B'`, `'abc'`, `'12'`, `' x '`, `'é'`, `'1.5x'`],
  moment: [`DATE '2024-02-29'`, `TIMESTAMP '2023-12-31 23:59:59'`],
  boolean: ['TRUE', 'FALSE', '1', '0'],
};

/** Values for the columns, in order, as SQL. */
const VALUES: readonly (readonly string[])[] = [
  ['0', '1', '-1', '5', '127', '-128', 'null'],
  ['0', '1', '-3', '32767', '-32768'],
  ['0', '7', '-9', '2147483647', '-2147483648', 'null', '12', '100'],
  ['0', '3', '-3', '9223372036854775807', '-9223372036854775808', '9007199254740993', '1000000', 'null'],
  ['0', '4', '18446744073709551615', '9223372036854775808', '9007199254740993', '10', 'null'],
  ['0', '1', '4294967295', '17', 'null'],
  ['0', '1.25', '-1.25', '99999999.99', '-99999999.99', '0.01', '33.33', '2.50', 'null'],
  ['0', '3.33333', '-0.00001', '999999999999999.99999', '1.5', '-2.5', 'null'],
  ['0', '1.0000000001', '-99999999999999999999.9999999999', '12345678901.5', '0.5', 'null'],
  ['0', '5', '-5', '99999', 'null'],
  ['0', '1.5', '-2.5', '1e15', '1e-7', '0.1', '1e300', '-3', 'null', '12345.678'],
  ['0', '2', '-0.5', '1e10', '3.7'],
  [
    `''`,
    `'a'`,
    `'Abc'`,
    `'héllo wörld'`,
    `'12'`,
    `'-3.5xyz'`,
    `'  pad  '`,
    `'aaa'`,
    `'中文字'`,
    `'1e2'`,
    'null',
  ],
  [`'ABC'`, `'abc '`, `'x'`, `''`, `'ÀÉ'`, `'10'`, 'null'],
  [`'a'`, `'ab'`, `'b c'`, `''`, 'null'],
  [`'n'`, `''`, `'0'`, `'xyz'`],
  [`'2024-02-29'`, `'1999-12-31'`, `'9999-12-31'`, 'null', `'2024-01-01'`],
  [`'2024-02-29 23:59:59'`, `'2000-01-01 00:00:00'`, 'null', `'1987-06-05 04:03:02'`],
  [`'2024-02-29 23:59:59.999'`, `'2000-01-01 00:00:00'`, 'null'],
  [`'2024-02-29 23:59:59'`, `'2000-01-01 00:00:00'`, `'1970-01-02 00:00:01'`, 'null'],
];

/** A row of the table. */
export function randomRow(id: number, chance: Chance): string {
  return `(${[String(id), ...VALUES.map((values) => chance.pick(values))].join(', ')})`;
}

/** An expression of a kind, no deeper than so many levels. */
export function randomExpression(kind: Kind, depth: number, chance: Chance): string {
  if (depth === 0 || chance.percent(15)) return leaf(kind, chance);
  const sub = (other: Kind = kind): string => randomExpression(other, depth - 1, chance);
  const control = controls(kind, sub, chance);
  if (chance.percent(25)) return chance.pick(control)();
  return chance.pick(functionsOf(kind, sub, chance))();
}

function leaf(kind: Kind, chance: Chance): string {
  if (chance.percent(3)) return 'NULL';
  return chance.pick(chance.percent(75) ? COLUMNS[kind] : LITERALS[kind]);
}

type Maker = () => string;

function controls(kind: Kind, sub: (other?: Kind) => string, chance: Chance): readonly Maker[] {
  const other = (): Kind =>
    chance.percent(85) ? kind : chance.pick<Kind>(['integer', 'decimal', 'real', 'string']);
  return [
    () => `if(${sub('boolean')}, ${sub(other())}, ${sub()})`,
    () => `ifnull(${sub()}, ${sub(other())})`,
    () => `coalesce(${sub()}, ${sub(other())}, ${sub()})`,
    () => `nullif(${sub()}, ${sub()})`,
    () => `case when ${sub('boolean')} then ${sub()} when ${sub('boolean')} then ${sub(other())} end`,
    () => `case ${sub('integer')} when ${sub('integer')} then ${sub()} else ${sub()} end`,
  ];
}

function functionsOf(kind: Kind, sub: (other?: Kind) => string, chance: Chance): readonly Maker[] {
  const number = (): string => sub(chance.pick<Kind>(['integer', 'decimal', 'real', 'integer']));
  const small = (): string => chance.pick(['0', '1', '2', '3', '-1', '-2', '5']);
  switch (kind) {
    case 'integer':
      return [
        () => `(${sub()} ${chance.pick(['+', '-', '*'])} ${sub()})`,
        () => `(${sub()} ${chance.pick(['div', '%'])} ${sub(chance.pick<Kind>(['integer', 'decimal']))})`,
        () => `(-${sub()})`,
        () => `abs(${sub()})`,
        () => `sign(${number()})`,
        () => `${chance.pick(['ceil', 'floor'])}(${sub(chance.pick<Kind>(['integer', 'decimal']))})`,
        () => `round(${sub()}, ${small()})`,
        () => `truncate(${sub()}, ${small()})`,
        () => `${chance.pick(['length', 'char_length'])}(${sub('string')})`,
        () => `${chance.pick(['year', 'month', 'day', 'hour', 'minute', 'second'])}(${sub('moment')})`,
        () => `${chance.pick(['year', 'month', 'day', 'hour', 'minute'])}(ts)`,
        () => `cast(${sub(chance.pick<Kind>(['decimal', 'real', 'string', 'integer', 'moment']))} as signed)`,
        () => `cast(${sub(chance.pick<Kind>(['decimal', 'string', 'integer']))} as unsigned)`,
        () => `${chance.pick(['greatest', 'least'])}(${sub()}, ${sub()})`,
        () => `(${sub('boolean')})`,
      ];
    case 'decimal':
      return [
        () => `(${sub()} ${chance.pick(['+', '-', '*', '/', '%'])} ${sub()})`,
        () => `(${sub('integer')} / ${sub('integer')})`,
        () => `(${sub()} ${chance.pick(['+', '-', '*', '/', '%'])} ${sub('integer')})`,
        () => `(-${sub()})`,
        () => `abs(${sub()})`,
        () => `round(${sub()}, ${small()})`,
        () => `truncate(${sub()}, ${small()})`,
        () => `round(${sub()})`,
        () =>
          `cast(${sub(chance.pick<Kind>(['integer', 'real', 'string', 'decimal']))} as decimal(${chance.pick(['10,2', '5,0', '30,10', '20,5'])}))`,
        () => `${chance.pick(['greatest', 'least'])}(${sub()}, ${sub('integer')})`,
      ];
    case 'real':
      return [
        () => `(${sub()} ${chance.pick(['+', '-', '*', '/', '%'])} ${number()})`,
        () => `(${sub('string')} ${chance.pick(['+', '-', '*'])} ${number()})`,
        () => `(-${sub()})`,
        () => `abs(${sub()})`,
        () => `${chance.pick(['ceil', 'floor', 'round'])}(${sub()})`,
        () => `${chance.pick(['round', 'truncate'])}(${sub()}, ${small()})`,
        () => `${chance.pick(['greatest', 'least'])}(${sub()}, ${number()})`,
        () => `cast(${sub(chance.pick<Kind>(['string', 'decimal', 'integer']))} as double)`,
      ];
    case 'string':
      return [
        () =>
          `concat(${sub()}, ${sub(chance.pick<Kind>(['string', 'integer', 'decimal', 'real', 'moment']))})`,
        () => `concat_ws(${sub()}, ${sub()}, ${sub('integer')}, ${sub()})`,
        () => `${chance.pick(['upper', 'lower'])}(${sub()})`,
        () => `substring(${sub()}, ${chance.pick([small(), sub('integer')])})`,
        () => `substring(${sub()}, ${small()}, ${small()})`,
        () => `${chance.pick(['left', 'right'])}(${sub()}, ${chance.pick([small(), sub('integer')])})`,
        () => `${chance.pick(['trim', 'ltrim', 'rtrim'])}(${sub()})`,
        () => `trim(${chance.pick(['both', 'leading', 'trailing'])} ${sub()} from ${sub()})`,
        () => `replace(${sub()}, ${sub()}, ${sub()})`,
        () => `${chance.pick(['lpad', 'rpad'])}(${sub()}, ${chance.pick(['0', '3', '12'])}, ${sub()})`,
        () =>
          `cast(${sub(chance.pick<Kind>(['integer', 'decimal', 'real', 'moment', 'string']))} as char${chance.pick(['', '(3)'])})`,
      ];
    case 'moment':
      return [
        () => `date(${sub()})`,
        () => `cast(${chance.pick([sub(), 'ts'])} as date)`,
        () => `cast(ts as datetime)`,
        () => `date(ts)`,
        () => `cast(${sub()} as datetime)`,
      ];
    case 'boolean':
      return [
        () => `(${number()} ${comparison(chance)} ${number()})`,
        () => `(${sub('string')} ${comparison(chance)} ${sub(chance.percent(75) ? 'string' : 'integer')})`,
        () => `(${sub('moment')} ${comparison(chance)} ${sub('moment')})`,
        () => `(${sub()} ${chance.pick(['and', 'or', 'xor'])} ${sub()})`,
        () => `(not ${sub()})`,
        () =>
          `(${sub(chance.pick<Kind>(['integer', 'decimal', 'string']))} is ${chance.pick(['', 'not '])}null)`,
        () => `(${number()} is ${chance.pick(['', 'not '])}${chance.pick(['true', 'false'])})`,
        () => `(${number()} between ${number()} and ${number()})`,
        () => `(${sub('integer')} in (${sub('integer')}, 1, 2, ${sub('integer')}))`,
        () => `(${sub('string')} like ${chance.pick([`'a%'`, `'%b_'`, `'_'`, `'%é%'`])})`,
      ];
  }
}

function comparison(chance: Chance): string {
  return chance.pick(['=', '<>', '<', '<=', '>', '>=', '<=>']);
}
