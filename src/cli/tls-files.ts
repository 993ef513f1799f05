/** Certificates and keys, read from the files that the options name, for each of the three sides. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import type { BackendTls, ClientTls, StatusTls } from '../proxy/tls-options.js';
import type { GrpcTransportOptions } from '../tikv/grpc-transport.js';
import { ConfigError } from './config-error.js';
import type { OptionName, Options } from './options.js';

/** TLS that clients are offered. @throws ConfigError — a file cannot be read. */
export function clientTls(options: Options): { clientTls?: ClientTls } {
  const { ca, pair } = filesOf(options, 'tls');
  return pair === undefined ? {} : { clientTls: { ...pair, ...(ca !== undefined && { ca }) } };
}

/** TLS that is demanded of tidb-servers. @throws ConfigError — a file cannot be read. */
export function backendTls(options: Options): { backendTls?: BackendTls } {
  const { ca, pair } = filesOf(options, 'tidb-tls');
  return ca === undefined ? {} : { backendTls: { ca, ...pair } };
}

/** TLS of tidb-servers' status ports, which have the cluster's. @throws ConfigError — a file cannot be read. */
export function statusTls(options: Options): { statusTls?: StatusTls } {
  const { ca, pair } = filesOf(options, 'cluster-tls');
  return ca === undefined ? {} : { statusTls: { ca, ...pair } };
}

/** TLS that PD and TiKV want. @throws ConfigError — a file cannot be read. */
export function clusterTls(options: Options): GrpcTransportOptions {
  const { ca, pair } = filesOf(options, 'cluster-tls');
  if (ca === undefined) return {};
  const ours = pair === undefined ? {} : { cert: Buffer.from(pair.cert), key: Buffer.from(pair.key) };
  return { tls: { ca: Buffer.from(ca), ...ours } };
}

type Side = 'tls' | 'tidb-tls' | 'cluster-tls';

interface Files {
  /** PEM, like all here. */
  readonly ca: string | undefined;
  /** A certificate of ours, and its key: config.ts sees to it that there is no half of it. */
  readonly pair: { readonly cert: string; readonly key: string } | undefined;
}

function filesOf(options: Options, side: Side): Files {
  const ca = fileOf(options, `${side}-ca`);
  const cert = fileOf(options, `${side}-cert`);
  const key = fileOf(options, `${side}-key`);
  return { ca, pair: cert === undefined || key === undefined ? undefined : { cert, key } };
}

type FileOption = Extract<OptionName, `${Side}-${'ca' | 'cert' | 'key'}`>;

function fileOf(options: Options, name: FileOption): string | undefined {
  const path = options[name];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name}: ${messageOf(error)}`);
  }
}
