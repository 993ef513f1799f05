/**
 * The options of SURFACE §1 as one table: each is a flag `--name`, a key `name` of `tiview.toml` and an environment
 * variable `TIVIEW_NAME`. Values are checked here, so that a bad one is one line that names the key, wherever it
 * came from.
 */
import { limits } from '../base/limits.js';
import {
  BALANCE_POLICIES,
  type BalancePolicy,
  type BalanceSettings,
  type WeightRule,
} from '../proxy/balance/balance-settings.js';
import { LOG_LEVELS, type LogLevel } from '../observe/pino-log.js';
import { BACKEND_COMPRESSIONS, type BackendCompression } from '../proxy/backend-compression.js';
import { type Network, parseNetworks } from '../proxy/networks.js';
import { TIDB_PROXY_PROTOCOLS, type TidbProxyProtocol } from '../proxy/preamble.js';

/** A value that an option cannot take; the message says what it can. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** A host and a port; `[::1]:6000` for IPv6. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Weights are proportions: a percent is fine enough, and per mille too. */
const WEIGHT_MAX = 1_000;

/** How one option is read. */
export interface OptionSpec<T> {
  /** Placeholder in the help; undefined for a switch. */
  readonly metavar: string | undefined;
  readonly help: string;
  readonly parse: (text: string) => T;
  /** Undefined: the option is optional and absent by default. */
  readonly fallback: T;
}

const DAY_MS = 86_400_000;

/** Text of a host and port. @throws OptionError — when it is not one. */
export function parseHostPort(text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new OptionError(`'${text}' is not HOST:PORT`);
  return { host: match[1] ?? match[2] ?? '', port };
}

/** Inverse of {@link parseHostPort}. */
export function printHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const hostPortList = (text: string): readonly HostPort[] => {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw new OptionError('an empty list; give HOST:PORT[,HOST:PORT…]');
  return parts.map(parseHostPort);
};

const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < least || value > most) {
      throw new OptionError(`'${text}' is not a whole number from ${least} to ${most}`);
    }
    return value;
  };

const flag = (text: string): boolean => {
  if (text === 'true' || text === '1' || text === 'on') return true;
  if (text === 'false' || text === '0' || text === 'off') return false;
  throw new OptionError(`'${text}' is not true or false`);
};

const level = (text: string): LogLevel => {
  const found = LOG_LEVELS.find((name) => name === text);
  if (found === undefined) throw new OptionError(`'${text}' is not one of ${LOG_LEVELS.join(', ')}`);
  return found;
};

const policy = (text: string): BalancePolicy => {
  const found = BALANCE_POLICIES.find((name) => name === text);
  if (found === undefined) throw new OptionError(`'${text}' is not one of ${BALANCE_POLICIES.join(', ')}`);
  return found;
};

const weightRule = (text: string): WeightRule => {
  const [, key, digits] = /^(.+)=(\d+)$/.exec(text) ?? [];
  const [, name, value] = /^([^=]+)=(.+)$/.exec(key ?? '') ?? [];
  const weight = Number(digits);
  if (key === undefined || weight > WEIGHT_MAX) {
    throw new OptionError(`'${text}' is not HOST:PORT=N or LABEL=VALUE=N, N from 0 to ${WEIGHT_MAX}`);
  }
  if (name !== undefined && value !== undefined) return { kind: 'label', name, value, weight };
  return { kind: 'address', address: printHostPort(parseHostPort(key)), weight };
};

const weightRules = (text: string): readonly WeightRule[] =>
  text.split(',').map((part) => weightRule(part.trim()));

const compression = (text: string): BackendCompression => {
  const found = BACKEND_COMPRESSIONS.find((name) => name === text);
  if (found === undefined)
    throw new OptionError(`'${text}' is not one of ${BACKEND_COMPRESSIONS.join(', ')}`);
  return found;
};

const networks = (text: string): readonly Network[] =>
  text.split(',').flatMap((part) => {
    const found = parseNetworks(part.trim());
    if (found === undefined) throw new OptionError(`'${part.trim()}' is no network`);
    return found;
  });

/** What the kernel takes, with the zero byte that ends it. */
const SOCKET_PATH_BYTES_MAX = 107;

const socketPath = (text: string): string => {
  if (text === '') throw new OptionError('an empty value');
  if (Buffer.byteLength(text) > SOCKET_PATH_BYTES_MAX) {
    throw new OptionError(`the path of a Unix socket has ${SOCKET_PATH_BYTES_MAX} bytes at most`);
  }
  return text;
};

const tidbProxyProtocol = (text: string): TidbProxyProtocol => {
  const found = TIDB_PROXY_PROTOCOLS.find((name) => name === text);
  if (found === undefined)
    throw new OptionError(`'${text}' is not one of ${TIDB_PROXY_PROTOCOLS.join(', ')}`);
  return found;
};

const identifier = (text: string): string => {
  if (!/^[A-Za-z_][A-Za-z0-9_$]{0,63}$/.test(text)) {
    throw new OptionError(`'${text}' is not a plain schema name`);
  }
  return text;
};

const word = (text: string): string => {
  if (text === '') throw new OptionError('an empty value');
  return text;
};

function option<T>(
  metavar: string | undefined,
  help: string,
  parse: (text: string) => T,
  fallback: T,
): OptionSpec<T> {
  return { metavar, help, parse, fallback };
}

function optional<T>(metavar: string, help: string, parse: (text: string) => T): OptionSpec<T | undefined> {
  return { metavar, help, parse, fallback: undefined };
}

/** Every option but `--config`, by name. */
export const optionTable = {
  listen: option('HOST:PORT', 'where clients connect', parseHostPort, { host: '127.0.0.1', port: 6000 }),
  'listen-socket': optional('PATH', 'Unix socket where clients connect, too', socketPath),
  'listen-pass-through': optional(
    'HOST:PORT',
    'where clients connect who are passed on to TiDB unseen (TLS end to end, no views)',
    parseHostPort,
  ),
  status: option('HOST:PORT', 'status page, /health, /metrics', parseHostPort, {
    host: '127.0.0.1',
    port: 6080,
  }),
  'status-token-file': optional('FILE', 'token to ask for at the status port (not /health)', word),
  'proxy-protocol': optional(
    'LIST',
    'networks of load balancers that say where clients are: 10.0.0.0/8, ::1, *',
    networks,
  ),
  tidb: optional('LIST', 'tidb-servers to start from: HOST:PORT[,HOST:PORT…]', hostPortList),
  pd: optional('LIST', 'PD servers (default: found through TiDB)', hostPortList),
  balance: option<BalancePolicy>(
    'POLICY',
    `what servers' shares of clients go by: ${BALANCE_POLICIES.join(', ')}`,
    policy,
    'connections',
  ),
  zone: optional('NAME', 'tidb-servers whose label zone is NAME come first', word),
  weights: optional('LIST', 'HOST:PORT=N or LABEL=VALUE=N, … (usual: 1; 0: no new clients)', weightRules),
  user: option('NAME', 'TiDB account that maintains the views', word, 'root'),
  'password-file': optional('FILE', 'file with its password (or TIVIEW_PASSWORD)', word),
  'epoch-interval': option('MS', 'least time from epoch to epoch (0: each tick)', whole(0, 3_600_000), 0),
  'set-cdc-interval': optional('MS', "set TiKV's cdc.min-ts-interval, cluster-wide", whole(1, 60_000)),
  schema: option('NAME', 'system schema', identifier, 'tiview'),
  workers: option('N', 'front-end processes', whole(1, 64), 1),
  'data-dir': optional('DIR', 'embedded data and engine state', word),
  'drain-timeout': option('MS', 'how long open transactions may finish', whole(0, 3_600_000), 10_000),
  'max-connections': option(
    'N',
    'clients at once (0: no limit); limits hold for each worker by itself',
    whole(0, 1_000_000),
    limits.clientConnections,
  ),
  'max-connections-per-user': option('N', 'of one user (0: no limit)', whole(0, 1_000_000), 0),
  'max-connections-per-address': option('N', 'of one address (0: no limit)', whole(0, 1_000_000), 0),
  'connect-rate': option('N', 'new clients a second (0: no limit)', whole(0, 1_000_000), 0),
  'connect-rate-per-address': option('N', 'of one address (0: no limit)', whole(0, 1_000_000), 0),
  'handshake-timeout': option('MS', 'how long a login may take', whole(1, 3_600_000), limits.handshakeMs),
  'idle-timeout': option('MS', 'ends sessions that are silent for so long (0: never)', whole(0, DAY_MS), 0),
  'idle-transaction-timeout': option('MS', 'the same in a transaction (0: never)', whole(0, DAY_MS), 0),
  'max-packet': option('BYTES', "a client's longest message (0: as TiDB says)", whole(0, 2 ** 30), 0),
  demo: option<boolean>(undefined, 'embedded cluster: load a small data set', flag, false),
  'log-level': option<LogLevel>('LEVEL', LOG_LEVELS.join(', '), level, 'info'),
  'slow-log': optional('FILE', 'writes down slow statements (JSON lines)', word),
  'slow-threshold': option('MS', 'from how long on a statement is slow', whole(0, DAY_MS), 300),
  'log-statements': option<boolean>(undefined, 'slow log: text of statements, not a digest', flag, false),
  'audit-log': optional('FILE', 'writes down logins, changes of views, KILL (JSON lines)', word),
  'tls-cert': optional('FILE', 'certificate shown to clients (PEM)', word),
  'tls-key': optional('FILE', 'its key (PEM)', word),
  'tls-ca': optional('FILE', 'CA of certificates that clients may give (PEM)', word),
  'tidb-tls-ca': optional('FILE', "CA of TiDB's certificates; turns TLS towards TiDB on", word),
  'tidb-tls-cert': optional('FILE', 'certificate shown to TiDB', word),
  'tidb-tls-key': optional('FILE', 'its key', word),
  'tidb-compress': option<BackendCompression>(
    'HOW',
    `zlib towards TiDB: ${BACKEND_COMPRESSIONS.join(', ')} (client: where the client's side is compressed)`,
    compression,
    'never',
  ),
  'tidb-proxy-protocol': option<TidbProxyProtocol>(
    'HOW',
    `tells TiDB where clients are, by PROXY headers (its proxy-protocol.networks): ${TIDB_PROXY_PROTOCOLS.join(', ')}`,
    tidbProxyProtocol,
    'off',
  ),
  'cluster-tls-ca': optional('FILE', 'CA of the PD and TiKV certificates; turns TLS on', word),
  'cluster-tls-cert': optional('FILE', 'certificate shown to PD and TiKV', word),
  'cluster-tls-key': optional('FILE', 'its key', word),
} as const;

/** Name of an option: its flag without the dashes. */
export type OptionName = keyof typeof optionTable;

/** All options with their values. */
export type Options = { readonly [K in OptionName]: (typeof optionTable)[K]['fallback'] };

/** How clients are shared out. */
export function balanceSettings(options: Options): BalanceSettings {
  return { policy: options.balance, zone: options.zone, weights: options.weights ?? [] };
}
