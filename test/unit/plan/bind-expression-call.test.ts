import { expect } from 'chai';
import { cellAt } from '../../../src/codec/cell.js';
import { appendDatum } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { compileProgram } from '../../../src/dataflow/compile/compile-program.js';
import { EvaluationError } from '../../../src/dataflow/evaluation-error.js';
import { type RowExpression, typeOf as typeOfExpression } from '../../../src/dataflow/expression.js';
import { bindExpression } from '../../../src/plan/bind-expression.js';
import { Scope } from '../../../src/plan/scope.js';
import { typeName } from '../../../src/plan/typing/value-class.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import { parseSelect } from '../../../src/sql/parse/select-parser.js';
import { text, typeOf, unsigned } from './table.js';

const COLUMNS: readonly (readonly [string, ReturnType<typeof typeOf>])[] = [
  ['i', typeOf('long', { flen: 11 })],
  ['b', typeOf('longlong')],
  ['u', unsigned(typeOf('longlong'))],
  ['d', typeOf('newdecimal', { flen: 10, decimal: 2 })],
  ['w', typeOf('newdecimal', { flen: 65, decimal: 30 })],
  ['f', typeOf('double', { decimal: -1 })],
  ['s', text()],
  ['g', text('utf8mb4_general_ci')],
  ['h', text('utf8mb4_unicode_ci')],
  ['da', typeOf('date')],
  ['dm', typeOf('datetime', { decimal: 3 })],
  ['js', typeOf('json')],
];
const SCOPE = new Scope(
  COLUMNS.map(([name, type]) => ({ database: 'd', table: 't', name, type, refusal: undefined })),
);
const TYPES = COLUMNS.map(([, type]) => type);

/** Binds canonical text. */
function bind(expression: string): RowExpression {
  const sql = `SELECT ${expression} AS \`x\` FROM \`d\`.\`t\``;
  const { body } = parseSelect(sql);
  const item = body.kind === 'select' ? body.items[0] : undefined;
  if (item?.kind !== 'item') throw new Error(sql);
  return bindExpression(item.value, {
    text: sql,
    scope: SCOPE,
    comparison: { offsetMinutes: 0, isNewCollation: true },
  });
}

/** The type as DDL says it, or the reason of a refusal. */
function typed(expression: string): string {
  try {
    const { tp, flen, decimal, collate, flag, ...rest } = typeOfExpression(bind(expression));
    const name = typeName({ tp, flen, decimal, collate, flag, ...rest });
    if (name === 'DECIMAL') return `DECIMAL(${flen},${decimal})`;
    return collate === 'binary' ? name : collate;
  } catch (error) {
    if (error instanceof NotSupportedError) return `refused: ${error.reason}`;
    throw error;
  }
}

/** The value on a row of some columns; the others are NULL. */
function value(expression: string, row: Readonly<Record<string, Datum>>): string {
  const bound = bind(expression);
  const columns = COLUMNS.map(([name, type]) => {
    const builder = columnBuilderOf(type);
    appendDatum(builder, row[name] ?? null);
    return builder.finish();
  });
  const [output] = compileProgram({ input: TYPES, predicate: undefined, items: [bound] }).outputs;
  if (output?.kind === 'column') throw new Error('a column');
  const made = output!.kind === 'constant' ? output!.make(1) : output!.make(columns, Int32Array.of(0), 1);
  const datum = cellAt(made, 0, typeOfExpression(bound));
  return datum instanceof Uint8Array ? Buffer.from(datum).toString() : String(datum);
}

describe('plan/bind-expression-call', () => {
  const types: readonly (readonly [string, string])[] = [
    ['`i`+1', 'BIGINT'],
    ['`i`+`u`', 'BIGINT UNSIGNED'],
    ['`i`+`d`', 'DECIMAL(13,2)'],
    ['`d`*`d`', 'DECIMAL(20,4)'],
    ['`i`/3', 'DECIMAL(15,4)'],
    ['`d`/3', 'DECIMAL(14,6)'],
    ['`d`%`i`', 'DECIMAL(11,2)'],
    ['`d` DIV `i`', 'BIGINT'],
    ['`d`+`f`', 'DOUBLE'],
    ['`s`+1', 'DOUBLE'],
    ['-`u`', 'BIGINT'],
    ['ABS(`u`)', 'BIGINT UNSIGNED'],
    ['ROUND(`d`,1)', 'DECIMAL(10,1)'],
    ['CEIL(`d`)', 'BIGINT'],
    ['FLOOR(`w`)', 'DECIMAL(65,0)'],
    ['IF(`i`>0,`i`,`d`)', 'DECIMAL(13,2)'],
    ['IF(`i`>0,`b`,`u`)', 'DECIMAL(21,0)'],
    ['COALESCE(`i`,`f`)', 'DOUBLE'],
    ["IFNULL(`s`,_UTF8MB4'x')", 'utf8mb4_bin'],
    ['CONCAT(`g`,`i`)', 'utf8mb4_general_ci'],
    ['CONCAT(`g`,`s`)', 'utf8mb4_bin'],
    ['UPPER(`g`)', 'utf8mb4_general_ci'],
    ['LENGTH(`s`)', 'BIGINT'],
    ['YEAR(`da`)', 'BIGINT'],
    ['DATE(`dm`)', 'DATE'],
    ['CAST(`d` AS SIGNED)', 'BIGINT'],
    ['CAST(`s` AS DECIMAL(8,3))', 'DECIMAL(8,3)'],
    ["CAST(_UTF8MB4'2024-01-02' AS DATE)", 'DATE'],
  ];
  for (const [expression, type] of types) {
    it(`types ${expression} as ${type}`, () => expect(typed(expression)).equal(type));
  }

  const refusals: readonly (readonly [string, string])[] = [
    ['`js`+1', 'arithmetic on JSON values is not supported yet'],
    ['`w`*`w`', 'TiDB may cut off digits of its result, which is beyond what it computes with'],
    ['`f` DIV 2', 'DIV of floating-point numbers is not supported yet'],
    ['`d`/3+`f`', 'how many digits of a quotient go into a floating-point number depends on its value'],
    ['CONCAT(`d`/3)', 'how many digits the text of a quotient has depends on its value'],
    ['CONCAT(`g`,`h`)', 'strings of the collations utf8mb4_general_ci and utf8mb4_unicode_ci meet'],
    ['IF(`i`>0,`s`,`i`)', 'values of the types VARCHAR and INT are merged'],
    ['COALESCE(`da`,`dm`)', 'COALESCE of moments of different types shows each in its own'],
    ['CAST(`s` AS DATE)', 'casts of VARCHAR to DATE are not supported yet'],
    ['CAST(`s` AS CHAR)', 'the collation of a string that is cast to CHAR is that of the connection'],
    ['ROUND(`d`,`i`)', 'the number of digits is no integer literal'],
    ['RAND()', 'its value does not depend on the contents of tables alone'],
    ['SHA1(`s`)', 'the function SHA1 is not supported yet'],
    ['`i`+NULL', 'NULL is computed with'],
    ['COALESCE(`d`,`w`)+`i`/3', 'how many digits TiDB shows of it depends on where a value comes from'],
  ];
  for (const [expression, reason] of refusals) {
    it(`refuses ${expression}`, () => expect(typed(expression)).equal(`refused: ${reason}`));
  }

  const max = 2n ** 63n - 1n;
  const values: readonly (readonly [string, Readonly<Record<string, Datum>>, string])[] = [
    ['`b`-1', { b: -(2n ** 53n) }, '-9007199254740993'],
    ['`b`*3', { b: 2n ** 53n + 1n }, '27021597764222979'],
    ['`u`+0', { u: 2n ** 64n - 1n }, '18446744073709551615'],
    ['-1*`u`', { u: 1n }, '18446744073709551615'],
    ['`i` DIV 0', { i: 1n }, 'null'],
    ['`i`%-3', { i: -7n }, '-1'],
    ['`d`/3', { d: new Decimal(125n, 2) }, '0.416667'],
    ['(`d`/3)*3', { d: new Decimal(125n, 2) }, '1.250000'],
    ['ROUND(`d`,-1)', { d: new Decimal(-1550n, 2) }, '-20'],
    ['ROUND(`f`)', { f: 2.5 }, '2'],
    ['CAST(`d` AS DECIMAL(3,1))', { d: new Decimal(99_999n, 2) }, '99.9'],
    ['CAST(`s` AS SIGNED)', { s: Buffer.from(' -12x') }, '-12'],
    ['SUBSTRING(`s`,-2)', { s: Buffer.from('aé中') }, 'é中'],
    ["REPLACE(`s`,_UTF8MB4'a',_UTF8MB4'bb')", { s: Buffer.from('aca') }, 'bbcbb'],
    ["CONCAT_WS(_UTF8MB4',',`s`,`g`,`i`)", { s: Buffer.from('a'), i: 1n }, 'a,1'],
    ["LPAD(`s`,5,_UTF8MB4'xy')", { s: Buffer.from('é') }, 'xyxyé'],
    ['CASE `i` WHEN 1 THEN `s` ELSE `g` END', { i: 2n, g: Buffer.from('g') }, 'g'],
    ['NULLIF(`i`,1)', { i: 1n }, 'null'],
    ['`i` IN (`b`,3)', { i: 3n }, '1'],
  ];
  for (const [expression, row, expected] of values) {
    it(`computes ${expression}`, () => expect(value(expression, row)).equal(expected));
  }

  it('fails with the piece of SQL that is out of range', () => {
    expect(() => value('`i`+(`b`+1)', { i: 1n, b: max }))
      .throw(EvaluationError, "BIGINT value is out of range in '`b`+1'")
      .with.property('errno', 1690);
    expect(() => value('`u`-1', { u: 0n })).throw(EvaluationError, 'BIGINT UNSIGNED value');
    expect(() => value('`f`*1e300', { f: 1e300 })).throw(EvaluationError, 'DOUBLE value');
  });

  it('computes only the branch that is asked for', () => {
    const row = { i: 0n, b: max };
    expect(value('IF(`i`=0,1,`b`+1)', row)).equal('1');
    expect(value('`i`<>0 AND `b`+1>0', row)).equal('0');
    expect(value('`i`=0 OR `b`+1>0', row)).equal('1');
    expect(value('COALESCE(`i`,`b`+1)', row)).equal('0');
    expect(() => value('IF(`i`=1,1,`b`+1)', row)).throw(EvaluationError);
  });

  it('folds what depends on no column, unless it has no value', () => {
    expect(bind('1+2*3')).deep.include({ kind: 'constant', value: 7n });
    expect(bind("UPPER(_UTF8MB4'aß')").kind).equal('constant');
    expect(bind('9223372036854775807+1').kind).equal('call');
  });
});
