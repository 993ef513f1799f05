/**
 * Random definitions over several tables, of the kind that the planner supports: joins, derived tables, groups,
 * DISTINCT, unions, and queries within expressions. Some are refused, by the planner or by TiDB.
 */
import type { Chance } from '../../e2e/plan/random.js';
import type { ColumnGroup, RelationTable } from './random-relations.js';

/** Something that a query can name. */
interface Named {
  readonly sql: string;
  readonly group: ColumnGroup;
}

/** A select, with the groups of its columns, which are called c0, c1, … */
interface Made {
  readonly sql: string;
  readonly groups: readonly ColumnGroup[];
}

const LITERALS: Readonly<Record<ColumnGroup, readonly string[]>> = {
  integer: ['0', '1', '2', '-1', '9223372036854775807', '1.5'],
  decimal: ['0', '1.5', '1', '-2.25'],
  real: ['0', '1', '1.5e0', '2'],
  string: [`'a'`, `'A'`, `'b'`, `''`],
  ci: [`'a'`, `'B'`, `''`],
  moment: [`'2024-01-01'`, `'1999-12-31 23:59:59'`],
  time: [`'10:00:00'`],
  enum: [],
};
const COMPARISONS = ['=', '=', '<>', '<', '>=', '<=>'];
const NUMBERS: ReadonlySet<ColumnGroup> = new Set<ColumnGroup>(['integer', 'decimal', 'real']);

/** A definition over the tables. */
export function randomQuery(tables: readonly RelationTable[], chance: Chance): string {
  return quoted(new QueryMaker(tables, chance).query(2).sql);
}

/** With all names in backquotes, as TiDB writes them and our grammar wants them. */
function quoted(sql: string): string {
  return sql
    .replaceAll(/\b(test|x\d+)[.](\w+)/g, '`$1`.`$2`')
    .replaceAll(/\bas (\w+)/g, 'as `$1`')
    .replaceAll('count(*)', 'count(1)');
}

class QueryMaker {
  readonly #tables: readonly RelationTable[];
  readonly #chance: Chance;
  #aliases = 0;

  constructor(tables: readonly RelationTable[], chance: Chance) {
    this.#tables = tables;
    this.#chance = chance;
  }

  /** @param depth - how many queries may stand in one another. */
  query(depth: number): Made {
    if (depth === 0 || !this.#chance.percent(18)) return this.#select(depth);
    const first = this.#select(depth);
    const parts = [first.sql];
    for (let i = 0; i <= this.#chance.below(2); i++) {
      const next = this.#selectOf(first.groups);
      parts.push(this.#chance.percent(70) ? 'union all' : 'union', next);
    }
    return { sql: parts.join(' '), groups: first.groups };
  }

  /** A select with columns of these groups, for a union. */
  #selectOf(groups: readonly ColumnGroup[]): string {
    const { from, columns } = this.#tableFrom();
    const items = groups.map((group, i) => {
      const fitting = columns.filter((column) => column.group === group);
      const value =
        fitting.length === 0 || this.#chance.percent(10) ? 'null' : this.#chance.pick(fitting).sql;
      return `${value} as c${i}`;
    });
    return `select ${items.join(', ')} from ${from}${this.#where(columns, 0)}`;
  }

  #select(depth: number): Made {
    const chance = this.#chance;
    const { from, columns } = this.#from(depth);
    const where = this.#where(columns, depth);
    const kind = chance.below(10);
    if (kind < 4) return this.#grouped(from, columns, where, depth);
    if (kind === 4) return this.#aggregated(from, columns, where);
    const picked = chance.some(columns, 1, 5).map((column) => this.#computed(column, columns));
    const items = picked.map(({ sql }) => sql);
    const groups = picked.map(({ group }) => group);
    if (depth > 0 && chance.percent(35)) {
      const value = this.#scalar(columns);
      items.push(value.sql);
      groups.push(value.group);
    }
    if (chance.percent(15)) {
      items.push(this.#test(columns, depth));
      groups.push('integer');
    }
    const distinct = chance.percent(15) ? 'distinct ' : '';
    return { sql: `select ${distinct}${listed(items)} from ${from}${where}`, groups };
  }

  #grouped(from: string, columns: readonly Named[], where: string, depth: number): Made {
    const chance = this.#chance;
    const keys = chance.some(columns, 1, 3);
    const aggregates = Array.from({ length: chance.below(4) }, () => this.#aggregate(columns));
    const all = [...keys, ...aggregates];
    const having = chance.percent(30)
      ? ` having ${this.#compare(chance.pick([...keys, ...aggregates, this.#aggregate(columns)]))}`
      : '';
    const items = all.map(({ sql }) => sql);
    const groups = all.map(({ group }) => group);
    if (depth > 0 && chance.percent(15)) {
      const value = this.#scalar(keys);
      items.push(value.sql);
      groups.push(value.group);
    }
    const by = keys.map(({ sql }) => sql).join(', ');
    return { sql: `select ${listed(items)} from ${from}${where} group by ${by}${having}`, groups };
  }

  #aggregated(from: string, columns: readonly Named[], where: string): Made {
    const all = Array.from({ length: 1 + this.#chance.below(4) }, () => this.#aggregate(columns));
    const sql = `select ${listed(all.map((one) => one.sql))} from ${from}${where}`;
    return { sql, groups: all.map(({ group }) => group) };
  }

  /** Mostly the column itself, sometimes something computed from it. */
  #computed(column: Named, columns: readonly Named[]): Named {
    const chance = this.#chance;
    if (!chance.percent(15)) return column;
    const { sql, group } = column;
    switch (group) {
      case 'integer':
        // Far from the ends of BIGINT, where TiDB's answer is an error.
        return { sql: `${sql} % 7 + ${chance.pick(['1', '3'])}`, group };
      case 'decimal':
        return { sql: `${sql} * 2 - 1.5`, group };
      case 'real':
        return { sql: `${sql} + 1`, group };
      case 'string':
      case 'ci':
        return { sql: `coalesce(${sql}, 'none')`, group };
      default:
        return {
          sql: `case when ${this.#compare(chance.pick(columns))} then 1 else 0 end`,
          group: 'integer',
        };
    }
  }

  #aggregate(columns: readonly Named[]): Named {
    const chance = this.#chance;
    const column = chance.pick(columns);
    const distinct = chance.percent(25) ? 'distinct ' : '';
    const numbers = columns.filter(({ group }) => NUMBERS.has(group));
    switch (chance.below(6)) {
      case 0:
        return { sql: 'count(*)', group: 'integer' };
      case 1:
        return { sql: `count(${distinct}${column.sql})`, group: 'integer' };
      case 2:
      case 3: {
        if (numbers.length === 0) return { sql: 'count(1)', group: 'integer' };
        const { sql, group } = this.#computed(chance.pick(numbers), columns);
        const name = chance.pick(['sum', 'sum', 'avg']);
        return { sql: `${name}(${distinct}${sql})`, group: group === 'real' ? 'real' : 'decimal' };
      }
      default: {
        if (column.group === 'enum') return { sql: 'count(*)', group: 'integer' };
        return { sql: `${chance.pick(['min', 'max'])}(${column.sql})`, group: column.group };
      }
    }
  }

  #from(depth: number): { readonly from: string; readonly columns: readonly Named[] } {
    const chance = this.#chance;
    let { from, columns } = this.#relation(depth);
    const joins = chance.pick([0, 0, 1, 1, 1, 2]);
    for (let i = 0; i < joins; i++) {
      const next = this.#relation(depth - 1);
      const both = [...columns, ...next.columns];
      const type = chance.pick(['join', 'join', 'left join', 'left join', 'right join']);
      const tests = [this.#equality(columns, next.columns)];
      if (chance.percent(30)) tests.push(this.#compare(chance.pick(both)));
      if (chance.percent(10)) tests.push(this.#equality(columns, next.columns));
      from = `${from} ${type} ${next.from} on ${tests.join(' and ')}`;
      columns = both;
    }
    return { from, columns };
  }

  #relation(depth: number): { readonly from: string; readonly columns: readonly Named[] } {
    if (depth <= 0 || !this.#chance.percent(25)) return this.#tableFrom();
    const { sql, groups } = this.query(depth - 1);
    const alias = this.#alias();
    return {
      from: `(${sql}) as ${alias}`,
      columns: groups.map((group, i) => ({ sql: `${alias}.c${i}`, group })),
    };
  }

  #tableFrom(): { readonly from: string; readonly columns: readonly Named[] } {
    const table = this.#chance.pick(this.#tables);
    const alias = this.#alias();
    const columns = [
      { sql: `${alias}.id`, group: 'integer' as const },
      ...table.columns.map(({ name, group }) => ({ sql: `${alias}.${name}`, group })),
    ];
    return { from: `test.${table.name} as ${alias}`, columns };
  }

  #alias(): string {
    return `x${this.#aliases++}`;
  }

  /** Something that makes rows of both sides meet. */
  #equality(left: readonly Named[], right: readonly Named[]): string {
    const chance = this.#chance;
    const a = chance.pick(left);
    const isMixed = chance.percent(8) && NUMBERS.has(a.group);
    const fitting = right.filter(({ group }) =>
      isMixed ? NUMBERS.has(group) : group === a.group && group !== 'enum',
    );
    if (fitting.length === 0) {
      const [x, y] = [left.find(isInteger), right.find(isInteger)];
      return x === undefined || y === undefined ? '1 = 1' : `${x.sql} = ${y.sql}`;
    }
    return `${a.sql} ${chance.percent(10) ? '<=>' : '='} ${chance.pick(fitting).sql}`;
  }

  #where(columns: readonly Named[], depth: number): string {
    const chance = this.#chance;
    if (chance.percent(50)) return '';
    const tests = Array.from({ length: 1 + chance.below(2) }, () => this.#test(columns, depth));
    return ` where ${tests.join(chance.percent(80) ? ' and ' : ' or ')}`;
  }

  #test(columns: readonly Named[], depth: number): string {
    const chance = this.#chance;
    const column = chance.pick(columns);
    const kind = chance.below(10);
    if (kind === 0) return `${column.sql} is ${chance.pick(['', 'not '])}null`;
    if (depth > 0 && kind < 3) return this.#membership(column);
    if (depth > 0 && kind === 3) return this.#exists(columns);
    return this.#compare(column, columns);
  }

  #compare(column: Named, columns: readonly Named[] = []): string {
    const chance = this.#chance;
    const literals = LITERALS[column.group];
    if (literals.length === 0) return `${column.sql} is not null`;
    const fitting = columns.filter(({ group, sql }) => group === column.group && sql !== column.sql);
    const other = fitting.length > 0 && chance.percent(40) ? chance.pick(fitting).sql : chance.pick(literals);
    return `${column.sql} ${chance.pick(COMPARISONS)} ${other}`;
  }

  #membership(column: Named): string {
    const { from, columns } = this.#tableFrom();
    const fitting = columns.filter(({ group }) => group === column.group && group !== 'enum');
    if (fitting.length === 0) return `${column.sql} is not null`;
    const not = this.#chance.percent(40) ? 'not ' : '';
    return `${column.sql} ${not}in (select ${this.#chance.pick(fitting).sql} from ${from}${this.#where(columns, 0)})`;
  }

  #exists(outer: readonly Named[]): string {
    const { from, columns } = this.#tableFrom();
    const not = this.#chance.percent(40) ? 'not ' : '';
    const more = this.#chance.percent(40) ? ` and ${this.#compare(this.#chance.pick(columns), outer)}` : '';
    return `${not}exists (select 1 from ${from} where ${this.#equality(outer, columns)}${more})`;
  }

  /** An aggregate of the rows that have something in common with the row outside, or of all rows. */
  #scalar(outer: readonly Named[]): Named {
    const { from, columns } = this.#tableFrom();
    const { sql, group } = this.#aggregate(columns);
    const tests = this.#chance.percent(80) ? [this.#equality(outer, columns)] : [];
    if (this.#chance.percent(25)) tests.push(this.#compare(this.#chance.pick(columns)));
    const where = tests.length === 0 ? '' : ` where ${tests.join(' and ')}`;
    return { sql: `(select ${sql} from ${from}${where})`, group };
  }
}

function listed(items: readonly string[]): string {
  return items.map((item, i) => `${item} as c${i}`).join(', ');
}

function isInteger({ group }: Named): boolean {
  return group === 'integer';
}
