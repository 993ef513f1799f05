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
  {
    title: 'XOR inside a test that is negated',
    create: 'create table regression (id int primary key, bl blob)',
    insert: "insert into regression values (1, 'aB'), (2, 'b'), (3, null)",
    selects: [
      "select id from regression where (not ((bl <> 'aB') xor (bl <=> 'aB'))) is not false",
      "select id, ((bl = 'b') xor (id = 2)) is false a, not (id xor 1) b from regression",
    ],
  },
  {
    title: 'BETWEEN of a number in a string and one beyond 2^53',
    create: 'create table regression (id int primary key, bu bigint unsigned)',
    insert:
      'insert into regression values (1, 9223372036854775808), (2, 9007199254740993), (3, 5), (4, null)',
    selects: [
      "select id from regression where bu between '127' and 9223372036854775807.5",
      "select id from regression where bu between '5' and 9007199254740992",
      'select id from regression where bu between 5 and 9007199254740992',
      'select id from regression where bu between 5e0 and 9007199254740992',
    ],
  },
  {
    title: 'LIKE under collations of characters and of bytes',
    create:
      'create table regression (id int primary key, v9 varchar(20) collate utf8mb4_0900_bin, vb varchar(20) collate utf8mb4_bin, vl varchar(20) character set latin1)',
    insert:
      "insert into regression values (1, 'aé', 'aé', 'aé'), (2, 'ab', 'ab', 'ab'), (3, 'a', 'a ', null)",
    selects: [
      "select id, v9 like 'a%' a, vb like 'a_' c, vl like 'a_' d from regression",
      "select id from regression where v9 not like 'ab%' or v9 like '%é'",
    ],
  },
];
