/**
 * How busy one tidb-server is, from what its status port's `/metrics` says: the Go runtime's CPU seconds and resident
 * bytes, beside what TiDB may use of either (`tidb_server_maxprocs`, `tidb_server_memory_quota_bytes`: its cgroup's, else
 * the machine's; TiDB 8.0 and later say so).
 *
 * Figures jump from one sample to the next, so each counts for half and all earlier ones for the other half.
 *
 * @see pkg/metrics/server.go, pkg/util/cgmon/cgmon.go of TiDB
 */
import { limits } from '../../base/limits.js';

/** What a server uses of what it may use: 0 … 1 each. */
export interface LoadFigures {
  readonly cpu: number;
  readonly memory: number;
}

/** What `/metrics` says at one moment. */
export interface LoadSample {
  /** Since the process began. */
  readonly cpuSeconds: number;
  readonly cpus: number;
  readonly residentBytes: number;
  readonly quotaBytes: number;
}

const NAMES = {
  cpuSeconds: 'process_cpu_seconds_total',
  cpus: 'tidb_server_maxprocs',
  residentBytes: 'process_resident_memory_bytes',
  quotaBytes: 'tidb_server_memory_quota_bytes',
} as const;

/** Part of the newest sample in the smoothed figures. */
const NEWEST_PART = 0.5;

/**
 * Finds the figures in the text exposition format.
 *
 * @returns undefined: it does not say all that is needed, as TiDB before 8.0 and TiDB that does not know its quota.
 */
export function parseLoadSample(text: string): LoadSample | undefined {
  const [cpuSeconds, cpus, residentBytes, quotaBytes] = [
    valueOf(text, NAMES.cpuSeconds),
    valueOf(text, NAMES.cpus),
    valueOf(text, NAMES.residentBytes),
    valueOf(text, NAMES.quotaBytes),
  ];
  if (!(cpuSeconds >= 0) || !(cpus > 0) || !(residentBytes > 0) || !(quotaBytes > 0)) return undefined;
  return { cpuSeconds, cpus, residentBytes, quotaBytes };
}

/** Makes figures out of samples. */
export class LoadTracker {
  #last: { readonly sample: LoadSample; readonly atMs: number } | undefined;
  #figures: LoadFigures | undefined;
  #figuresAtMs = 0;

  /** Takes what the server has just said. The first sample of a process tells nothing of its CPU. */
  take(sample: LoadSample, nowMs: number): void {
    const last = this.#last;
    this.#last = { sample, atMs: nowMs };
    if (last === undefined || nowMs <= last.atMs) return;
    const cpuSeconds = sample.cpuSeconds - last.sample.cpuSeconds;
    if (cpuSeconds < 0) {
      // It is another process.
      this.#figures = undefined;
      return;
    }
    const seconds = (nowMs - last.atMs) / 1000;
    this.#figures = {
      cpu: smoothed(this.#figures?.cpu, cpuSeconds / seconds / sample.cpus),
      memory: smoothed(this.#figures?.memory, sample.residentBytes / sample.quotaBytes),
    };
    this.#figuresAtMs = nowMs;
  }

  /** Undefined: nothing is known that is younger than `limits.loadStaleMs`. */
  figures(nowMs: number): LoadFigures | undefined {
    return nowMs - this.#figuresAtMs > limits.loadStaleMs ? undefined : this.#figures;
  }
}

function smoothed(earlier: number | undefined, newest: number): number {
  const bounded = Math.min(1, newest);
  return earlier === undefined ? bounded : earlier * (1 - NEWEST_PART) + bounded * NEWEST_PART;
}

/** The value of a metric without labels; NaN: there is none. */
function valueOf(text: string, name: string): number {
  // Searched for rather than matched: TiDB says hundreds of kilobytes.
  const start = text.indexOf(`\n${name} `);
  if (start < 0) return Number.NaN;
  const from = start + name.length + 2;
  const end = text.indexOf('\n', from);
  return Number(text.slice(from, end < 0 ? text.length : end));
}
