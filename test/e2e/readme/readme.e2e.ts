// README.md tells the truth: what it shows is typed, in order, and what comes back is compared with what it shows. Only
// ports and times differ: everything listens on free ports here, and README's usual ones stand for them.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { needsClient, python, root, runProgram } from '../../clients/installed.js';
import { freePort } from '../../support/free-port.js';
import { type Rig, startRig } from '../../support/rig.js';
import { until } from '../../support/settled.js';
import { Terminal } from './terminal.js';
import { type Dialogue, type ShellCommand, transcriptOf } from './transcript.js';

/**
 * Between two epochs: longer than a machine needs from typing a change to reading a view, however busy it is. That a
 * change is not seen by a read right after it is what README shows, and no race here; REFRESH waits for no interval.
 */
const EPOCH_INTERVAL_MS = 2_000;

const readText = (file: string): string => readFileSync(join(root, file), 'utf8');
const transcript = transcriptOf(readText('README.md'));
const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };

/** Times differ from run to run. */
const withoutTimes = (text: string): string => text.replace(/\(\d+\.\d+ sec\)/g, '(… sec)').trimEnd();

/** Types all of it; the session in front of the embedded cluster, or of a real TiDB. */
function suite(target: 'embedded' | 'TiDB'): void {
  let rig: Rig;
  let stopRig: (() => Promise<void>) | undefined;
  let tiview: ChildProcess | undefined;
  let terminal: Terminal | undefined;
  /** README's ports, and those that are used instead. */
  let ports: readonly (readonly [string, string])[];

  before(async function () {
    await needsClient(this, 'mariadb');
    await needsClient(this, 'pymysql');
    rig = await startRig();
    stopRig = () => rig.stop();
    const portOf = (address: string): string => address.split(':')[1] ?? '';
    ports = [
      ['4000', String(rig.mysqlPort)],
      ['10080', portOf(rig.status)],
      ['2379', portOf(rig.pd)],
      ['6000', String(await freePort())],
      ['6080', String(await freePort())],
    ];
  });

  after(async () => {
    terminal?.close();
    await stop();
    await stopRig?.();
  });

  const translated = (text: string, from: 0 | 1, to: 0 | 1): string =>
    ports.reduce((all, pair) => all.replace(new RegExp(`\\b${pair[from]}\\b`, 'g'), pair[to]), text);
  const toHere = (text: string): string => translated(text, 0, 1);
  const toReadme = (text: string): string => translated(text, 1, 0);

  async function shell(command: string): Promise<string> {
    const { stdout, stderr, code } = await runProgram('sh', ['-c', `cd '${root}' && ${toHere(command)}`]);
    expect(code, stderr).to.equal(0);
    return toReadme(stdout);
  }

  /** Ctrl-C. The program is a child of npm, which has a group of its own. */
  async function stop(): Promise<void> {
    if (tiview?.pid === undefined || tiview.exitCode !== null) return;
    const exited = new Promise((resolve) => tiview?.once('exit', resolve));
    process.kill(-tiview.pid, 'SIGINT');
    await exited;
    tiview = undefined;
  }

  /** Starts TiView as README does, at ports that are free here, and lets it take over. @returns its last line. */
  async function start(command: string): Promise<string> {
    await stop();
    const env = {
      ...process.env,
      TIVIEW_LISTEN: `127.0.0.1:${toHere('6000')}`,
      TIVIEW_STATUS: `127.0.0.1:${toHere('6080')}`,
      TIVIEW_EPOCH_INTERVAL: String(EPOCH_INTERVAL_MS),
    };
    const child = spawn('sh', ['-c', toHere(command)], {
      ...{ cwd: root, detached: true, env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    tiview = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('tiview ready')) continue;
      await until('it maintains the views', 10_000, async () => {
        const status = await fetch(`http://${env.TIVIEW_STATUS}/status`);
        const { role } = (await status.json()) as { role: string };
        return role === 'owner' || undefined;
      });
      return toReadme(line);
    }
    throw new Error(`${command} has ended`);
  }

  /** What each command of README comes to here; all others are simply run. */
  const commands: Readonly<Record<string, (command: ShellCommand) => Promise<void>>> = {
    'npm ci && npm start': async ({ output }) => {
      // Installing is done: this file could not run without.
      const command = target === 'embedded' ? 'npm start' : 'npm start -- --tidb 127.0.0.1:4000';
      expect(await start(command)).to.equal(output);
    },
    'npm ci && npm test': () =>
      Promise.resolve(expect(scripts).to.include.keys('test')).then(() => undefined),
    'npm run test:tidb': () =>
      Promise.resolve(expect(scripts).to.include.keys('test:tidb')).then(() => undefined),
    'npm run tidb': ({ output }) => {
      expect(scripts['tidb']).to.equal('test/tidb/run.sh -fixed-ports');
      const shown = `tidb ready: mysql=127.0.0.1:${rig.mysqlPort} status=${rig.status} pd=${rig.pd}`;
      expect(toReadme(shown)).to.equal(output);
      return Promise.resolve();
    },
    'npm start -- --tidb 127.0.0.1:4000': async ({ command, output }) => {
      expect(await start(command)).to.equal(output);
    },
    'mariadb -h 127.0.0.1 -P 6000 -u root': async ({ command }) => {
      const [program = '', ...args] = toHere(command).split(' ');
      terminal = await Terminal.open([program, '--no-defaults', ...args]);
    },
    'python3 -q': async () => {
      terminal = await Terminal.open([python, '-q']);
    },
    'test/clients/install.sh': ({ command }) => {
      expect(existsSync(join(root, command))).to.equal(true);
      return Promise.resolve();
    },
  };

  async function type({ typed, screen }: Dialogue): Promise<void> {
    let shown = '';
    for (const line of typed) shown += (await terminal?.type(toHere(line))) ?? 'no program is running';
    expect(withoutTimes(toReadme(shown))).to.equal(withoutTimes(screen));
  }

  it('has something to type', () => {
    expect(transcript.filter(({ kind }) => kind === 'dialogue').length).to.be.at.least(4);
    for (const command of Object.keys(commands)) {
      expect(transcript.some((part) => part.kind === 'shell' && part.command === command)).to.equal(true);
    }
  });

  for (const part of transcript) {
    const title = part.kind === 'shell' ? part.command : part.typed.slice(0, 3).join(' ');
    it(`tells the truth about ${title}`, async () => {
      if (part.kind === 'dialogue') await type(part);
      else if (commands[part.command] !== undefined) await commands[part.command]?.(part);
      else expect((await shell(part.command)).trimEnd()).to.equal(part.output);
    });
  }
}

for (const target of ['embedded', 'TiDB'] as const) {
  describe(`README.md, its session on ${target === 'embedded' ? 'the embedded cluster' : 'a real TiDB'}`, function () {
    this.timeout(180_000);
    suite(target);
  });
}
