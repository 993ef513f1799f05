import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Expression, Query, Select } from '../../../../src/sql/ast/select.js';
import { sourceOf } from '../../../../src/sql/ast/span.js';
import { NotSupportedError } from '../../../../src/sql/not-supported-error.js';
import { printQuery } from '../../../../src/sql/parse/print-select.js';
import { parseSelect } from '../../../../src/sql/parse/select-parser.js';

interface CanonicalViews {
  readonly accepted: readonly { readonly select: string; readonly canonical: string }[];
}

const traces = JSON.parse(readFileSync('test/traces/canonical-views.json', 'utf8')) as CanonicalViews;

/** A query without its places in the text. */
function shape(query: Query): unknown {
  return JSON.parse(
    JSON.stringify(query, (key, value: unknown) =>
      key === 'span' ? undefined : typeof value === 'bigint' ? `${value}` : value,
    ),
  );
}

function selectOf(sql: string): Select {
  const { body } = parseSelect(sql);
  if (body.kind !== 'select') throw new Error(body.kind);
  return body;
}

function expressionOf(sql: string): Expression {
  const [item] = selectOf(`SELECT ${sql}`).items;
  if (item?.kind !== 'item') throw new Error(sql);
  return item.value;
}

/** An expression as it prints: with every parenthesis. */
function grouped(sql: string): string {
  return printQuery(parseSelect(`SELECT ${sql}`)).slice('SELECT '.length);
}

describe('sql/parse/select-parser', () => {
  for (const { select, canonical } of traces.accepted) {
    it(`reads and prints what TiDB makes of: ${select.slice(0, 70)}`, () => {
      const query = parseSelect(canonical);
      expect(shape(parseSelect(printQuery(query)))).deep.equal(shape(query));
    });
  }

  const PRECEDENCE: readonly (readonly [string, string])[] = [
    ['`a`+`b`*`c`', '(`a` + (`b` * `c`))'],
    ['`a`-`b`-`c`', '((`a` - `b`) - `c`)'],
    ['`a`|`b`&`c`<<1+2', '(`a` | (`b` & (`c` << (1 + 2))))'],
    ['`a`^`b`*2', '((`a` ^ `b`) * 2)'],
    ['-`a`^2', '((-`a`) ^ 2)'],
    ['-`a`*`b`', '((-`a`) * `b`)'],
    ['--1', '(-(-1))'],
    ['NOT `a`=1', '(NOT (`a` = 1))'],
    ['!`a`=1', '((!`a`) = 1)'],
    ['NOT `a` AND `b`', '((NOT `a`) AND `b`)'],
    ['`a` OR `b` XOR `c` AND `d`', '(`a` OR (`b` XOR (`c` AND `d`)))'],
    ['`a`=`b`=`c`', '((`a` = `b`) = `c`)'],
    ['`a`=`b` IS NULL', '((`a` = `b`) IS NULL)'],
    ['`a` IS NULL=1', '((`a` IS NULL) = 1)'],
    ['`a`=1 IS NOT TRUE', '((`a` = 1) IS NOT TRUE)'],
    ['`a` BETWEEN 1 AND 2 AND `b`', '((`a` BETWEEN 1 AND 2) AND `b`)'],
    ['`a` BETWEEN `b`|1 AND `c` IN (1)', '(`a` BETWEEN (`b` | 1) AND (`c` IN (1)))'],
    ["`a` LIKE _UTF8MB4'x'=1", "((`a` LIKE _UTF8MB4'x') = 1)"],
    ['`a`<=>`b`', '(`a` <=> `b`)'],
    ['`a`<>`b`', '(`a` != `b`)'],
    ['`a` COLLATE utf8mb4_bin+1', '((`a` COLLATE utf8mb4_bin) + 1)'],
    ['BINARY `a` LIKE `b`', '((BINARY `a`) LIKE `b`)'],
    ['NOT EXISTS (SELECT 1)', '(NOT EXISTS (SELECT 1))'],
    ['`a`>ALL (SELECT 1)', '(`a` > ALL (SELECT 1))'],
    ['DATE_ADD(`a`, INTERVAL `b`+1 DAY)', 'DATE_ADD(`a`, INTERVAL `b` + 1 DAY)'],
    ["CHAR_FUNC(65, 'latin1')", 'CHAR(65 USING latin1)'],
    ['CHAR_FUNC(65, NULL)', 'CHAR(65)'],
  ];
  for (const [sql, expected] of PRECEDENCE)
    it(`groups ${sql} as TiDB does`, () => void expect(grouped(sql)).equal(expected));

  it('reads literals as what they are', () => {
    expect(expressionOf('1')).include({ kind: 'number', form: 'integer', text: '1' });
    expect(expressionOf('1.50')).include({ kind: 'number', form: 'decimal', text: '1.50' });
    expect(expressionOf('1.5e-07')).include({ kind: 'number', form: 'double', text: '1.5e-07' });
    expect(expressionOf("_UTF8MB4'it''s \\\\ é'")).include({
      kind: 'string',
      charset: 'utf8mb4',
      value: "it's \\ é",
    });
    expect(expressionOf("x'0aFF'")).include({ kind: 'bytes', form: 'hex', digits: '0aFF' });
    expect(expressionOf("b'101'")).include({ kind: 'bytes', form: 'bit', digits: '101' });
    expect(expressionOf("TIMESTAMP '2024-01-01 00:00:00'")).include({ kind: 'time', form: 'TIMESTAMP' });
    expect(expressionOf('TRUE')).include({ kind: 'boolean', value: true });
  });

  it('keeps where each expression and table stood', () => {
    const sql = 'SELECT `a`+1 AS `x` FROM (`d`.`t`) JOIN `d`.`u` WHERE (`b`>2) AND NOT `c`';
    const { items, from, where } = selectOf(sql);
    expect(items.map((item) => sourceOf(sql, item))).deep.equal(['`a`+1 AS `x`']);
    expect(from?.kind === 'join' && sourceOf(sql, from.left)).equal('`d`.`t`');
    expect(where?.kind === 'binary' && [sourceOf(sql, where.left), sourceOf(sql, where.right)]).deep.equal([
      '`b`>2',
      'NOT `c`',
    ]);
  });

  it('drops parentheses that say nothing, and keeps those that do', () => {
    expect(shape(parseSelect('((SELECT 1))'))).deep.equal(shape(parseSelect('SELECT 1')));
    const limited = parseSelect('(SELECT 1) LIMIT 2');
    expect(limited.body.kind).equal('setOperation');
    expect(limited.limit).deep.equal({ offset: 0n, count: 2n });
  });

  it('refuses what it does not know, quoting the piece', () => {
    const refused = (sql: string): NotSupportedError => {
      try {
        parseSelect(sql);
      } catch (error) {
        if (error instanceof NotSupportedError) return error;
        throw error;
      }
      throw new Error('was accepted');
    };
    expect(refused("SELECT 1 AS `x` INTO OUTFILE _UTF8MB4'f'")).include({
      errno: 1235,
      piece: "INTO OUTFILE _UTF8MB4'f'",
    });
    expect(refused('SELECT @x').message).include("'@x'");
    expect(refused(`SELECT ${'('.repeat(100_000)}1`).reason).include('deeply');
  });

  it('gives frozen nodes', () => {
    const { items } = selectOf('SELECT `a`+1 AS `x`');
    const [item] = items;
    expect(Object.isFrozen(items)).equal(true);
    expect(item?.kind === 'item' && Object.isFrozen(item.value)).equal(true);
  });
});
