/** The foreign clients that test/clients/install.sh installs: where they are, and what a test does without them. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from 'mocha';

/** The folder with package.json, whether these are the sources or their compiled form. */
export const root = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Sessions written in the languages of the clients. */
export const clientScripts = join(root, 'test/clients');

/** Where libraries and suites are. */
export const clientsHome = join(root, 'dist/clients');

/** The Python that has PyMySQL. */
export const python = join(clientsHome, 'python/bin/python');

/** A jar; empty if it is not installed. */
function jarOf(name: string): string {
  const folder = join(clientsHome, 'java');
  const jar = existsSync(folder) ? readdirSync(folder).find((file) => file.startsWith(name)) : undefined;
  return jar === undefined ? '' : join(folder, jar);
}

/** Connector/J's. */
export const connectorJar = jarOf('mysql-connector-j-');

/** MariaDB Connector/J's. */
export const mariadbJar = jarOf('mariadb-java-client-');

/** The small program with the crate `mysql`, built. */
export const rustProgram = join(clientsHome, 'rust/target/debug/typical');

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is given. */
export interface ProgramInput {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In which folder; default this process'. */
  readonly cwd?: string;
  /** After which it is killed; default never. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramInput = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    // A program may end without reading what it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    );
  });
}

/** A client of install.sh. */
export type ClientName =
  'mariadb' | 'pymysql' | 'sqlalchemy' | 'connectorj' | 'mariadbj' | 'prometheus' | 'node' | 'rust';

const probes: Readonly<Record<ClientName, readonly (readonly [string, ...string[]])[]>> = {
  mariadb: [['mariadb', '--version']],
  pymysql: [[python, '-c', 'import pymysql']],
  prometheus: [[python, '-c', 'import prometheus_client.parser']],
  sqlalchemy: [[python, '-c', 'import pymysql, sqlalchemy']],
  connectorj: [
    ['java', '-version'],
    ['test', '-f', connectorJar],
  ],
  mariadbj: [
    ['java', '-version'],
    ['test', '-f', mariadbJar],
  ],
  node: [['test', '-d', join(clientsHome, 'node/node_modules/typeorm')]],
  rust: [['test', '-x', rustProgram]],
};

/**
 * To be awaited at the beginning of a test that needs a client. Without the client the test fails if the environment
 * says `CI`, and is otherwise skipped, which is printed and counted.
 */
export async function needsClient(test: Context, name: ClientName): Promise<void> {
  for (const [command, ...args] of probes[name]) {
    const isThere = await runProgram(command, args).then(
      ({ code }) => code === 0,
      () => false,
    );
    if (isThere) continue;
    const message = `${name} is missing: run test/clients/install.sh ${name}`;
    if (process.env['CI'] !== undefined) throw new Error(message);
    process.stdout.write(`      ${message}\n`);
    test.skip();
  }
}
