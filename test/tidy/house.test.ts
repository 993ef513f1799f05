// The house rules that no linter knows: what may lie in the root, how long a file may be, what may not be written
// anywhere, and that the layers check really saw every file (dependency-cruiser once reported 0 modules, and green).
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../../..');
const git = (...args: string[]): string[] =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
// Tracked files and new ones, so that the rules hold before a commit too.
const files = git('ls-files', '--cached', '--others', '--exclude-standard').filter(
  (file, index, all) => all.indexOf(file) === index,
);
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const isText = (file: string): boolean => !/[.](png|ico|bin|gz)$/.test(file);

describe('the house', () => {
  it('keeps its root as its owner named it', () => {
    const allowed = new Set([
      ...['package.json', 'package-lock.json', 'tsconfig.json', 'src', 'proto', 'grammar', 'test'],
      ...['docker-compose.yml', 'README.md', '.gitignore', '.ci', 'LICENSE'],
    ]);
    const odd = new Set(files.map((file) => file.split('/')[0] ?? '').filter((name) => !allowed.has(name)));
    expect([...odd]).to.deep.equal([]);
  });

  it('has no source file over 400 lines that does not say why in its header', () => {
    const long = files
      .filter((file) => /^(src|test)\/.*[.]ts$/.test(file))
      .filter((file) => read(file).split('\n').length > 401)
      .filter((file) => !/over 400 lines/i.test(read(file).slice(0, 2000)));
    expect(long).to.deep.equal([]);
  });

  it('contains no left-overs, no address of a registry and no path of a machine', () => {
    const banned = [
      /\b(TODO|FIXME|XXX)\b/,
      /\b(describe|it|context)[.](only|skip)\(/,
      /catch *(\([a-z_]*\))? *\{ *\}/i,
      /@ts-(ignore|nocheck|expect-error)|eslint-disable/,
      /registry[.]npmjs|registry[.]yarnpkg|proxy[.]golang[.]org|pypi[.]org|repo1?[.]maven/,
      /\/work\/(main|shared|wt)|\/root\/|\/home\/[a-z]/,
    ];
    const self = 'test/tidy/house.test.ts';
    const found = files
      .filter(
        (file) =>
          file !== self && isText(file) && !file.startsWith('test/traces/') && !/go[.]sum$/.test(file),
      )
      .flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((line, index) =>
            banned.some((pattern) => pattern.test(line)) ? [`${file}:${index + 1} ${line.trim()}`] : [],
          ),
      );
    expect(found).to.deep.equal([]);
  });

  it('is seen whole by the layers check, which finds nothing', () => {
    const result = spawnSync(
      process.execPath,
      [
        join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
        ...['--config', 'test/tidy/layers.cjs', '--output-type', 'json', 'src'],
      ],
      { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const report = JSON.parse(result.stdout) as {
      modules: { source: string }[];
      summary: { violations: { rule: { name: string }; from: string; to: string }[] };
    };
    const seen = report.modules.filter((module) => /^src\/.*[.]ts$/.test(module.source)).length;
    expect(seen).to.equal(files.filter((file) => /^src\/.*[.]ts$/.test(file)).length);
    expect(report.summary.violations.map((v) => `${v.rule.name}: ${v.from} → ${v.to}`)).to.deep.equal([]);
  }).timeout(60_000);

  it('gives every folder of the source a README', () => {
    const folders = new Set(
      files.filter((file) => /^src\/[^/]+\/.*[.]ts$/.test(file)).map((file) => file.split('/')[1] ?? ''),
    );
    const missing = [...folders].filter((folder) => !files.includes(`src/${folder}/README.md`));
    expect(missing).to.deep.equal([]);
  });
});
