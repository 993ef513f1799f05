/**
 * SIGHUP: the configuration and the files that it names are read again. What can change while clients are served is
 * taken, for connections to come; of the rest it is said that it needs a restart. What cannot be read, or used, changes
 * nothing.
 */
import { loggedCause } from '../base/sensitive.js';
import type { SettableLog } from '../observe/pino-log.js';
import type { ControlLogin } from '../view/index.js';
import type { Request } from './config.js';
import { ConfigError } from './config-error.js';
import { type FrontEndSettings, frontEndSettings } from './front-end.js';
import type { FrontEnds } from './front-ends.js';
import { type HostPort, type OptionName, type Options, optionTable } from './options.js';

type ServeRequest = Extract<Request, { kind: 'serve' }>;

/** Options that can change while clients are served. */
const TAKEN: ReadonlySet<OptionName> = new Set([
  ...(['log-level', 'tidb', 'drain-timeout', 'user', 'password-file', 'zone', 'weights'] as const),
  ...(['tls-cert', 'tls-key', 'tls-ca', 'tidb-tls-ca', 'tidb-tls-cert', 'tidb-tls-key'] as const),
]);

/** The settings now: those of the start, as far as they have not been replaced. */
export class LiveSettings {
  #request: ServeRequest;
  #frontEnd: FrontEndSettings;
  readonly #read: () => Request;

  /**
   * @param read - reads the configuration again. @throws ConfigError.
   * @param seeds - tidb-servers to start from, where the options name none.
   * @throws ConfigError — a file cannot be read, or used.
   */
  constructor(request: ServeRequest, seeds: readonly HostPort[], read: () => Request) {
    this.#request = request;
    this.#frontEnd = frontEndSettings(request.options, seeds);
    this.#read = read;
  }

  get options(): Options {
    return this.#request.options;
  }

  /** What front ends are told. */
  get frontEnd(): FrontEndSettings {
    return this.#frontEnd;
  }

  /** How the maintaining account logs in. */
  get login(): ControlLogin {
    const { options, password } = this.#request;
    const { backendTls: tls } = this.#frontEnd.tls;
    return { user: options.user, password, ...(tls === undefined ? {} : { tls }) };
  }

  /** Reads them again; the log says what was taken. */
  reload(frontEnds: Pick<FrontEnds, 'reload'>, log: SettableLog): void {
    try {
      const wanted = this.#read();
      if (wanted.kind !== 'serve') throw new ConfigError('only what is served can be read again');
      const { options, taken, left } = this.#merged(wanted.options);
      const { seeds, tls: old } = this.#frontEnd;
      const fresh = frontEndSettings(options, options.tidb ?? seeds);
      // The cluster's own certificates are those of PD's and TiKV's connections too, which stand.
      const tls = { ...fresh.tls, ...(old.statusTls === undefined ? {} : { statusTls: old.statusTls }) };
      const frontEnd = { ...fresh, tls };
      frontEnds.reload(frontEnd);
      const certificates = (['clientTls', 'backendTls'] as const).filter(
        (side) => JSON.stringify(old[side]) !== JSON.stringify(tls[side]),
      );
      this.#request = { ...this.#request, options, password: wanted.password };
      this.#frontEnd = frontEnd;
      log.setLevel(options['log-level']);
      log.info('the configuration was read again', {
        taken: [...taken, ...certificates].join(', '),
        needsRestart: left.join(', '),
      });
    } catch (error) {
      log.error('the configuration cannot be used; nothing is changed', { error: loggedCause(error) });
    }
  }

  /** The options now, with what can be taken of others. */
  #merged(wanted: Options): {
    readonly options: Options;
    readonly taken: readonly OptionName[];
    readonly left: readonly OptionName[];
  } {
    const { options } = this;
    const changed = (Object.keys(optionTable) as OptionName[]).filter(
      (name) => JSON.stringify(options[name]) !== JSON.stringify(wanted[name]),
    );
    // From or to the embedded cluster there is no way without a restart.
    const isOtherCluster = (options.tidb === undefined) !== (wanted.tidb === undefined);
    const isTaken = (name: OptionName): boolean => TAKEN.has(name) && !(name === 'tidb' && isOtherCluster);
    const taken = changed.filter(isTaken);
    const values = Object.fromEntries(taken.map((name) => [name, wanted[name]]));
    return { options: { ...options, ...values }, taken, left: changed.filter((name) => !isTaken(name)) };
  }
}
