/**
 * The metrics of several processes as one. What a process has counted stays counted when it has gone, as far as it has
 * been reported, so that no counter goes back.
 */
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { PrometheusMetrics } from './prometheus-metrics.js';

/** The metrics of a process at a moment: prom-client's own form, clonable. */
export type MetricsSnapshot = Awaited<ReturnType<PrometheusMetrics['snapshot']>>;

/** How prom-client names the types whose values only grow. */
const COUNTED: ReadonlySet<string> = new Set(['counter', 'histogram']);

/** Metrics of this process and of others. */
export class MergedMetrics {
  readonly #own: PrometheusMetrics;
  readonly #reports = new Map<number, MetricsSnapshot>();
  /** What those counted that have gone: the sum, and those that have not been added to it yet. */
  #gone: readonly MetricsSnapshot[] = [];
  #isAdding = false;
  #askOthers: (() => Promise<void>) | undefined;

  constructor(own: PrometheusMetrics) {
    this.#own = own;
  }

  /** There are other processes from now on. @param ask - has them report. */
  mergeWith(ask: () => Promise<void>): void {
    this.#askOthers = ask;
  }

  /** What a process has counted so far. @param id - never used for another process. */
  report(id: number, snapshot: MetricsSnapshot): void {
    this.#reports.set(id, snapshot);
  }

  /** A process has ended. */
  async retire(id: number): Promise<void> {
    const last = this.#reports.get(id);
    if (last === undefined) return;
    this.#reports.delete(id);
    this.#gone = [...this.#gone, last.filter(({ type }) => COUNTED.has(String(type)))];
    if (this.#isAdding) return;
    this.#isAdding = true;
    while (this.#gone.length > 1) {
      const added = this.#gone;
      const sum = await merged(added).getMetricsAsJSON();
      this.#gone = [sum, ...this.#gone.slice(added.length)];
    }
    this.#isAdding = false;
  }

  /** The text exposition format. */
  async text(): Promise<string> {
    if (this.#askOthers === undefined) return this.#own.text();
    await this.#askOthers();
    const own = await this.#own.snapshot();
    // One look, so that a process that goes meanwhile is counted once.
    return merged([own, ...this.#gone, ...this.#reports.values()]).metrics();
  }

  /** MIME type of {@link text}. */
  get contentType(): string {
    return this.#own.contentType;
  }
}

function merged(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}
