import { expect } from 'chai';
import { ts } from '../../../src/codec/tso.js';
import { parseSelect } from '../../../src/sql/parse/select-parser.js';
import { printQuery } from '../../../src/sql/parse/print-select.js';
import { expandViews, sameSettings } from '../../../src/view/expand-views.js';
import type { ViewRecord } from '../../../src/view/view-record.js';

const PINNED = {
  database: 'shop',
  sqlMode: '',
  timeZone: '+00:00',
  collation: 'utf8mb4_bin',
  divPrecisionIncrement: 4,
  definer: 'root@%',
};

function view(name: string, definition: string, output: readonly (readonly [string, string])[]): ViewRecord {
  return {
    ...{
      id: 1n,
      schema: 'shop',
      name,
      state: 'READY',
      tableId: 7,
      statement: '',
      definition,
      pinned: PINNED,
    },
    output: output.map(([column, alias]) => ({ name: column, alias, comparison: 'exact' })),
    ...{ fingerprint: '', options: { tableDdl: '', bases: [] }, createdTs: ts(1n) },
    ...{ appliedTs: undefined, lastError: undefined, replaces: undefined },
  };
}

const SUMS = view('sums', 'SELECT `g` AS `g`,COUNT(1) AS `c` FROM `shop`.`t` GROUP BY `g`', [
  ['g', 'g'],
  ['c', 'c'],
]);
const RENAMED = view('renamed', 'SELECT `a` AS `a` FROM `shop`.`t`', [['x', 'a']]);

const expanded = (sql: string): string | undefined => {
  const query = expandViews(parseSelect(sql), (database, name) =>
    database === 'shop' ? [SUMS, RENAMED].find((one) => one.name === name) : undefined,
  );
  return query === undefined ? undefined : printQuery(query);
};

describe('views in definitions', () => {
  it('give way to what they are made of', () => {
    expect(expanded('SELECT `c` AS `c` FROM `shop`.`sums`')).to.equal(
      'SELECT `c` AS `c` FROM (SELECT `g` AS `g`,COUNT(1) AS `c` FROM `shop`.`t` GROUP BY `g`) AS `sums`',
    );
  });

  it('keep their names in the query, but for the database', () => {
    expect(
      expanded('SELECT `shop`.`sums`.`c` AS `c`,`shop`.`t`.`a` AS `a` FROM (`shop`.`sums`) JOIN `shop`.`t`'),
    ).to.match(/^SELECT `sums`\.`c` AS `c`,`shop`\.`t`\.`a` AS `a` FROM .* AS `sums`/);
    expect(expanded('SELECT `s`.`c` AS `c` FROM `shop`.`sums` AS `s`')).to.match(/AS `s`$/);
  });

  it('show their columns under their own names', () => {
    expect(expanded('SELECT `x` AS `x` FROM `shop`.`renamed`')).to.equal(
      'SELECT `x` AS `x` FROM (SELECT `a` AS `x` FROM (SELECT `a` AS `a` FROM `shop`.`t`) AS `definition`) AS `renamed`',
    );
  });

  it('are found in subqueries and unions, and nowhere else', () => {
    expect(
      expanded('SELECT 1 AS `a` FROM `shop`.`t` WHERE EXISTS (SELECT 1 AS `1` FROM `shop`.`sums`)'),
    ).to.contain('GROUP BY');
    expect(expanded('SELECT `sums` AS `sums` FROM `shop`.`t` AS `renamed`')).to.equal(undefined);
    expect(expanded('SELECT 1 AS `a` FROM `other`.`sums`')).to.equal(undefined);
  });

  it('must have been made under the same settings', () => {
    expect(sameSettings(PINNED, { ...PINNED, definer: 'ann@%', database: 'x' })).to.equal(true);
    for (const other of [
      { sqlMode: 'ANSI' },
      { timeZone: '+01:00' },
      { collation: 'x' },
      { divPrecisionIncrement: 5 },
    ])
      expect(sameSettings(PINNED, { ...PINNED, ...other })).to.equal(false);
  });
});
