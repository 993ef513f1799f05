/**
 * Rows a CPU second through filter and projection: `node dist/test/unit/dataflow/chain.bench.js`. Deltas of 10,000
 * rows, four columns, half of the rows pass; without and with consolidation.
 */
import { utf8 } from '../../../src/base/bytes.js';
import { appendDatum } from '../../../src/codec/cell.js';
import { columnBuilderOf } from '../../../src/codec/column-builder.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { type FieldType, MysqlType, type MysqlTypeCode } from '../../../src/codec/field-type.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import type { Constant, RowExpression } from '../../../src/dataflow/expression.js';
import { ChainOperator } from '../../../src/dataflow/operators/chain-operator.js';
import { OutputOperator } from '../../../src/dataflow/operators/output-operator.js';

const ROWS = 10_000;

function type(tp: MysqlTypeCode, collate = 'binary', decimal = 0): FieldType {
  return {
    tp,
    flag: 0,
    flen: 20,
    decimal,
    charset: collate === 'binary' ? 'binary' : 'utf8mb4',
    collate,
    elems: [],
  };
}

const TYPES = [
  type(MysqlType.longlong),
  type(MysqlType.varchar, 'utf8mb4_bin'),
  type(MysqlType.varchar, 'utf8mb4_general_ci'),
  type(MysqlType.newdecimal, 'binary', 2),
];

function rowAt(i: number): readonly Datum[] {
  const word = utf8(`${i % 2 === 0 ? 'Active' : 'closed'}-${i % 97}`);
  return [BigInt(i % 1000), word, word, new Decimal(BigInt(i * 7), 2)];
}

const builders = TYPES.map(columnBuilderOf);
for (let i = 0; i < ROWS; i++) rowAt(i).forEach((datum, k) => appendDatum(builders[k]!, datum));
const delta: Delta = {
  rows: ROWS,
  weights: Int32Array.from({ length: ROWS }, (_, i) => (i % 10 === 0 ? -1 : 1)),
  columns: builders.map((builder) => builder.finish()),
  isConsolidated: false,
};

const column = (index: number): RowExpression => ({ kind: 'column', index, type: TYPES[index]! });
const constant = (value: Datum, index: number): Constant => ({
  kind: 'constant',
  value,
  type: TYPES[index]!,
});
const text = (index: number) =>
  ({ kind: 'string', collation: TYPES[index]!.collate, isNewCollation: true }) as const;

const PREDICATES: Readonly<Record<string, RowExpression>> = {
  'int <': {
    kind: 'compare',
    operator: '<',
    domain: { kind: 'integer' },
    left: column(0),
    right: constant(500n, 0),
  },
  'decimal <': {
    kind: 'compare',
    operator: '<',
    domain: { kind: 'decimal' },
    left: column(3),
    right: constant(new Decimal(35_000n, 2), 3),
  },
  'utf8mb4_bin =': {
    kind: 'compare',
    operator: '=',
    domain: text(1),
    left: column(1),
    right: constant(utf8('Active-2'), 1),
  },
  'utf8mb4_bin <': {
    kind: 'compare',
    operator: '<',
    domain: text(1),
    left: column(1),
    right: constant(utf8('b'), 1),
  },
  'general_ci <': {
    kind: 'compare',
    operator: '<',
    domain: text(2),
    left: column(2),
    right: constant(utf8('b'), 2),
  },
  "utf8mb4_bin LIKE 'Act%'": {
    kind: 'like',
    collation: 'utf8mb4_bin',
    isNewCollation: true,
    operand: column(1),
    pattern: utf8('Act%'),
    escape: 0x5c,
  },
  "general_ci LIKE 'aCT%'": {
    kind: 'like',
    collation: 'utf8mb4_general_ci',
    isNewCollation: true,
    operand: column(2),
    pattern: utf8('aCT%'),
    escape: 0x5c,
  },
};

/** Millions of rows a CPU second, the best of a few rounds. */
function millionsPerSecond(work: () => void): number {
  let best = 0;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    const epochs = 300;
    for (let i = 0; i < epochs; i++) work();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, (epochs * ROWS) / (user + system));
  }
  return best;
}

const ITEMS: Readonly<Record<string, readonly RowExpression[]>> = {
  '→ int': [column(0)],
  '→ 4 columns': [0, 1, 2, 3].map(column),
};
for (const [filter, predicate] of Object.entries(PREDICATES)) {
  for (const [what, items] of Object.entries(ITEMS)) {
    const chain = new ChainOperator({ input: TYPES, predicate, items });
    const output = new OutputOperator(false);
    const run = (): void => {
      chain.begin([delta]);
      chain.run(ROWS);
    };
    const withOutput = (): void => {
      run();
      output.begin([chain.output]);
      output.run(ROWS);
    };
    const [alone, whole] = [millionsPerSecond(run), millionsPerSecond(withOutput)];
    console.log(
      `${filter.padEnd(26)} ${what.padEnd(12)} ${alone.toFixed(1).padStart(7)} M rows/cpu-s, consolidated ${whole.toFixed(1).padStart(6)}`,
    );
  }
}
