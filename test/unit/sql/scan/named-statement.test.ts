import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../../../src/sql/scan/lex-mode.js';
import { namedStatement } from '../../../../src/sql/scan/named-statement.js';

function read(sql: string, mode: LexMode = DEFAULT_LEX_MODE): string {
  const bytes = utf8(sql);
  const statement = namedStatement(bytes, 0, bytes.length, mode);
  switch (statement?.kind) {
    case undefined:
      return 'none';
    case 'execute':
      return `execute ${statement.name} with ${statement.parameterCount}`;
    case 'deallocate':
      return `forget ${statement.name}`;
    case 'prepare': {
      const { name, source } = statement;
      const text = source.kind === 'text' ? source.text : `[${sql.slice(source.start, source.end)}]`;
      return `prepare ${name}: ${text}`;
    }
  }
}

const CASES: readonly (readonly [string, string])[] = [
  ["PREPARE p FROM 'SELECT ''x'''", "prepare p: SELECT 'x'"],
  ["/* x */ prepare `a``b` from 'select\\n1' ;", 'prepare a`b: select\n1'],
  ['/*! prepare P from "select 1" */', 'prepare P: select 1'],
  ['PREPARE p FROM @v', 'prepare p: [@v]'],
  ['PREPARE p FROM @`a b`', 'prepare p: [@`a b`]'],
  ['EXECUTE p', 'execute p with 0'],
  ['execute P using @a, @`b`', 'execute P with 2'],
  ['DEALLOCATE PREPARE p', 'forget p'],
  ['drop prepare `p`;', 'forget p'],
  // TiDB takes none of these.
  ["PREPARE 'p' FROM 'select 1'", 'none'],
  ["PREPARE p FROM N'select 1'", 'none'],
  ["PREPARE p FROM 'select' ' 1'", 'none'],
  ["PREPARE p 'select 1'", 'none'],
  ["(PREPARE p FROM 'select 1')", 'none'],
  ['EXECUTE p USING 1', 'none'],
  ["EXECUTE IMMEDIATE 'select 1'", 'none'],
  ['EXECUTE', 'none'],
  ['DEALLOCATE p', 'none'],
  ['DROP PREPARE', 'none'],
  ['SELECT 1', 'none'],
];

describe('statements that prepare by name', () => {
  for (const [sql, expected] of CASES) {
    it(`${sql} → ${expected}`, () => {
      expect(read(sql)).to.equal(expected);
    });
  }

  it('are read as the session reads them', () => {
    expect(read('PREPARE p FROM "x"', { ...DEFAULT_LEX_MODE, ansiQuotes: true })).to.equal('none');
    const plain = { ...DEFAULT_LEX_MODE, noBackslashEscapes: true };
    expect(read("PREPARE p FROM 'a\\n'", plain)).to.equal('prepare p: a\\n');
  });
});
