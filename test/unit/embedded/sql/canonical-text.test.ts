import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { qualifyQuery } from '../../../../src/embedded/sql/qualify.js';
import { printCanonical } from '../../../../src/sql/parse/print-select.js';
import { parseStatement } from '../../../../src/sql/parse/statement-parser.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { schemaOf } from '../../../support/embedded/schema-of.js';

interface CanonicalViews {
  readonly accepted: readonly { readonly select: string; readonly canonical: string }[];
}

const traces = JSON.parse(readFileSync('test/traces/canonical-views.json', 'utf8')) as CanonicalViews;

/** As in the recording, as far as names go. */
const SCHEMA = schemaOf('e8', [
  'create table t(id int primary key, a int not null, b bigint unsigned, c decimal(12,3), d varchar(20), e int, f int, ' +
    'g json, h int, y year, dt datetime, ts timestamp, tm time, da date, fl float, db double, bl blob, ch char(1), ' +
    'bi binary(1), u int, bo bool, tx text)',
  'create table u(id int primary key, t_id int, name varchar(30), amount decimal(10,2), key(t_id))',
  'create table `we``ird tab`(`a b` int, `sel``ect` int, `group` int)',
]);

function canonical(select: string): string {
  const statement = parseStatement(select, DEFAULT_LEX_MODE);
  if (statement.kind !== 'select') throw new Error(select);
  return printCanonical(
    qualifyQuery(statement.query, { schema: SCHEMA, database: 'e8', expandsViews: false }),
  );
}

/** What is not written down: hints, locks, and the name of a repeated expression, which CREATE VIEW gives. */
const isLeftOut = (select: string): boolean => /\/\*\+|for update|a\+1, a\+1/.test(select);

describe('embedded/sql: the canonical text of a select', () => {
  for (const { select, canonical: wanted } of traces.accepted.filter(({ select }) => !isLeftOut(select))) {
    it(`is TiDB's: ${select}`, () => {
      expect(canonical(select)).to.equal(wanted);
    });
  }

  it('keeps the parentheses that were written, and no others', () => {
    expect(canonical('select ((a+1))*2 x from t where (a>1 or b>1) and not (a=3)')).to.equal(
      'SELECT ((`a`+1))*2 AS `x` FROM `e8`.`t` WHERE (`a`>1 OR `b`>1) AND NOT (`a`=3)',
    );
  });

  it('names tables of another database, and columns of derived tables', () => {
    expect(canonical('select x.* from (select id, a+1 from e8.t) x')).to.equal(
      'SELECT `e8`.`x`.`id` AS `id`,`x`.`a+1` AS `a+1` FROM (SELECT `id` AS `id`,`a`+1 AS `a+1` FROM `e8`.`t`) AS `x`',
    );
  });
});
