/** What random runs have found, made small. */

/** A table, rows, and definitions that were once answered wrongly, or that look as if they could be. */
export interface Regression {
  readonly title: string;
  /** Creates the table `regression`. */
  readonly create: string;
  readonly insert: string;
  readonly selects: readonly string[];
  readonly zone?: string;
}

/** All of them; each is planned, not refused. */
export const REGRESSIONS: readonly Regression[] = [
  {
    title: 'integers beside decimals and floating-point numbers at the edges of 64 bits',
    create:
      'create table regression (id int primary key, bi bigint, bu bigint unsigned, dc decimal(20,5), db double)',
    insert:
      'insert into regression values (1, 9223372036854775807, 18446744073709551615, 1.5, 1.5), (2, -9223372036854775808, 0, -1.5, 9007199254740993), (3, null, null, null, null)',
    selects: [
      'select id from regression where bi > -1.5 and bu < 18446744073709551615.5',
      'select id, bi = bu a, bi < bu b, bu > -1 c, dc = 1.50 d, db <=> bi e from regression',
      'select id from regression where bu not in (18446744073709551615, null) or bi between -9223372036854775808 and 0',
    ],
  },
];
