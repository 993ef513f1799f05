/** `npm start -- --demo`: what it prints can be typed. */
import { expect } from 'chai';
import { demoText } from '../../src/embedded/demo.js';
import { type TiView, startTiView } from '../support/tiview.js';

/** Longer than it may take on a busy machine; alone it takes two seconds. */
const STARTS_WITHIN_MS = 10_000;

describe('the demo', () => {
  let tiview: TiView;

  before(async () => {
    const startMs = performance.now();
    tiview = await startTiView({ flags: ['--demo'] });
    expect(performance.now() - startMs).lessThan(STARTS_WITHIN_MS);
  });

  after(async () => {
    await tiview.stop();
  });

  it('shows a view that follows its tables', async () => {
    const [, statements = ''] = demoText({ host: '127.0.0.1', port: tiview.port }).split('and type:');
    await using client = await tiview.connect({ database: 'shop' });
    const answers: (readonly (readonly (string | null)[])[])[] = [];
    for (const statement of statements.split(';').map((text) => text.trim())) {
      if (/^(SELECT|EXPLAIN)/.test(statement)) answers.push(await client.rows(statement));
      else if (statement !== '') await client.run(statement);
    }
    const [before = [], after = [], explained = []] = answers;
    expect(answers.length).equal(3);
    expect([...before].sort()).deep.equal([
      ['Oslo', '5', '219.50'],
      ['Rome', '1', '250.00'],
    ]);
    expect([...after].sort()).deep.equal([
      ['Kyoto', '1', '500.00'],
      ['Oslo', '5', '219.50'],
      ['Rome', '1', '250.00'],
    ]);
    expect(explained.length).greaterThan(3);
  });
});
