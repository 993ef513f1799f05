// The build: TypeScript to dist/, and each grammar/*.peggy straight into dist/ beside the parser that loads it
// (tsc does not copy JavaScript). Run by `npm run build`, and by `npm ci` through `prepare`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import peggy from 'peggy';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = join(root, 'dist/src/sql/parse');

mkdirSync(generated, { recursive: true });
for (const file of readdirSync(join(root, 'grammar')).filter((name) => name.endsWith('.peggy'))) {
  const from = join(root, 'grammar', file);
  const to = join(generated, file.replace(/[.]peggy$/, '.grammar.js'));
  if (existsSync(to) && statSync(to).mtimeMs > statSync(from).mtimeMs) continue;
  const source = readFileSync(from, 'utf8');
  writeFileSync(
    to,
    peggy.generate(source, {
      output: 'source',
      format: 'es',
      cache: false,
      grammarSource: file,
      // Its rules are parts of another grammar's.
      ...(file === 'select.peggy' && { allowedStartRules: ['*'] }),
    }),
  );
}

const tsc = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
