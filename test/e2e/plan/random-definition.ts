/** Random definitions of the kind that the planner supports: mostly what it takes, some of what it must refuse. */
import type { Chance } from './random.js';
import type { ColumnKind, RandomColumn, RandomTable } from './random-table.js';

const NUMBERS = [
  '0',
  '1',
  '-1',
  '5',
  '127',
  '-128',
  '128',
  '255',
  '65535',
  '2147483647',
  '-2147483649',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551615',
];
const DECIMALS = [
  '0.0',
  '1.5',
  '-1.5',
  '1.50',
  '1.500001',
  '5.0',
  '0.00001',
  '-0.000000000000000000000000000001',
  '99999999999999999999',
  '9007199254740993.0',
  '12345678901234567890123456789012345.123456789012345678901234567890',
  '9223372036854775807.5',
  '-0.5',
];
const REALS = ['0e0', '1.5e0', '-1.5e0', '5e0', '1.1e0', '1e-300', '1e15', '-1e308', '5.5e0', '3.4e38'];
const MOMENTS = [
  `'2024-01-01'`,
  `'2024-01-01 00:00:00'`,
  `'2024-01-01 10:00:00'`,
  `'2024-01-01 10:00:00.5'`,
  `'2024-01-01 10:00:00.499999'`,
  `'1999-12-31 23:59:59'`,
  `'2024-02-29'`,
  `date'2024-01-01'`,
  `timestamp'2024-01-01 10:00:00'`,
  `timestamp'2024-02-29 23:59:59.999999'`,
  `'1970-01-01 08:00:01'`,
  `'2038-01-18 03:14:07'`,
];
const TIMES = [
  `'10:00:00'`,
  `'10:00:00.5'`,
  `time'10:00:00'`,
  `'-10:00:00.25'`,
  `'838:59:59'`,
  `time'-838:59:59'`,
  `'00:00:00'`,
];
const YEARS = ['1901', '2155', '0', '2012', '3000', '-1', '1800', '1999'];
const STRING_INTEGERS = [`'5'`, `'-5'`, `'0'`, `'127'`, `'99999'`, `'123456789012345'`];
const PATTERNS = [
  `'a%'`,
  `'%a'`,
  `'%b%'`,
  `'_'`,
  `'a_'`,
  `'a\\\\_c'`,
  `'%'`,
  `''`,
  `'a'`,
  `'A%'`,
  `'%_%'`,
  `'__'`,
  `'a\\\\%'`,
  `'%a%b%'`,
  `'a '`,
  `'a\\\\\\\\b'`,
];
const WIDE_PATTERNS = [...PATTERNS, `'é%'`, `'_é'`, `'%文'`, `'中_'`, `'😀'`, `'_😀_'`, `'ÀB'`];
const COMPARISONS = ['=', '<>', '<', '<=', '>', '>=', '<=>'];

/** A select over the table. */
export function randomDefinition(table: RandomTable, chance: Chance): string {
  const maker = new DefinitionMaker(table, chance);
  return maker.select();
}

class DefinitionMaker {
  readonly #table: RandomTable;
  readonly #chance: Chance;
  readonly #alias: string | undefined;

  constructor(table: RandomTable, chance: Chance) {
    this.#table = table;
    this.#chance = chance;
    this.#alias = chance.percent(30) ? 'x' : undefined;
  }

  select(): string {
    const chance = this.#chance;
    const items = this.#items().map((item, i) => `${item} as c${i}`);
    const from = this.#alias === undefined ? this.#table.name : `${this.#table.name} ${this.#alias}`;
    const where = chance.percent(90) ? ` where ${this.#test(chance.below(4))}` : '';
    return `select ${items.join(', ')} from ${from}${where}`;
  }

  #items(): readonly string[] {
    const chance = this.#chance;
    const columns = chance.some(this.#table.columns, 1, 8).map((column) => this.#name(column));
    if (chance.percent(60)) columns.push('id');
    if (chance.percent(30)) columns.push(this.#test(chance.below(3)));
    if (chance.percent(20))
      columns.push(
        chance.pick([...NUMBERS, ...DECIMALS.slice(0, 8), ...REALS.slice(0, 5), `'text'`, `''`, `'é'`]),
      );
    if (chance.percent(10))
      columns.push(
        chance.pick([`date'2024-01-01'`, `time'10:00:00.5'`, `timestamp'2024-01-01 00:00:00.25'`, 'true']),
      );
    return columns;
  }

  #name({ name }: { readonly name: string }): string {
    const qualifier = this.#alias ?? this.#table.name;
    return this.#chance.percent(20) ? `${qualifier}.${name.toUpperCase()}` : name;
  }

  #test(depth: number): string {
    const chance = this.#chance;
    if (depth === 0) return this.#leaf();
    const inner = (): string => `(${this.#test(depth - 1)})`;
    switch (chance.below(9)) {
      case 0:
      case 1:
        return `${inner()} and ${inner()}`;
      case 2:
      case 3:
        return `${inner()} or ${inner()}`;
      case 4:
        return `${inner()} xor ${inner()}`;
      case 5:
        return `not ${inner()}`;
      case 6:
        return `${inner()} is ${chance.pick(['', 'not '])}${chance.pick(['true', 'false', 'null', 'unknown'])}`;
      case 7:
        return `${inner()} ${chance.pick(COMPARISONS)} ${chance.pick([inner(), '1', '0', 'null'])}`;
      default:
        return this.#leaf();
    }
  }

  #leaf(): string {
    const chance = this.#chance;
    const column = chance.pick(this.#table.columns);
    const name = this.#name(column);
    const not = chance.percent(30) ? 'not ' : '';
    switch (chance.below(12)) {
      case 0:
        return `${name} is ${not}null`;
      case 1:
        return this.#truthTest(column, name);
      case 2:
        return `${name} ${not}in (${this.#list(column)})`;
      case 3:
        return `${name} ${not}between ${this.#literal(column)} and ${this.#literal(column)}`;
      case 4:
        return this.#like(column, name, not);
      case 5:
      case 6: {
        const other = this.#comparableWith(column);
        return `${name} ${chance.pick(COMPARISONS)} ${this.#name(other)}`;
      }
      case 7:
        return `${this.#literal(column)} ${chance.pick(COMPARISONS)} ${name}`;
      default:
        return `${name} ${chance.pick(COMPARISONS)} ${chance.percent(4) ? 'null' : this.#literal(column)}`;
    }
  }

  #truthTest({ kind }: RandomColumn, name: string): string {
    if (!['integer', 'year', 'decimal', 'real'].includes(kind.group)) return `${name} is null`;
    const test = this.#chance.pick(['', ' is true', ' is false', ' is not true', ' is not false']);
    return `${name}${test}`;
  }

  #list(column: RandomColumn): string {
    const chance = this.#chance;
    const length = chance.percent(15) ? 12 : 1 + chance.below(4);
    return Array.from({ length }, () => (chance.percent(5) ? 'null' : this.#literal(column))).join(', ');
  }

  #like({ kind }: RandomColumn, name: string, not: string): string {
    const chance = this.#chance;
    if (kind.group !== 'string' && kind.group !== 'bytes') return `${name} is ${not}null`;
    const pattern = chance.pick(isNarrow(kind) ? PATTERNS : WIDE_PATTERNS);
    const escape = chance.percent(20) ? ` escape ${chance.pick([`'|'`, `'a'`, `'%'`, `''`])}` : '';
    return `${name} ${not}like ${pattern}${escape}`;
  }

  /** Mostly a column that can be compared with this one. */
  #comparableWith(column: RandomColumn): RandomColumn {
    const { columns } = this.#table;
    const numeric = ['integer', 'decimal', 'real'];
    const near = columns.filter(({ kind }) =>
      numeric.includes(column.kind.group)
        ? numeric.includes(kind.group)
        : kind.group === column.kind.group && (kind.group !== 'string' || kind.ddl === column.kind.ddl),
    );
    return this.#chance.percent(5) ? this.#chance.pick(columns) : this.#chance.pick(near);
  }

  #literal({ kind }: RandomColumn): string {
    const chance = this.#chance;
    switch (kind.group) {
      case 'integer':
        return chance.pick([
          chance.pick(kind.values),
          chance.pick(NUMBERS),
          chance.pick(DECIMALS),
          chance.pick(REALS),
          chance.pick(STRING_INTEGERS),
          chance.pick(['true', 'false']),
        ]);
      case 'year':
        return chance.pick(YEARS);
      case 'decimal':
      case 'real':
        return chance.pick([
          chance.pick(kind.values),
          chance.pick(NUMBERS),
          chance.pick(DECIMALS),
          chance.pick(REALS),
        ]);
      case 'string':
      case 'bytes':
        return chance.pick(kind.values.filter((it) => !it.startsWith('x')));
      case 'moment':
      case 'timestamp':
        return chance.pick(MOMENTS);
      case 'time':
        return chance.pick(TIMES);
      case 'opaque':
        return chance.pick(kind.values);
    }
  }
}

function isNarrow(kind: ColumnKind): boolean {
  return /latin1|ascii/.test(kind.ddl);
}
