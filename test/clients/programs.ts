/**
 * The small programs of test/clients/programs: each does one typical session in the way of its library, and prints what
 * every step gave. With `view` they also create, read and drop a materialized view, which only TiView can do.
 */
import { join } from 'node:path';
import {
  type ClientName,
  clientScripts,
  connectorJar,
  mariadbJar,
  python,
  runProgram,
  rustProgram,
} from './installed.js';
import { type Outcomes, exitOutcome, readOutcomes } from './outcomes.js';

const TIMEOUT_MS = 120_000;

/** One of them. */
export interface Program {
  readonly name: string;
  /** What test/clients/install.sh must have installed. */
  readonly client: ClientName;
  /** The command line, without `view`. */
  command(port: number, database: string): readonly [string, ...string[]];
}

const folder = join(clientScripts, 'programs');

function node(name: string): Program {
  const file = join(folder, `node/${name}.mjs`);
  const command: Program['command'] = (port, database) => [process.execPath, file, String(port), database];
  return { name, client: 'node', command };
}

function java(name: string, client: ClientName, jar: string, url: (address: string) => string): Program {
  const file = join(folder, 'Typical.java');
  const command: Program['command'] = (port, database) => [
    ...(['java', '-Dfile.encoding=UTF-8', '-cp', jar, file] as const),
    url(`127.0.0.1:${port}/${database}?user=root`),
  ];
  return { name, client, command };
}

/** All of them. */
export const programs: readonly Program[] = [
  node('mysql2'),
  node('sequelize'),
  node('typeorm'),
  node('knex'),
  node('drizzle'),
  {
    name: 'pymysql',
    client: 'pymysql',
    command: (port, database) => [python, join(folder, 'pymysql_session.py'), String(port), database],
  },
  java('connectorj', 'connectorj', connectorJar, (address) => {
    const options = 'useServerPrepStmts=true&cachePrepStmts=true&useCursorFetch=true&connectionTimeZone=UTC';
    return `jdbc:mysql://${address}&sslMode=DISABLED&${options}`;
  }),
  java('mariadbj', 'mariadbj', mariadbJar, (address) => {
    return `jdbc:mariadb://${address}&useServerPrepStmts=true&timezone=UTC`;
  }),
  {
    name: 'rust',
    client: 'rust',
    command: (port, database) => [rustProgram, String(port), database],
  },
];

/** The names of the steps that a program only has with `view`. */
export const isViewStep = (name: string): boolean => name.startsWith('view: ');

/**
 * Runs a program to its end; how it ended is the step `exit`.
 *
 * @param options.withView - also the steps with a materialized view.
 */
export async function runSteps(
  program: Program,
  server: { readonly port: number; readonly database: string },
  options: { readonly withView: boolean },
): Promise<Outcomes> {
  const [command, ...args] = program.command(server.port, server.database);
  const env = { TZ: 'UTC', PYTHONIOENCODING: 'utf-8' };
  const ended = await runProgram(command, options.withView ? [...args, 'view'] : args, {
    env,
    timeoutMs: TIMEOUT_MS,
  });
  return new Map([...readOutcomes(ended.stdout), ['exit', exitOutcome(ended)]]);
}

/** Without the steps that have no counterpart on a direct connection. */
export function comparableSteps(steps: Outcomes): Outcomes {
  return new Map([...steps].filter(([name]) => !isViewStep(name)));
}
