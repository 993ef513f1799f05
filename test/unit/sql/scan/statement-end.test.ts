import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE, type LexMode } from '../../../../src/sql/scan/lex-mode.js';
import { splitStatements, statementPieces } from '../../../../src/sql/scan/statement-end.js';

function split(sql: string, mode: LexMode = DEFAULT_LEX_MODE): readonly string[] {
  const bytes = utf8(sql);
  return splitStatements(bytes, 0, bytes.length, mode).map(({ start, end }) =>
    fromUtf8(bytes.subarray(start, end)),
  );
}

describe('sql/scan/statement-end', () => {
  it('splits at semicolons that are code', () => {
    expect(split('a; b ;c')).deep.equal(['a', ' b ', 'c']);
    expect(split("a ';' b; c")).deep.equal(["a ';' b", ' c']);
    expect(split('a `;` ";" /*;*/ -- ;\n # ;\n b')).deep.equal(['a `;` ";" /*;*/ -- ;\n # ;\n b']);
    expect(split('a /*! b; c */ d')).deep.equal(['a /*! b', ' c */ d']);
    expect(split('a --; b')).deep.equal(['a --', ' b']);
  });

  it('leaves out what is only blanks and comments', () => {
    expect(split(';; /* x */ ; a;')).deep.equal([' a']);
    expect(split('')).deep.equal([]);
  });

  it('takes what is never closed as one statement', () => {
    for (const sql of ["a 'b; c", 'a `b; c', 'a /* b; c']) expect(split(sql)).deep.equal([sql]);
  });

  it('follows the session on backslashes', () => {
    expect(split("'\\'; b; '")).deep.equal(["'\\'; b; '"]);
    expect(split("'\\'; b; '", { ...DEFAULT_LEX_MODE, noBackslashEscapes: true })).deep.equal([
      "'\\'",
      ' b',
      " '",
    ]);
  });

  it('leaves a comment that is code whole where pieces are to be sent', () => {
    const sql = utf8("/*! a; b */; 'c;' /* ; */;; -- d;\n e");
    const pieces = [...statementPieces(sql, 0, sql.length, DEFAULT_LEX_MODE)];
    expect(pieces.map(({ start, end }) => fromUtf8(sql.subarray(start, end)))).to.deep.equal([
      '/*! a; b */',
      " 'c;' /* ; */",
      ' -- d;\n e',
    ]);
  });
});
