import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { columnChanges } from '../../../../src/sql/scan/column-changes.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';

function changes(text: string): string[] {
  const bytes = utf8(text);
  return columnChanges(bytes, 0, bytes.length, DEFAULT_LEX_MODE).map(
    ({ database, table, column, action }) => `${action} ${database ?? '?'}.${table}.${column}`,
  );
}

describe('column changes', () => {
  it('are found in every spec of an ALTER TABLE', () => {
    expect(
      changes('ALTER TABLE t DROP COLUMN a, MODIFY COLUMN `B` int, CHANGE c d int, RENAME COLUMN e TO f'),
    ).deep.equal(['drop ?.t.a', 'modify ?.t.b', 'change ?.t.c', 'rename ?.t.e']);
  });

  it('are found without the word COLUMN, with IF EXISTS, with a database, in comments that are code', () => {
    expect(changes('alter ignore table db.t drop a')).deep.equal(['drop db.t.a']);
    expect(changes('alter table t drop column if exists a')).deep.equal(['drop ?.t.a']);
    expect(changes('/* x */ alter table t /*! drop a */')).deep.equal(['drop ?.t.a']);
    expect(changes('alter table t modify t.a int')).deep.equal(['modify ?.t.a']);
  });

  it('are not what is added, nor keys, partitions, constraints, the table itself', () => {
    expect(
      changes(
        "alter table t add column (a int, drop_me int default 3), drop index a, drop primary key, drop partition p, drop foreign key f, drop check c, rename to u, rename index a to b, comment = 'x, drop a'",
      ),
    ).deep.equal([]);
    expect(changes('create table t (a int)')).deep.equal([]);
    expect(changes('alter database d character set utf8mb4')).deep.equal([]);
  });

  it('are found when a column has the name of a keyword in quotes or after COLUMN', () => {
    expect(changes('alter table t drop column `index`, drop `key`, drop column check')).deep.equal([
      'drop ?.t.index',
      'drop ?.t.key',
      'drop ?.t.check',
    ]);
  });

  it('are looked for in every statement of a packet', () => {
    expect(changes('select 1; alter table t drop a; alter table u drop b')).deep.equal([
      'drop ?.t.a',
      'drop ?.u.b',
    ]);
  });
});
