import { expect } from 'chai';
import fc from 'fast-check';
import { utf8 } from '../../../../src/base/bytes.js';
import { DEFAULT_LEX_MODE } from '../../../../src/sql/scan/lex-mode.js';
import { Gate } from '../../../../src/sql/scan/gate.js';
import { NameIndex } from '../../../../src/sql/scan/name-index.js';
import { StatementScanner } from '../../../../src/sql/scan/statement-scanner.js';
import { Sweep } from '../../../../src/sql/scan/sweep.js';

const NAMES = [
  'daily_sales',
  'orders_by_region',
  'top10',
  'my view',
  'Größe',
  'abcde',
  'shop',
  'crm',
  'a-b',
  'été',
];
const PIECES = [
  ...NAMES,
  'orders',
  'DAILY_SALES',
  'region',
  'x',
  'SELECT',
  'update',
  'FOR UPDATE',
  'share',
  'for share',
  'LOCK IN SHARE MODE',
  'delete',
  '@@mview_read_mode',
  '/*+ MV_READ(strict) */',
  '/*T![soon] a */',
  '/*! b */',
  "'text; daily_sales'",
  '`my view`',
  '"abcde"',
  'Shop',
  'shops',
  '.shop.',
  'crm.',
  '`crm`',
  'xcrm',
  '"a-b"',
  '(',
  ';',
  ',',
  '\u212a',
  '日本',
  '123',
  '-- note\n',
];

const text = fc
  .tuple(
    fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }),
    fc.constantFrom(' ', '', '\n', '  '),
    fc.nat(3),
  )
  .map(([pieces, glue, shift]) => 'SELECT'.padEnd(100 + shift, ' a') + glue + pieces.join(glue));

describe('sql/scan/gate', () => {
  it('lets nothing through in which the sweep notices something', () => {
    const names = new NameIndex(NAMES);
    const gate = new Gate(names);
    const sweep = new Sweep(names);
    let passed = 0;
    fc.assert(
      fc.property(text, (sql) => {
        const bytes = utf8(sql);
        if (!gate.passes(bytes, 0, bytes.length)) return;
        passed++;
        expect(sweep.run(bytes, 0, bytes.length, DEFAULT_LEX_MODE)).equal(bytes.length);
        expect(sweep.noticed).equal(0);
      }),
      { numRuns: 20_000 },
    );
    expect(passed, 'texts that pass').greaterThan(200);
  });

  it('changes no answer of the scanner', () => {
    const gated = new StatementScanner(new NameIndex(NAMES));
    // A name of two letters makes the gate useless, so this one always sweeps.
    const swept = new StatementScanner(new NameIndex([...NAMES, 'zq']));
    fc.assert(
      fc.property(text, (sql) => {
        const bytes = utf8(sql);
        const bits = gated.scan(bytes, 0, bytes.length, DEFAULT_LEX_MODE);
        expect(bits).equal(swept.scan(bytes, 0, bytes.length, DEFAULT_LEX_MODE));
      }),
      { numRuns: 20_000 },
    );
  });
});
