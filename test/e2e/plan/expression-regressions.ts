/** Expressions that were once computed wrongly, each over forty rows of values at the edges. */
export const EXPRESSION_REGRESSIONS: readonly {
  readonly title: string;
  readonly expressions: readonly string[];
}[] = [
  {
    title: 'a quotient keeps the digits that its type does not show',
    expressions: [
      'i / 3',
      '(d / 3) * 3',
      'cast(d / 7 as decimal(20,10))',
      '(i / 7) + 1.5',
      'round(d / 3, 8)',
      '(-(10 / -4)) + i',
    ],
  },
  {
    title: 'a quotient that is zero shows no more digits than its type',
    expressions: ['concat(0 / 1)', 'concat(truncate(0, -1) / (1))', '0 / 7 + d', 'concat((0 / 1) * (1 / 3))'],
  },
  {
    title: 'the digits that TiDB counts for integers decide on the type of sums and quotients',
    expressions: ['ti / si', 'i + d', 'b * z', 'ceil(i / 3)', 'floor(b / 3)', 'concat(d, e)'],
  },
  {
    title: 'an operand that was taken for unsigned',
    expressions: [
      'i * bu',
      'ti * iu',
      'bu % -3',
      'i % iu',
      'bu div 7',
      'cast(ti as unsigned)',
      'truncate(bu, -1)',
    ],
  },
  {
    title: 'strings of a _bin and another collation meet',
    expressions: ['concat(s, t)', 's = t', 'if(i > 0, s, t)', 'replace(t, s, n)', 'concat_ws(t, s, n)'],
  },
  {
    title: 'moments are brought to one type',
    expressions: ['if(i > 0, da, dt)', 'ifnull(dt, dm)', 'case when i > 0 then dt else dm end', 'date(dm)'],
  },
  {
    title: 'zero and its sign',
    expressions: ['-f', '-i', 'round(f)', 'ceil(f)', '0 * i', '-d', 'g * -1e0', 'truncate(f, 1)'],
  },
  {
    title: 'strings are read as numbers as far as they are some',
    expressions: ['cast(s as signed)', 'cast(s as decimal(10,2))', 's + 0', 'cast(s as double)', 's > i'],
  },
];
