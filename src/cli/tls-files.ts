/** Certificates and keys, read from the files that the options name, for each of the three sides. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import type { BackendTls, ClientTls, StatusTls } from '../proxy/tls-options.js';
import type { GrpcTransportOptions } from '../tikv/grpc-transport.js';
import { ConfigError } from './config-error.js';
import type { OptionName, Options } from './options.js';

/** TLS that clients are offered. @throws ConfigError — a file cannot be read. */
export function clientTls(options: Options): { clientTls?: ClientTls } {
  const cert = fileOf(options, 'tls-cert');
  const key = fileOf(options, 'tls-key');
  return cert === undefined || key === undefined ? {} : { clientTls: { cert, key } };
}

/** TLS that is demanded of tidb-servers. @throws ConfigError — a file cannot be read. */
export function backendTls(options: Options): { backendTls?: BackendTls } {
  const ca = fileOf(options, 'tidb-tls-ca');
  if (ca === undefined) return {};
  const cert = fileOf(options, 'tidb-tls-cert');
  const key = fileOf(options, 'tidb-tls-key');
  return { backendTls: { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) } };
}

/** TLS of tidb-servers' status ports, which have the cluster's. @throws ConfigError — a file cannot be read. */
export function statusTls(options: Options): { statusTls?: StatusTls } {
  const ca = fileOf(options, 'cluster-tls-ca');
  if (ca === undefined) return {};
  const cert = fileOf(options, 'cluster-tls-cert');
  const key = fileOf(options, 'cluster-tls-key');
  return { statusTls: { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) } };
}

/** TLS that PD and TiKV want. @throws ConfigError — a file cannot be read. */
export function clusterTls(options: Options): GrpcTransportOptions {
  const bytes = (name: FileOption): Uint8Array | undefined => {
    const text = fileOf(options, name);
    return text === undefined ? undefined : Buffer.from(text);
  };
  const ca = bytes('cluster-tls-ca');
  if (ca === undefined) return {};
  const cert = bytes('cluster-tls-cert');
  const key = bytes('cluster-tls-key');
  return { tls: { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) } };
}

type FileOption = Extract<OptionName, `${string}-ca` | `${string}-cert` | `${string}-key`>;

function fileOf(options: Options, name: FileOption): string | undefined {
  const path = options[name];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name}: ${messageOf(error)}`);
  }
}
