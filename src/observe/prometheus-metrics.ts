/** Metrics through prom-client, declared in metric-catalog.ts. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { assert, unreachable } from '../base/assert.js';
import type { Labels, Metrics } from '../base/telemetry.js';
import { CountedHistogram } from './counted-histogram.js';
import { metricCatalog, type MetricDeclaration } from './metric-catalog.js';

type Instrument = Counter | Gauge | Histogram | CountedHistogram;

/** The program's metrics and their text for `/metrics`. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #instruments = new Map<string, Instrument>();

  constructor() {
    for (const [name, declaration] of Object.entries(metricCatalog)) {
      this.#instruments.set(name, this.#create(name, declaration));
    }
    collectDefaultMetrics({ register: this.#registry, prefix: 'tiview_' });
  }

  /** The text exposition format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** What {@link text} says, for merged-metrics.ts: clonable. */
  snapshot() {
    return this.#registry.getMetricsAsJSON();
  }

  /** MIME type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  count(name: string, by = 1, labels: Labels = {}): void {
    const instrument = this.#instruments.get(name);
    assert(instrument instanceof Counter, `${name} is not a declared counter`);
    instrument.inc(labels, by);
  }

  gauge(name: string, value: number, labels: Labels = {}): void {
    const instrument = this.#instruments.get(name);
    assert(instrument instanceof Gauge, `${name} is not a declared gauge`);
    instrument.set(labels, value);
  }

  observe(name: string, value: number, labels: Labels = {}): void {
    const instrument = this.#instruments.get(name);
    assert(instrument instanceof Histogram, `${name} is not a declared histogram`);
    instrument.observe(labels, value);
  }

  observeCounted(name: string, counts: readonly number[], sum: number, labels: Labels = {}): void {
    const instrument = this.#instruments.get(name);
    assert(instrument instanceof CountedHistogram, `${name} is not a declared counted histogram`);
    instrument.add(labels, counts, sum);
  }

  forget(name: string, labels: Labels): void {
    const instrument = this.#instruments.get(name);
    assert(instrument !== undefined, `${name} is not a declared metric`);
    if (instrument instanceof CountedHistogram) instrument.forget(labels);
    else instrument.remove(labels);
  }

  #create(name: string, declaration: MetricDeclaration): Instrument {
    const { kind, help, labels = [], buckets = [], isCounted = false, merge = 'sum' } = declaration;
    const shared = { name, help, labelNames: [...labels], registers: [this.#registry], aggregator: merge };
    switch (kind) {
      case 'counter':
        return new Counter(shared);
      case 'gauge':
        return new Gauge(shared);
      case 'histogram':
        return isCounted
          ? new CountedHistogram(shared, buckets)
          : new Histogram({ ...shared, buckets: [...buckets] });
      default:
        return unreachable(kind);
    }
  }
}
