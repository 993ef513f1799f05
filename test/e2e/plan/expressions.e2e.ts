import { expect } from 'chai';
import type { Connection } from 'mysql2/promise';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import { cellAt } from '../../../src/codec/cell.js';
import type { Datum } from '../../../src/codec/datum.js';
import { Decimal } from '../../../src/codec/decimal.js';
import type { FieldType } from '../../../src/codec/field-type.js';
import { compileProgram } from '../../../src/dataflow/compile/compile-program.js';
import { EvaluationError } from '../../../src/dataflow/evaluation-error.js';
import { type RowExpression, typeOf } from '../../../src/dataflow/expression.js';
import { bindExpression } from '../../../src/plan/bind-expression.js';
import type { DescribedColumn } from '../../../src/plan/describe.js';
import { evaluateColumn } from '../../../src/plan/reference/evaluate-expression.js';
import { Scope } from '../../../src/plan/scope.js';
import { disagreement } from '../../../src/plan/type-agreement.js';
import { DEFAULT_SETTINGS } from '../../../src/plan/typing/bound.js';
import { NotSupportedError } from '../../../src/sql/not-supported-error.js';
import { parseSelect } from '../../../src/sql/parse/select-parser.js';
import { EXPRESSION_REGRESSIONS } from './expression-regressions.js';
import { type LocalRig, startLocalRig } from './local-rig.js';
import { Chance, seedOfRun } from './random.js';
import { EXPRESSION_TABLE, type Kind, randomExpression, randomRow } from './random-expression.js';
import {
  bytesOf,
  datumOf,
  deltaOf,
  describedColumns,
  oneText,
  tableVersion,
  textRows,
} from './table-under-test.js';

/** How long the random part goes on: 30 s in CI, as long as one likes by hand. */
const SECONDS = Number(process.env['PLAN_SECONDS'] ?? 30);
const KINDS: readonly Kind[] = ['integer', 'decimal', 'real', 'string', 'moment', 'boolean'];
const ITEMS_A_VIEW = 24;
const ROWS = 40;
const ZONES = [
  { name: '+00:00', minutes: 0 },
  { name: '+08:00', minutes: 480 },
  { name: '-05:30', minutes: -330 },
];

/** What became of the expressions of a run. */
interface Outcome {
  equal: number;
  errors: number;
  /** Types that we do not understand: such a view is refused when it is created. */
  clashes: number;
  /** Right only when nothing else is selected. */
  disturbed: number;
  /**
   * Out of range here only. TiDB computes some expressions row by row, and then skips an operand beside a NULL, and
   * others column by column; such a view is refused or freezes, where TiDB may answer.
   */
  stricter: number;
  readonly refused: Map<string, number>;
  readonly wrong: string[];
}

const SEED_OF_CI = 266_000_071;

describe('plan/expressions against TiDB', function () {
  this.timeout(SECONDS * 1000 + 120_000);
  let rig: LocalRig;
  let connection: Connection;
  let table: TableVersion;
  let zone = ZONES[0]!;

  before(async () => {
    rig = await startLocalRig();
    connection = await rig.connect('test');
    await connection.query(EXPRESSION_TABLE);
    table = await tableVersion(rig.status, 'test', 'ex');
    await connection.query(`set collation_connection = 'utf8mb4_bin'`);
  });

  after(async () => {
    await connection.end();
    await rig.stop();
  });

  for (const { title, expressions } of EXPRESSION_REGRESSIONS) {
    it(`regression: ${title}`, async () => {
      await fill(new Chance(7));
      const outcome = newOutcome();
      await check(expressions, outcome);
      expect(outcome.wrong).deep.equal([]);
      expect([...outcome.refused.keys()], 'refusals').deep.equal([]);
      expect(outcome.clashes, 'types that TiDB sees differently').equal(0);
      expect(outcome.stricter, 'out of range here only').equal(0);
    });
  }

  it('agree in type and value on random expressions', async () => {
    // Others by hand (SEED=…): a find of another seed becomes a regression or a refusal before this one moves on.
    const chance = new Chance(seedOfRun(SEED_OF_CI));
    console.log(`      SEED=${chance.seed}`);
    const outcome = newOutcome();
    const until = Date.now() + SECONDS * 1000;
    let tried = 0;
    while (Date.now() < until) {
      await fill(chance);
      const depth = 1 + chance.below(3);
      const expressions = Array.from({ length: ITEMS_A_VIEW }, () =>
        randomExpression(chance.pick(KINDS), depth, chance),
      );
      tried += expressions.length;
      zone = chance.pick(ZONES);
      await check(expressions, outcome);
    }
    const refused = [...outcome.refused.values()].reduce((sum, count) => sum + count, 0);
    console.log(
      `      ${tried} expressions: ${outcome.equal} equal, ${outcome.errors} with the same error, ${outcome.clashes} of another type, ${outcome.disturbed} right only alone, ${outcome.stricter} out of range here only, ${refused} refused`,
    );
    if (process.env['PLAN_REASONS'] !== undefined) {
      for (const [reason, count] of [...outcome.refused].sort((a, b) => b[1] - a[1])) {
        console.log(`      ${count} × ${reason}`);
      }
    }
    expect(outcome.wrong.slice(0, 20).join('\n')).equal('');
    expect(outcome.clashes, 'types that TiDB sees differently').lessThan(tried / 100);
    expect(outcome.disturbed, 'values that other items change').lessThan(tried / 500);
    expect(outcome.stricter, 'expressions that fail here only').lessThan(Math.max(tried / 1000, 3));
    expect(outcome.equal, 'expressions that are computed').greaterThan(refused);
  });

  function types(): readonly FieldType[] {
    return table.columns.map(({ type }) => type);
  }

  async function fill(chance: Chance): Promise<void> {
    await connection.query(`set time_zone = '+00:00'`);
    await connection.query('delete from ex');
    const rows = Array.from({ length: ROWS }, (_, id) => randomRow(id, chance));
    await connection.query(`insert into ex values ${rows.join(', ')}`);
  }

  /** Compares each of the expressions with what TiDB makes of it. */
  async function check(expressions: readonly string[], outcome: Outcome, view = 'exv'): Promise<void> {
    const accepted: string[] = [];
    for (const expression of expressions) if (await isAccepted(expression)) accepted.push(expression);
    if (accepted.length === 0) return;
    const items = accepted.map((expression, i) => `${expression} as c${i}`);
    await connection.query(`create or replace view ${view} as select ${items.join(', ')} from ex`);
    const canonical = await oneText(
      connection,
      `select view_definition from information_schema.views where table_schema = 'test' and table_name = '${view}'`,
    );
    const described = await trueColumns(view);
    const bound = bindAll(canonical);
    await connection.query(`set time_zone = '+00:00'`);
    const text = await textRows(connection, 'select * from ex order by id');
    await connection.query(`set time_zone = '${zone.name}'`);
    const rows = text.map((row) => row.map((cell, i) => datumOf(cell, types()[i]!)));
    for (const [i, expression] of bound.entries()) {
      if (expression instanceof NotSupportedError) {
        outcome.refused.set(expression.reason, (outcome.refused.get(expression.reason) ?? 0) + 1);
        continue;
      }
      const found = await difference(
        expression,
        { view, column: `c${i}`, written: accepted[i]!, described: described[i]! },
        rows,
      );
      if (found === undefined) outcome.equal++;
      else if (found === 'error') outcome.errors++;
      else if (found === 'clash') outcome.clashes++;
      else if (found === 'stricter') outcome.stricter++;
      // Other items of a select can change the collation with which TiDB computes one.
      else if (accepted.length > 1 && (await isRightAlone(accepted[i]!))) outcome.disturbed++;
      else outcome.wrong.push(`${accepted[i]!}\n    ${found}`);
    }
  }

  /** The columns of a view; how many digits a decimal has, only the result of a SELECT tells. */
  async function trueColumns(view: string): Promise<readonly DescribedColumn[]> {
    const [, fields] = await connection.query(`select * from ${view} limit 0`);
    const columns = await describedColumns(connection, view);
    return columns.map((column, i) => {
      const type = column.type.replace(/^decimal\((\d+),\d+\)/, `decimal($1,${fields[i]!.decimals})`);
      return { ...column, type };
    });
  }

  async function isRightAlone(expression: string): Promise<boolean> {
    const outcome = newOutcome();
    await check([expression], outcome, 'exw');
    return outcome.wrong.length === 0;
  }

  /** Whether TiDB takes the expression at all: not with a mix of collations that it refuses. */
  async function isAccepted(expression: string): Promise<boolean> {
    try {
      await connection.query(`select ${expression} as c from ex limit 0`);
      return true;
    } catch {
      return false;
    }
  }

  function bindAll(canonical: string): readonly (RowExpression | NotSupportedError)[] {
    const { body } = parseSelect(canonical);
    if (body.kind !== 'select') throw new Error(canonical);
    const scope = new Scope(
      table.columns.map(({ name, type }) => ({
        database: 'test',
        table: 'ex',
        name: name.original,
        type,
        refusal: undefined,
      })),
    );
    const settings = { ...DEFAULT_SETTINGS, collation: 'utf8mb4_bin' };
    const comparison = { offsetMinutes: zone.minutes, isNewCollation: true, settings };
    return body.items.map((item) => {
      if (item.kind !== 'item') throw new Error(canonical);
      try {
        return bindExpression(item.value, { text: canonical, scope, comparison });
      } catch (error) {
        if (error instanceof NotSupportedError) return error;
        throw new Error(`binding ${canonical.slice(item.span.start, item.span.end)}`, { cause: error });
      }
    });
  }

  /** Whether types differ too when nothing else is selected: other items can change how TiDB describes one. */
  async function isClashAlone(written: string, type: FieldType): Promise<boolean> {
    await connection.query(`create or replace view exa as select ${written} as c from ex`);
    const [described] = await trueColumns('exa');
    return disagreement({ name: 'c', type }, described!) !== undefined;
  }

  /** What differs; undefined: nothing; 'error': both fail; 'stricter': we fail; 'clash': the type. */
  async function difference(
    expression: RowExpression,
    {
      view,
      column,
      written,
      described,
    }: {
      readonly view: string;
      readonly column: string;
      readonly written: string;
      readonly described: DescribedColumn;
    },
    rows: readonly (readonly Datum[])[],
  ): Promise<string | undefined> {
    const type = typeOf(expression);
    const isNullType = expression.kind === 'constant' && expression.value === null;
    const clash = isNullType ? undefined : disagreement({ name: column, type }, described);
    const reference = outcomeOf(() => rows.map((row) => evaluateColumn(expression, row)));
    const compiled = outcomeOf(() => compiledValues(expression, rows, types()));
    let theirs: readonly (Buffer | null)[] | number;
    try {
      const answer = await textRows(connection, `select ${column} from ${view}`);
      theirs = answer.map(([cell]) => cell!);
    } catch (error) {
      theirs = (error as { readonly errno: number }).errno;
    }
    if (typeof theirs === 'number') {
      if (reference === 'error' && compiled === 'error' && theirs === 1690) return 'error';
      // TiDB computes all of a column before it looks at what decides, so it may fail where nothing was asked for.
      const isSameHere = reference !== 'error' && compiled !== 'error' && show(reference) === show(compiled);
      if (isSameHere && theirs === 1690) return 'error';
      return `TiDB fails with ${theirs}; reference ${show(reference)}, compiled ${show(compiled)}`;
    }
    if (clash !== undefined && (await isClashAlone(written, type))) {
      console.log(`      ${written}: ${clash}`);
      return 'clash';
    }
    const [a, b] = [reference, compiled];
    if (a === 'error' && b === 'error') return 'stricter';
    if (a === 'error' || b === 'error') return `fails here: ${show(a)}, ${show(b)}`;
    for (const [row, cell] of theirs.entries()) {
      const [mine, fast] = [a[row]!, b[row]!];
      if (!isSame(mine, cell, type) || !isSame(fast, cell, type)) {
        return `row ${show([...rows[row]!])}: TiDB ${cell?.toString() ?? 'NULL'}, reference ${show([mine])}, compiled ${show([fast])}`;
      }
    }
    return undefined;
  }

  function isSame(value: Datum, cell: Buffer | null, type: FieldType): boolean {
    if (value === null || cell === null) return value === null && cell === null;
    // TiDB shows the digits that a value has, a table those of its column.
    if (value instanceof Decimal) return value.equals(Decimal.parse(cell.toString())!);
    if (typeof value === 'number')
      return Object.is(value, Number(cell.toString())) || value === Number(cell.toString());
    return bytesOf(value, type, 0)!.equals(cell);
  }
});

function newOutcome(): Outcome {
  return { equal: 0, errors: 0, clashes: 0, disturbed: 0, stricter: 0, refused: new Map(), wrong: [] };
}

function outcomeOf(compute: () => readonly Datum[]): readonly Datum[] | 'error' {
  try {
    return compute();
  } catch (error) {
    if (error instanceof EvaluationError) return 'error';
    throw error;
  }
}

function compiledValues(
  expression: RowExpression,
  rows: readonly (readonly Datum[])[],
  types: readonly FieldType[],
): readonly Datum[] {
  const delta = deltaOf(
    rows.map((row) => ({ row, weight: 1 })),
    types,
  );
  const [output] = compileProgram({ input: types, predicate: undefined, items: [expression] }).outputs;
  const type = typeOf(expression);
  const selected = Int32Array.from(rows, (_, i) => i);
  const made =
    output!.kind === 'column'
      ? delta.columns[output!.index]!
      : output!.kind === 'constant'
        ? output!.make(rows.length)
        : output!.make(delta.columns, selected, rows.length);
  return rows.map((_, row) => cellAt(made, row, type));
}

function show(values: readonly Datum[] | 'error'): string {
  if (values === 'error') return 'an error';
  return values
    .slice(0, 24)
    .map((value) =>
      value === null
        ? 'NULL'
        : value instanceof Uint8Array
          ? `'${Buffer.from(value).toString()}'`
          : typeof value === 'number'
            ? `${value}e0`
            : value.toString(),
    )
    .join(' ');
}
