/** docker-compose.yml says what it means to: by `docker compose config`, or where that is missing by its own loader. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runProgram } from '../../clients/installed.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
/** What `docker compose config` is made of. */
const LOADER = 'github.com/compose-spec/compose-go/v2/cmd@v2.6.0';

interface Composed {
  readonly services: Readonly<Record<string, { readonly command: readonly string[] }>>;
}

describe('docker-compose.yml', function () {
  this.timeout(300_000);

  it('is valid, and starts what README says', async () => {
    const file = join(root, 'docker-compose.yml');
    const docker = await runProgram('sh', ['-c', `docker compose -f '${file}' config --format json`]);
    const { stdout, stderr, code } =
      docker.code === 0 ? docker : await runProgram('go', ['run', LOADER, '-format', 'json', file]);
    expect(code, stderr).equal(0);
    const { services } = JSON.parse(stdout) as Composed;
    expect(Object.keys(services).sort()).deep.equal(
      ['pd', 'tidb0', 'tidb1', 'tikv0', 'tikv1', 'tikv2', 'tiview'].sort(),
    );
    const flags = services['tiview']?.command ?? [];
    const help = await runProgram('node', [join(root, 'dist', 'src', 'cli', 'main.js'), '--help']);
    for (const flag of flags) expect(help.stdout).contain(flag.split('=')[0]);
  });
});
