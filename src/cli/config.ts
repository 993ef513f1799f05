/**
 * The configuration: flag > environment > file > default. Unknown flags, unknown keys and values that cannot be used
 * end with one line that names the key (exit code 2).
 */
import { Command, CommanderError } from 'commander';
import { parse as parseToml } from 'smol-toml';
import { messageOf } from '../base/errors.js';
import { ConfigError } from './config-error.js';
import {
  type HostPort,
  OptionError,
  type OptionName,
  type OptionSpec,
  type Options,
  optionTable,
  printHostPort,
} from './options.js';

/** What the command line asked for. */
export type Request =
  | { readonly kind: 'serve'; readonly options: Options; readonly password: string }
  | { readonly kind: 'print'; readonly text: string };

/** What reading a configuration needs of the outside. */
export interface ConfigSources {
  /** Arguments without node and script. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
  readonly version: string;
}

const names = Object.keys(optionTable) as readonly OptionName[];
const specs: Readonly<Record<OptionName, OptionSpec<unknown>>> = optionTable;

/**
 * Reads the configuration.
 *
 * @throws ConfigError — with the one line to print.
 */
export function readConfig(sources: ConfigSources): Request {
  const asked = readArguments(sources);
  if (typeof asked === 'string') return { kind: 'print', text: asked };
  const environment = readEnvironment(sources.environment);
  const configPath = asked.get('config') ?? environment.get('config');
  const file = configPath === undefined ? new Map<string, string>() : readFileKeys(configPath, sources);

  const options: Record<string, unknown> = {};
  for (const name of names) {
    const layers = [
      { where: `--${name}`, text: asked.get(name) },
      { where: environmentName(name), text: environment.get(name) },
      { where: `${name} in ${configPath ?? ''}`, text: file.get(name) },
    ];
    const given = layers.find((layer) => layer.text !== undefined);
    const spec = specs[name];
    options[name] =
      given?.text === undefined ? spec.fallback : parseValue(given.where, spec.parse, given.text);
  }
  const checked = options as unknown as Options;
  checkTls(checked);
  return { kind: 'serve', options: Object.freeze(checked), password: readPassword(checked, sources) };
}

/** Values by option name, or a text to print (help, version). */
function readArguments({ argv, version }: ConfigSources): Map<string, string> | string {
  let printed = '';
  const command = new Command('tiview')
    .description('A MySQL-protocol proxy that gives TiDB CREATE MATERIALIZED VIEW')
    .version(version, '--version', 'print the version')
    .option('--config <FILE>', 'tiview.toml with the same keys as the flags')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => undefined });
  for (const name of names) {
    const { metavar, help, fallback } = specs[name];
    const shown =
      typeof fallback === 'object'
        ? printHostPort(fallback as HostPort)
        : `${fallback as string | number | boolean}`;
    const suffix = metavar === undefined || fallback === undefined ? '' : ` (default ${shown})`;
    command.option(metavar === undefined ? `--${name}` : `--${name} <${metavar}>`, help + suffix);
  }
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return printed;
    throw new ConfigError(error.message.replace(/^error: /, '').split('\n')[0] ?? '');
  }
  const given = command.opts<Record<string, string | true>>();
  const values = new Map<string, string>();
  for (const name of ['config', ...names]) {
    const value = given[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    if (value !== undefined) values.set(name, value === true ? 'true' : value);
  }
  return values;
}

function environmentName(name: string): string {
  return `TIVIEW_${name.replaceAll('-', '_').toUpperCase()}`;
}

function readEnvironment(environment: ConfigSources['environment']): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of ['config', ...names]) {
    const value = environment[environmentName(name)];
    if (value !== undefined && value !== '') values.set(name, value);
  }
  return values;
}

function readFileKeys(path: string, { readFile }: ConfigSources): Map<string, string> {
  let keys: Record<string, unknown>;
  try {
    keys = parseToml(readFile(path));
  } catch (error) {
    throw new ConfigError(`config: ${path}: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(keys)) {
    if (!names.some((name) => name === key)) throw new ConfigError(`${key}: unknown key in ${path}`);
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!parts.every((part) => ['string', 'number', 'bigint', 'boolean'].includes(typeof part))) {
      throw new ConfigError(`${key} in ${path}: not a plain value`);
    }
    values.set(key, parts.map(String).join(','));
  }
  return values;
}

function parseValue<T>(where: string, parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof OptionError) throw new ConfigError(`${where}: ${error.message}`);
    throw error;
  }
}

/** A file for TLS without those that it is of no use without is a mistake to tell at once: there would be no TLS. */
function checkTls(options: Options): void {
  for (const prefix of ['tls', 'tidb-tls', 'cluster-tls'] as const) {
    const isHalf = (options[`${prefix}-cert`] === undefined) !== (options[`${prefix}-key`] === undefined);
    if (isHalf) throw new ConfigError(`${prefix}-cert and ${prefix}-key: give both or neither`);
  }
  // Towards clients it is the certificate that turns TLS on, towards servers the CA.
  if (options['tls-ca'] !== undefined && options['tls-cert'] === undefined)
    throw new ConfigError('tls-ca: clients get no TLS without tls-cert and tls-key');
  for (const prefix of ['tidb-tls', 'cluster-tls'] as const) {
    if (options[`${prefix}-cert`] !== undefined && options[`${prefix}-ca`] === undefined)
      throw new ConfigError(`${prefix}-cert: there is no TLS without ${prefix}-ca`);
  }
}

function readPassword(options: Options, { environment, readFile }: ConfigSources): string {
  const file = options['password-file'];
  if (file === undefined) return environment['TIVIEW_PASSWORD'] ?? '';
  try {
    return readFile(file).replace(/\r?\n$/, '');
  } catch (error) {
    throw new ConfigError(`password-file: ${messageOf(error)}`);
  }
}
