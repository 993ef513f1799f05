// The catalog of metrics and the source agree: a name that is used but not declared would take the process down when
// it is first counted, and one that is declared but never used would be a promise to whoever reads /metrics.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { metricCatalog } from '../../src/observe/metric-catalog.js';

const src = join(import.meta.dirname, '../../../src');
const CATALOG = join('observe', 'metric-catalog.ts');

/** A name in quotes: `tiview_` alone is a prefix and no name. */
const NAME = /['"`](tiview_[a-z0-9_]*[a-z0-9])['"`]/g;
const CALL = /[.](count|gauge|observe)\(\s*['"`](tiview_[a-z0-9_]+)['"`]/g;
const KIND_OF_CALL: Readonly<Record<string, string>> = {
  count: 'counter',
  gauge: 'gauge',
  observe: 'histogram',
};

const texts = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && file !== CATALOG)
  .map((file) => readFileSync(join(src, file), 'utf8'));
const used = new Set(texts.flatMap((text) => [...text.matchAll(NAME)].map(([, name = '']) => name)));

describe('the catalog of metrics', () => {
  it('declares every metric that the source uses', () => {
    expect([...used].filter((name) => metricCatalog[name] === undefined)).to.deep.equal([]);
  });

  it('declares no metric that the source does not use', () => {
    expect(Object.keys(metricCatalog).filter((name) => !used.has(name))).to.deep.equal([]);
  });

  it('declares each metric as what it is used as', () => {
    const calls = texts.flatMap((text) => [...text.matchAll(CALL)]);
    expect(calls.length).to.be.greaterThan(10);
    const wrong = calls.filter(
      ([, call = '', name = '']) => metricCatalog[name]?.kind !== KIND_OF_CALL[call],
    );
    expect(wrong.map(([text]) => text)).to.deep.equal([]);
  });

  it('names counters after what they total, and nothing else so', () => {
    const odd = Object.entries(metricCatalog).filter(
      ([name, { kind }]) => name.endsWith('_total') !== (kind === 'counter'),
    );
    expect(odd.map(([name]) => name)).to.deep.equal([]);
  });
});
