// README names every option, by itself or by the beginning that it shares with others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { optionTable } from '../../../src/cli/options.js';

const readme = readFileSync(join(import.meta.dirname, '../../../../README.md'), 'utf8');
/** `--name`, `--name VALUE`, or `--prefix-*`. */
const named = [...readme.matchAll(/`--([a-z-]+\*?)(?: [^`]*)?`/g)].map(([, name = '']) => name);

describe('the options', () => {
  for (const option of Object.keys(optionTable)) {
    it(`--${option} is in README`, () => {
      const isNamed = named.some((name) =>
        name.endsWith('-*') ? option.startsWith(name.slice(0, -1)) : name === option,
      );
      expect(isNamed).to.equal(true);
    });
  }

  it('that README names exist', () => {
    const options = ['config', 'help', 'version', ...Object.keys(optionTable)];
    const unknown = named.filter((name) => !name.includes('*') && !options.includes(name));
    expect(unknown).to.deep.equal([]);
  });
});
