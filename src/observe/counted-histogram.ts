/**
 * A histogram of observations that were counted elsewhere: prom-client's own takes them one by one, which costs more than
 * what is observed on a hot path may cost. A gauge to prom-client, for its labels and its place in the registry, but it
 * shows itself as the histogram that it is.
 */
import { Gauge } from 'prom-client';
import { assert } from '../base/assert.js';
import type { Labels } from '../base/telemetry.js';

/** What prom-client takes for a metric's contents. */
type Contents = Awaited<ReturnType<Gauge['get']>>;

/** prom-client's registry reads the name, and its declarations of a gauge do not know of it. */
type Line = Contents['values'][number] & { readonly metricName: string };

interface Series {
  readonly labels: Labels;
  /** By bucket, the one without bound last. */
  readonly counts: number[];
  sum: number;
}

/** A histogram. */
export class CountedHistogram extends Gauge {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(options: ConstructorParameters<typeof Gauge>[0], bounds: readonly number[]) {
    super(options);
    Object.assign(this, { type: 'histogram' });
    this.#name = options.name;
    this.#bounds = bounds;
  }

  /** @param counts - for each bound, and for what is above. */
  add(labels: Labels, counts: readonly number[], sum: number): void {
    assert(counts.length === this.#bounds.length + 1, `${this.#name} has other buckets`);
    const key = keyOf(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: counts.map(() => 0), sum: 0 };
      this.#series.set(key, series);
    }
    for (const [i, count] of counts.entries()) series.counts[i] = (series.counts[i] ?? 0) + count;
    series.sum += sum;
  }

  /** Ends a series. */
  forget(labels: Labels): void {
    this.#series.delete(keyOf(labels));
  }

  override async get(): Promise<Contents> {
    const contents = await super.get();
    const values = [...this.#series.values()].flatMap((series) => this.#lines(series));
    return { ...contents, values };
  }

  #lines({ labels, counts, sum }: Series): readonly Line[] {
    let below = 0;
    const buckets = counts.map((count, i) => {
      below += count;
      return {
        metricName: `${this.#name}_bucket`,
        labels: { ...labels, le: this.#bounds[i] ?? '+Inf' },
        value: below,
      };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: { ...labels }, value: sum },
      { metricName: `${this.#name}_count`, labels: { ...labels }, value: below },
    ];
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
