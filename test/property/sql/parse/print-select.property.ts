import { expect } from 'chai';
import fc from 'fast-check';
import { printQuery } from '../../../../src/sql/parse/print-select.js';
import { parseSelect } from '../../../../src/sql/parse/select-parser.js';
import { arbitraryQuery } from './arbitrary-select.js';

function shape(query: unknown): string {
  return JSON.stringify(query, (key, value: unknown) =>
    key === 'span' ? undefined : typeof value === 'bigint' ? `${value}` : value,
  );
}

/** Keys in one order: a parser's node and an arbitrary one differ in it. */
function sorted(json: string): unknown {
  return JSON.parse(json);
}

describe('sql/parse/print-select', () => {
  it('prints what parses to the same tree', () => {
    fc.assert(
      fc.property(arbitraryQuery, (query) => {
        const printed = printQuery(query);
        expect(sorted(shape(parseSelect(printed))), printed).deep.equal(sorted(shape(query)));
      }),
      { numRuns: 400 },
    );
  });

  it('prints the same text again', () => {
    fc.assert(
      fc.property(arbitraryQuery, (query) => {
        const printed = printQuery(query);
        expect(printQuery(parseSelect(printed))).equal(printed);
      }),
      { numRuns: 150 },
    );
  });
});
