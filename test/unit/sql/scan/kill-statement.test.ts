import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.js';
import { killedConnection, withKilledConnection } from '../../../../src/sql/scan/kill-statement.js';

const killed = (sql: string): number | undefined => {
  const bytes = utf8(`..${sql}..`);
  return killedConnection(bytes, 2, bytes.length - 2);
};

describe('a KILL statement', () => {
  it('can name another connection, and is the same otherwise', () => {
    for (const [sql, other] of [
      ['KILL 5', 'KILL 77'],
      ['/* 5 é */ kill tidb query 5 ; ', '/* 5 é */ kill tidb query 77 ; '],
    ] as const) {
      expect(fromUtf8(withKilledConnection(utf8(sql), 77))).to.equal(other);
    }
  });

  it('names a connection', () => {
    for (const sql of [
      'KILL 5',
      'kill query 5',
      'Kill Connection 5;',
      ' KILL TIDB QUERY\n5 ; ',
      'kill tidb 5',
      '/* a tool */ KILL QUERY 5',
      '-- why\n# and\nKILL 5',
    ]) {
      expect(killed(sql), sql).to.equal(5);
    }
    expect(killed('KILL QUERY 3428843550')).to.equal(3428843550);
  });

  it('is nothing else', () => {
    for (const sql of [
      '',
      'kill',
      'KILL QUERY',
      'KILL QUERY five',
      'KILLED 5',
      'KILL 5 6',
      'SELECT 1; KILL 5',
      '/* KILL 5 */',
      '-- KILL 5',
      'KILL 99999999999999999999',
      'KILL CONNECTION_ID()',
      `/*${'x'.repeat(600)}*/ KILL 5`,
    ]) {
      expect(killed(sql), sql).to.equal(undefined);
    }
  });

  it('takes no time over what only begins like one', () => {
    for (const text of ['/*'.repeat(250), '/**/'.repeat(120), ' '.repeat(500), '-- \n'.repeat(120)]) {
      for (let i = 0; i < 100; i++) expect(killed(text)).to.equal(undefined);
    }
  });
});
