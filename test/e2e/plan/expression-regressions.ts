/** Expressions that were once computed wrongly, each over forty rows of values at the edges. */
export const EXPRESSION_REGRESSIONS: readonly {
  readonly title: string;
  readonly expressions: readonly string[];
}[] = [
  {
    title: 'a quotient keeps the digits that its type does not show',
    expressions: ['i / 3', '(d / 3) * 3', 'concat(d / 3)', 'cast(d / 7 as decimal(20,10))', '(d / 3) + 0e0'],
  },
];
