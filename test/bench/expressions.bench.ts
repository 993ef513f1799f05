/**
 * Rows a CPU second through one compiled expression: `node dist/test/bench/expressions.bench.js`. Deltas of 10,000 rows,
 * all of which pass; beside each figure that of the plain evaluator, value by value.
 */
import { utf8 } from '../../src/base/bytes.js';
import { appendDatum } from '../../src/codec/cell.js';
import { columnBuilderOf } from '../../src/codec/column-builder.js';
import type { Datum } from '../../src/codec/datum.js';
import { Decimal } from '../../src/codec/decimal.js';
import { type FieldType, MysqlType, type MysqlTypeCode } from '../../src/codec/field-type.js';
import { packTime, parseTime } from '../../src/codec/packed-time.js';
import { compileProgram } from '../../src/dataflow/compile/compile-program.js';
import { bindExpression } from '../../src/plan/bind-expression.js';
import { evaluateColumn } from '../../src/plan/reference/evaluate-expression.js';
import { Scope } from '../../src/plan/scope.js';
import { parseSelect } from '../../src/sql/parse/select-parser.js';

const ROWS = 10_000;
const ROUNDS = 5;

function type(tp: MysqlTypeCode, flen: number, decimal: number, collate = 'binary'): FieldType {
  const charset = collate === 'binary' ? 'binary' : 'utf8mb4';
  return { tp, flag: 0, flen, decimal, charset, collate, elems: [] };
}

const COLUMNS: readonly (readonly [string, FieldType, (i: number) => Datum])[] = [
  ['a', type(MysqlType.longlong, 20, 0), (i) => BigInt(i % 1000)],
  ['b', type(MysqlType.longlong, 20, 0), (i) => BigInt(i * 1_000_003)],
  ['x', type(MysqlType.longlong, 20, 0), (i) => 2n ** 60n + BigInt(i)],
  ['d', type(MysqlType.newdecimal, 12, 2), (i) => new Decimal(BigInt(i * 7), 2)],
  ['w', type(MysqlType.newdecimal, 30, 10), (i) => new Decimal(10n ** 25n + BigInt(i), 10)],
  ['f', type(MysqlType.double, 22, -1), (i) => i * 0.25],
  ['s', type(MysqlType.varchar, 20, -1, 'utf8mb4_bin'), (i) => utf8(`name-${i % 97}`)],
  ['t', type(MysqlType.varchar, 20, -1, 'utf8mb4_bin'), (i) => utf8(`Größe ${i % 7}`)],
  ['dt', type(MysqlType.datetime, 19, 0), () => packTime(parseTime('2024-02-29 12:34:56')!)],
];

const EXPRESSIONS = [
  '`a`+`b`',
  '`a`*3-`b`',
  '`x`+1',
  '`d`*1.19',
  '`d`/3',
  '`w`+`d`',
  '`f`*2e0+`a`',
  'CASE WHEN `a`>500 THEN `d` ELSE 0 END',
  'IFNULL(`a`,0)',
  'ROUND(`d`,1)',
  "CONCAT(`s`,_UTF8MB4'-',`t`)",
  'UPPER(`s`)',
  'SUBSTRING(`t`,2,3)',
  'CONCAT(`a`,`s`)',
  'CHAR_LENGTH(`t`)',
  'YEAR(`dt`)',
  '(`a`+`b`)%7=0',
];

const types = COLUMNS.map(([, columnType]) => columnType);
const rows = Array.from({ length: ROWS }, (_, i) => COLUMNS.map(([, , make]) => make(i)));
const columns = COLUMNS.map(([, columnType], k) => {
  const builder = columnBuilderOf(columnType);
  for (const row of rows) appendDatum(builder, row[k]!);
  return builder.finish();
});
const scope = new Scope(
  COLUMNS.map(([name, columnType]) => ({
    database: 'd',
    table: 't',
    name,
    type: columnType,
    refusal: undefined,
  })),
);

/** Millions of rows a CPU second, the best of a few rounds. */
function millionsPerSecond(epochs: number, work: () => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < epochs; i++) work();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (epochs * ROWS) / (user + system));
  }
  return best;
}

const selected = Int32Array.from({ length: ROWS }, (_, i) => i);
for (const text of EXPRESSIONS) {
  const sql = `SELECT ${text} AS \`x\` FROM \`d\`.\`t\``;
  const { body } = parseSelect(sql);
  const item = body.kind === 'select' ? body.items[0] : undefined;
  if (item?.kind !== 'item') throw new Error(sql);
  const bound = bindExpression(item.value, {
    text: sql,
    scope,
    comparison: { offsetMinutes: 0, isNewCollation: true },
  });
  const [output] = compileProgram({ input: types, predicate: undefined, items: [bound] }).outputs;
  if (output?.kind !== 'computed') throw new Error(`${text} is not computed`);
  const compiled = millionsPerSecond(60, () => output.make(columns, selected, ROWS));
  const plain = millionsPerSecond(1, () => rows.forEach((row) => evaluateColumn(bound, row)));
  console.log(
    `${text.padEnd(40)} ${compiled.toFixed(1).padStart(7)} M rows/cpu-s, plain ${plain.toFixed(2).padStart(6)}`,
  );
}
