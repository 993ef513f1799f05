import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../../src/cli/config-error.js';
import { readConfig } from '../../../src/cli/config.js';
import { statusToken } from '../../../src/cli/status-access.js';

describe('access to the status port', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'tiview-token-'))));
  after(() => rmSync(folder, { recursive: true }));

  const tokenOf = (...argv: string[]): string | undefined => {
    const request = readConfig({ argv, environment: {}, readFile: () => '', version: '' });
    return request.kind === 'serve' ? statusToken(request.options) : 'printed';
  };
  const problemOf = (...argv: string[]): string => {
    try {
      return `no problem: ${tokenOf(...argv) ?? ''}`;
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };
  const file = (text: string): string => {
    const path = join(folder, 'token');
    writeFileSync(path, text);
    return path;
  };

  it('is free on loopback', () => {
    expect(tokenOf()).to.equal(undefined);
    expect(tokenOf('--status', '[::1]:0')).to.equal(undefined);
  });

  it('needs a token elsewhere, and says so in one line that names the key', () => {
    const expected = 'status: 0.0.0.0:6080 is not on loopback, so --status-token-file must be given';
    expect(problemOf('--status', '0.0.0.0:6080')).to.equal(expected);
    const path = file('sixteen-letters!\n');
    expect(tokenOf('--status', '0.0.0.0:6080', '--status-token-file', path)).to.equal('sixteen-letters!');
    expect(tokenOf('--status-token-file', path)).to.equal('sixteen-letters!');
  });

  it('takes no token that is missing, short or not to be sent', () => {
    for (const text of ['', '\n', 'fifteen-letters', 'two words of some length', 'schlüsselchen-lang']) {
      expect(problemOf('--status-token-file', file(text))).to.match(/^status-token-file: not 16 characters/);
    }
    expect(problemOf('--status-token-file', join(folder, 'gone'))).to.match(
      /^status-token-file: ENOENT.*gone/,
    );
  });
});
