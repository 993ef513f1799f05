import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { collationOf } from '../../../src/codec/collation.js';
import type { Datum } from '../../../src/codec/datum.js';
import { planView, readDefinition } from '../../../src/plan/plan-view.js';
import { evaluatePlan } from '../../../src/plan/reference/evaluate-plan.js';
import { isLike } from '../../../src/plan/reference/is-like.js';
import { testTable, text, typeOf } from './table.js';

describe('plan/reference', () => {
  it('answers a definition over rows', () => {
    const table = testTable([
      { name: 'a', type: typeOf('long') },
      { name: 's', type: text('utf8mb4_general_ci') },
    ]);
    const { logical } = planView(
      readDefinition("SELECT `s` AS `s`,`a`>1 AS `t` FROM `d`.`t` WHERE `s`='X' OR `a` IS NULL"),
      () => table,
      { timeZone: 'UTC' },
    );
    const rows: readonly (readonly Datum[])[] = [
      [1n, utf8('x')],
      [2n, utf8('X ')],
      [null, utf8('y')],
      [3n, null],
    ];
    const result = evaluatePlan(logical, () => rows);
    expect(result.map(([s, t]) => [s instanceof Uint8Array ? fromUtf8(s) : s, t])).deep.equal([
      ['x', 0n],
      ['X ', 1n],
      ['y', null],
    ]);
  });

  it('matches LIKE as the standard says', () => {
    const bin = collationOf('utf8mb4_bin', true);
    const cases: readonly (readonly [string, string, boolean])[] = [
      ['', '', true],
      ['', '%', true],
      ['abc', 'a%', true],
      ['abc', '%b%', true],
      ['abc', 'a_c', true],
      ['a_c', 'a\\_c', true],
      ['abc', 'a\\_c', false],
      ['é', '_', true],
      ['a ', 'a', false],
      ['A', 'a', false],
    ];
    for (const [value, pattern, expected] of cases) {
      expect(isLike(bin, utf8(value), utf8(pattern), 0x5c), `${value} LIKE ${pattern}`).equal(expected);
    }
    expect(isLike(collationOf('utf8mb4_general_ci', true), utf8('À'), utf8('a'), 0x5c)).equal(true);
    expect(isLike(collationOf('binary', true), utf8('é'), utf8('__'), 0x5c)).equal(true);
  });
});
