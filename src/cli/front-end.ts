/** What a front end is told, and starting one from it, in this process or in one of its own. */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { StatementGates } from '../proxy/statement-gate.js';
import { Proxy, type ProxyOptions, type ReloadableOptions } from '../proxy/proxy.js';
import { clientTlsContext } from '../proxy/tls-options.js';
import { messageOf } from '../base/errors.js';
import { ConfigError } from './config-error.js';
import { clientLimits } from './client-limits.js';
import { JournalFiles } from './journal-files.js';
import { type HostPort, type Options, balanceSettings, printHostPort } from './options.js';
import { backendTls, clientTls, statusTls } from './tls-files.js';

/** Plain, clonable: it crosses to another process. Certificates are in it as text, so that all have the same. */
export interface FrontEndSettings {
  readonly options: Options;
  /** tidb-servers to start from. */
  readonly seeds: readonly HostPort[];
  readonly tls: Pick<ProxyOptions, 'clientTls' | 'backendTls' | 'statusTls'>;
}

/** Reads the files that the options name. @throws ConfigError — one cannot be read, or used. */
export function frontEndSettings(options: Options, seeds: readonly HostPort[]): FrontEndSettings {
  const tls = { ...clientTls(options), ...backendTls(options), ...statusTls(options) };
  try {
    if (tls.clientTls !== undefined) clientTlsContext(tls.clientTls);
  } catch (error) {
    throw new ConfigError(`tls-cert, tls-key, tls-ca: ${messageOf(error)}`);
  }
  return { options, seeds, tls };
}

/** What may change while a front end runs. */
export function reloadable({ options, seeds, tls }: FrontEndSettings): ReloadableOptions {
  return { backends: seeds.map(printHostPort), balance: balanceSettings(options), ...tls };
}

/** One that serves. */
export interface FrontEnd {
  readonly proxy: Proxy;
  /** What it writes down on demand; to be closed when its last session has ended. */
  readonly files: JournalFiles;
}

/** Starts one. @throws ListenError; ConfigError — a log file cannot be opened. */
export async function startFrontEnd(
  settings: FrontEndSettings,
  parts: { readonly runtime: Runtime; readonly telemetry: Telemetry; readonly gates: StatementGates },
): Promise<FrontEnd> {
  const { options } = settings;
  const files = await JournalFiles.open(options, parts);
  try {
    const proxy = await Proxy.start({
      ...parts,
      ...reloadable(settings),
      listen: options.listen,
      listenSocket: options['listen-socket'],
      listenPassThrough: options['listen-pass-through'],
      backendCompression: options['tidb-compress'],
      proxyProtocol: options['proxy-protocol'] ?? [],
      tidbProxyProtocol: options['tidb-proxy-protocol'],
      limits: clientLimits(options),
      journal: files.journal,
    });
    return { proxy, files };
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}
