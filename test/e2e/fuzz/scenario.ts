/**
 * What the two ends of one session do: the turns of the client and of the server, and how they are sent. Scenarios are
 * text files, so that what was found can be read, kept and played again:
 *
 *     # {"pipelined":true}     options that are not the default; optional
 *     > 0e00000003…            a turn of the client, in hexadecimal
 *     < 0700000200…            a turn of the server
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, toHex } from '../../../src/base/bytes.js';

/** How bytes are cut into writes. */
export type Cut = 'whole' | 'bytes' | 'pieces';

/** How a session is played. */
export interface ScenarioOptions {
  readonly clientCut: Cut;
  readonly serverCut: Cut;
  /** The client sends all its turns without waiting for answers. */
  readonly pipelined: boolean;
  /** The client asks for TLS, and goes on within it. */
  readonly tls: boolean;
  /** The client does not read for a while. */
  readonly lazy: boolean;
  /** What the client does when it has sent everything. */
  readonly clientEnd: 'end' | 'reset' | 'silence';
  /** After how many of its turns the server goes, and how; −1: it stays until it is left. */
  readonly serverTurns: number;
  readonly serverEnd: 'end' | 'reset';
  /** The other server that the proxy knows behaves well. */
  readonly otherIsSound: boolean;
}

export const PLAIN: ScenarioOptions = {
  ...{ clientCut: 'whole', serverCut: 'whole', pipelined: false, tls: false, lazy: false },
  ...{ clientEnd: 'end', serverTurns: -1, serverEnd: 'end', otherIsSound: false },
};

/** One session's two sides. */
export interface Scenario {
  readonly name: string;
  /** Sent one by one, each when the answer to the one before has come. */
  readonly client: readonly Uint8Array[];
  /** The first when somebody connects, the others one for each message that comes. */
  readonly server: readonly Uint8Array[];
  readonly options: ScenarioOptions;
}

/** @see the file's header */
export function printScenario({ client, server, options }: Scenario): string {
  const changed = Object.entries(options).filter(
    ([key, value]) => PLAIN[key as keyof ScenarioOptions] !== value,
  );
  return [
    ...(changed.length === 0 ? [] : [`# ${JSON.stringify(Object.fromEntries(changed))}`]),
    ...client.map((turn) => `> ${toHex(turn)}`),
    ...server.map((turn) => `< ${toHex(turn)}`),
    '',
  ].join('\n');
}

/** @see the file's header */
export function parseScenario(name: string, text: string): Scenario {
  const lines = text.split('\n');
  const turns = (mark: string): Uint8Array[] =>
    lines.filter((line) => line.startsWith(mark)).map((line) => fromHex(line.slice(2)));
  const options = lines.find((line) => line.startsWith('# '))?.slice(2) ?? '{}';
  return {
    name,
    client: turns('> '),
    server: turns('< '),
    options: { ...PLAIN, ...(JSON.parse(options) as Partial<ScenarioOptions>) },
  };
}

/** All scenarios of a folder, in the order of their names. */
export function readScenarios(folder: string): Scenario[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.session'))
    .sort()
    .map((name) => parseScenario(name, readFileSync(join(folder, name), 'utf8')));
}
