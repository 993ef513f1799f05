/**
 * A file of JSON lines: the slow-query and the audit log. Whoever writes never waits: records queue up to a bound, and
 * one task appends what is there, in writes of whole lines: several processes may append to the same file. What does not fit, or cannot be written, is dropped, counted, and said,
 * in the log and in the file itself when it can be written again; a full disk is no reason to stop serving.
 *
 * The file is opened for each lifetime between two `reopen`s, so that logrotate may rename it (and then say so). An
 * own loop and not pino's destination: that throws when a reopening has failed, and cannot be waited for at the end.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { Alarm } from '../base/alarm.js';
import { messageOf } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Runtime, Task } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';

/** How a record file is set up. */
export interface RecordFileOptions {
  readonly path: string;
  /** Label of its metrics: `slow`, `audit`. */
  readonly name: string;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
}

/** Between two attempts to write where that has failed. */
const RETRY_MS = 1_000;
/** Characters of one write, a record more or less. Node's own `appendFile` would cut what is longer, within lines. */
const WRITE_LENGTH = 64 * 1024;
/** For its owner only: statements and users' names are nobody else's business. */
const MODE = 0o600;

/** A file that records are appended to. */
export class RecordFile implements AsyncDisposable {
  readonly #options: RecordFileOptions;
  readonly #alarm = new Alarm();
  readonly #task: Task;
  #handle: FileHandle | undefined;
  readonly #queue: string[] = [];
  #queueLength = 0;
  /** Records lost since that was last said in the file. */
  #lost = 0;
  #isFailing = false;
  #isReopening = false;
  #isClosing = false;

  private constructor(options: RecordFileOptions, handle: FileHandle) {
    this.#options = options;
    this.#handle = handle;
    this.#task = options.runtime.spawn(`${options.name} log`, (signal) => this.#run(signal));
  }

  /** Opens the file to append to it. @throws the system's error when that cannot be done. */
  static async open(options: RecordFileOptions): Promise<RecordFile> {
    return new RecordFile(options, await open(options.path, 'a', MODE));
  }

  /** Adds a record, with the time. Never waits and never throws. */
  write(record: Readonly<Record<string, unknown>>): void {
    const line = `${JSON.stringify({ time: new Date().toISOString(), ...record })}\n`;
    if (this.#isClosing || this.#queueLength + line.length > limits.recordQueueLength) {
      this.#lose(1);
      return;
    }
    this.#queue.push(line);
    this.#queueLength += line.length;
    this.#alarm.ring();
  }

  /** The file has been renamed: what comes next goes to a new one of the old name. */
  reopen(): void {
    this.#isReopening = true;
    this.#alarm.ring();
  }

  /** Writes what waits, if that can be done, and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#alarm.ring();
    await this.#task.done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (this.#queue.length === 0 && !this.#isReopening) {
        if (this.#isClosing) break;
        await this.#alarm.wait(signal);
        continue;
      }
      const isWritten = await this.#append();
      if (isWritten) continue;
      if (this.#isClosing) break;
      await this.#options.runtime.sleep(RETRY_MS, signal);
    }
    this.#lose(this.#queue.length);
    await this.#handle?.close();
  }

  /** What waits, or the beginning of it. */
  #take(): string[] {
    let length = 0;
    let count = 0;
    while (count < this.#queue.length && length < WRITE_LENGTH) length += this.#queue[count++]?.length ?? 0;
    this.#queueLength -= length;
    return this.#queue.splice(0, count);
  }

  /** Writes some of what waits. @returns whether that was done; else it is lost. */
  async #append(): Promise<boolean> {
    const { path, name, telemetry } = this.#options;
    const lines = this.#take();
    const lost = this.#lost;
    const records = lines.length;
    try {
      if (this.#isReopening || this.#isFailing) {
        this.#isReopening = false;
        const old = this.#handle;
        this.#handle = undefined;
        await old?.close();
      }
      this.#handle ??= await open(path, 'a', MODE);
      if (lost > 0)
        lines.unshift(
          `${JSON.stringify({ time: new Date().toISOString(), event: 'lost', records: lost })}\n`,
        );
      await writeAll(this.#handle, Buffer.from(lines.join('')));
    } catch (error) {
      this.#lose(records);
      if (!this.#isFailing)
        telemetry.log.error('a log file cannot be written; records are lost', {
          name,
          path,
          cause: messageOf(error),
        });
      this.#isFailing = true;
      return false;
    }
    this.#lost -= lost;
    if (this.#isFailing) telemetry.log.info('a log file can be written again', { name, path });
    this.#isFailing = false;
    return true;
  }

  #lose(records: number): void {
    if (records <= 0) return;
    this.#lost += records;
    const { name, telemetry } = this.#options;
    telemetry.metrics.count('tiview_log_records_lost_total', records, { log: name });
  }
}

/** In one write, unless the disk gets full meanwhile. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at);
    at += bytesWritten;
  }
}
