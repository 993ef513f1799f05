/** The log files that are written on demand: slow statements, audit. */
import { messageOf } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { RecordFile } from '../observe/record-file.js';
import type { JournalOptions } from '../proxy/journal/journal.js';
import { ConfigError } from './config-error.js';
import type { Options } from './options.js';

/** The files that the options name. */
export class JournalFiles implements AsyncDisposable {
  readonly #files: readonly RecordFile[];
  /** What the proxy is to write down; undefined: nothing. */
  readonly journal: JournalOptions | undefined;

  private constructor(options: Options, slow: RecordFile | undefined, audit: RecordFile | undefined) {
    this.#files = [slow, audit].filter((file) => file !== undefined);
    if (this.#files.length === 0) return;
    const thresholdMs = options['slow-threshold'];
    const hasText = options['log-statements'];
    this.journal = { audit, slow: slow === undefined ? undefined : { sink: slow, thresholdMs, hasText } };
  }

  /** @throws ConfigError — a file cannot be opened. */
  static async open(
    options: Options,
    parts: { readonly runtime: Runtime; readonly telemetry: Telemetry },
  ): Promise<JournalFiles> {
    const open = async (name: 'slow' | 'audit'): Promise<RecordFile | undefined> => {
      const path = options[`${name}-log`];
      if (path === undefined) return undefined;
      return RecordFile.open({ path, name, ...parts }).catch((error: unknown) => {
        throw new ConfigError(`${name}-log: ${messageOf(error)}`);
      });
    };
    return new JournalFiles(options, await open('slow'), await open('audit'));
  }

  /** The files have been renamed (logrotate): new ones take their place. */
  reopen(): void {
    for (const file of this.#files) file.reopen();
  }

  /** Writes what waits and closes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]();
  }
}
