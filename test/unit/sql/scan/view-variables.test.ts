import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { readModeHint } from '../../../../src/sql/scan/read-hint.js';
import { viewVariablePlaces } from '../../../../src/sql/scan/view-variables.js';

describe('sql/scan/view-variables', () => {
  function places(sql: string): readonly string[] {
    const bytes = utf8(sql);
    return viewVariablePlaces(bytes, 0, bytes.length, DEFAULT_LEX_MODE).map(
      ({ start, end, variable, scope }) =>
        `${fromUtf8(bytes.subarray(start, end))} ${variable} ${scope ?? '-'}`,
    );
  }

  it('finds the variables of this program wherever they are read', () => {
    const sql =
      "select @@mview_read_mode, @@GLOBAL.Mview_native, '@@mview_native' from t where a=@@local.`mview_last_ts`";
    expect(places(sql)).deep.equal([
      '@@mview_read_mode mview_read_mode -',
      '@@GLOBAL.Mview_native mview_native global',
      '@@local.`mview_last_ts` mview_last_ts session',
    ]);
  });

  it('leaves other variables alone', () => {
    expect(places('select @mview_read_mode, @@mview_unknown, mview_read_mode, @@sql_mode')).deep.equal([]);
  });
});

describe('sql/scan/read-hint', () => {
  function hint(sql: string): string | undefined {
    const bytes = utf8(sql);
    return readModeHint(bytes, 0, bytes.length, DEFAULT_LEX_MODE);
  }

  it('reads the word of the hint behind a SELECT', () => {
    expect(hint('select /*+ mv_read( Strict ) */ 1')).equal('strict');
    expect(hint('WITH w AS (SELECT 1) SELECT /*+ HASH_JOIN(a) MV_READ(session) */ 1')).equal('session');
  });

  it('takes no hint from elsewhere', () => {
    expect(hint('select 1 /*+ mv_read(strict) */')).equal(undefined);
    expect(hint("select '/*+ mv_read(strict) */'")).equal(undefined);
    expect(hint('select /*+ other(strict) */ 1')).equal(undefined);
  });
});
