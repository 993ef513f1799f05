/** One view, `fuzz.mv`, of which there is nothing but the name, and statements on views that are answered at once. */
import type { NameSnapshot, ResultPart, ViewService } from '../../../src/view/index.js';

const names: NameSnapshot = {
  version: 1,
  systemSchema: 'tiview',
  views: [{ schema: 'fuzz', name: 'mv', state: 'READY', lastError: undefined, bases: [] }],
};

async function* answer(): AsyncGenerator<ResultPart> {
  await new Promise((resolve) => setImmediate(resolve));
  yield { kind: 'columns', columns: [{ name: 'a', isInteger: false }] };
  yield { kind: 'rows', rows: [['1'], [null], ['x'.repeat(300)]] };
}

const neverAsked = (): never => {
  throw new Error('a proxy asks for names and answers only');
};

/** What gates need to know of views. */
export const fakeViews: ViewService = {
  ...{ names: () => names, execute: answer },
  ...{ frontier: neverAsked, waitFor: neverAsked, status: neverAsked },
};
