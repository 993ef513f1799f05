/**
 * Our circuit as a peer of the other engines: the same input file, the same checksum, the same figures.
 *
 *     node --expose-gc dist/test/bench/ivm/ivm.bench.js data/w1-1.bin [--max-epochs N] [--load-steps K]
 *
 * Prints one line of JSON. Making columns of the input and hashing the output are not timed (README.md).
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { cellAt } from '../../../src/codec/cell.js';
import { BytesBuilder, I64Builder } from '../../../src/codec/column-builder.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { ts } from '../../../src/codec/tso.js';
import { buildCircuit } from '../../../src/dataflow/build-circuit.js';
import type { Circuit } from '../../../src/dataflow/circuit.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { typesOfSpec } from '../../../src/dataflow/spec-types.js';
import { type PlannedWorkload, plannedWorkload } from './workloads.js';

const VIEW = 1n;
const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};

/** Makes the epochs' inputs out of the file. */
class InputReader {
  readonly #file: Buffer;
  readonly #workload: PlannedWorkload;
  readonly #circuit: Circuit;
  #at = 12;

  constructor(file: Buffer, workload: PlannedWorkload, circuit: Circuit) {
    this.#file = file;
    this.#workload = workload;
    this.#circuit = circuit;
  }

  word(): number {
    this.#at += 4;
    return this.#file.readUInt32LE(this.#at - 4);
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  /** The deltas of the next rows. */
  deltas(rows: number): ReadonlyMap<number, Delta> {
    const tables = this.#workload.schemas.map((schema, table) => {
      const builders = Array.from(schema, (kind) => (kind === 'i' ? new I64Builder() : new BytesBuilder()));
      const used = new Set((this.#circuit.sources.get(table + 1) ?? []).map(({ id }) => id - 1));
      return { builders, used, weights: [] as number[] };
    });
    for (let left = rows; left > 0; left--) {
      const table = tables[this.#file[this.#at]!]!;
      table.weights.push(this.#file.readInt8(this.#at + 1));
      this.#at += 2;
      table.builders.forEach((builder, id) => this.#cell(builder, table.used.has(id)));
    }
    return new Map(
      tables.flatMap(({ builders, used, weights }, table) => {
        if (used.size === 0) return [];
        const columns = builders.filter((_, id) => used.has(id)).map((builder) => builder.finish());
        return [
          [
            table + 1,
            { rows: weights.length, weights: Int32Array.from(weights), columns, isConsolidated: false },
          ],
        ];
      }),
    );
  }

  #cell(builder: I64Builder | BytesBuilder, isUsed: boolean): void {
    const [file, at] = [this.#file, this.#at];
    if (builder.kind === 'i64') {
      const value = file.readInt32LE(at);
      if (isUsed) builder.append(value, value >> 31);
      this.#at += 4;
      return;
    }
    const length = file[at]!;
    if (isUsed) builder.append(file, at + 1, at + 1 + length);
    this.#at += 1 + length;
  }
}

/** An order-independent sum over the rows of the view, with weights. */
class Checksum {
  #first = 0;
  #second = 0;
  #live = 0;
  rows = 0;

  add({ rows, weights, columns }: Delta, types: readonly ReturnType<typeof typesOfSpec>[number][]): void {
    this.rows += rows;
    for (let row = 0; row < rows; row++) {
      const text = types.map((type, k) => cellText(cellAt(columns[k]!, row, type))).join('|');
      let [a, b] = [0x811c9dc5 | 0, 0x9747b28c | 0];
      for (let i = 0; i < text.length; i++) {
        a = Math.imul(a ^ text.charCodeAt(i), 0x01000193);
        b = Math.imul(b ^ text.charCodeAt(i), 0x01000193);
      }
      this.#first = (this.#first + Math.imul(a, weights[row]!)) | 0;
      this.#second = (this.#second + Math.imul(b, weights[row]!)) | 0;
      this.#live += weights[row]!;
    }
  }

  toString(): string {
    return `${(this.#first >>> 0).toString(16)}-${(this.#second >>> 0).toString(16)}/${this.#live}`;
  }
}

/** A missing sum counts as none, as in the other peers. */
function cellText(datum: ReturnType<typeof cellAt>): string {
  if (datum === null) return '0';
  if (datum instanceof Uint8Array) return Buffer.from(datum).toString('latin1');
  return datum instanceof Decimal ? datum.toString() : String(datum);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

const collect = (): void => {
  globalThis.gc?.();
  globalThis.gc?.();
};

const path = process.argv[2]!;
const name = basename(path).slice(0, 2);
const workload = plannedWorkload(name);
const circuit = buildCircuit([{ viewId: VIEW, hasKey: workload.hasKey, root: workload.root }], ts(0n));
const types = typesOfSpec(workload.root);
const file = readFileSync(path);
const reader = new InputReader(file, workload, circuit);
const checksum = new Checksum();
const loadSteps = option('load-steps', 1);
const maxEpochs = option('max-epochs', Number.POSITIVE_INFINITY);
collect();
const rssBefore = process.memoryUsage().rss;
const result: Record<string, unknown> = { peer: 'tiview', workload: name, file: basename(path) };
let upper = 0n;
let isCut = false;

/** One epoch: its time, and what it did to the view. */
function step(inputs: ReadonlyMap<number, Delta>): { wall: number; cpu: number } {
  const cpu = cpuMs();
  const start = performance.now();
  const done = circuit.begin(ts(++upper), inputs).run(Number.MAX_SAFE_INTEGER);
  const times = { wall: performance.now() - start, cpu: cpuMs() - cpu };
  if (done.kind !== 'done') throw new Error('an epoch did not end');
  checksum.add(done.views.get(VIEW)!, types);
  return times;
}

for (let sections = file.readUInt32LE(8); sections > 0; sections--) {
  const [tag, epochs] = [reader.word(), reader.word()];
  const latencies: number[] = [];
  let [changes, rows, wall, cpu] = [0, 0, 0, 0];
  const outBefore = checksum.rows;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const [epochChanges, epochRows, bytes] = [reader.word(), reader.word(), reader.word()];
    if (isCut || epoch >= maxEpochs) {
      isCut = true;
      reader.skip(bytes);
      continue;
    }
    changes += epochChanges;
    rows += epochRows;
    const most = tag === 0 ? Math.ceil(epochRows / loadSteps) : epochRows;
    for (let left = epochRows; left > 0; left -= most) {
      const inputs = reader.deltas(Math.min(left, most));
      if (tag === 0) collect();
      const times = step(inputs);
      wall += times.wall;
      cpu += times.cpu;
      latencies.push(times.wall);
    }
  }
  if (latencies.length === 0) continue;
  latencies.sort((a, b) => a - b);
  if (tag === 0) {
    collect();
    result['load'] = {
      rows,
      cpuMs: Math.round(cpu),
      rowsPerCpuS: Math.round((rows / cpu) * 1000),
      rssMB: Math.round((process.memoryUsage().rss - rssBefore) / 1e6),
      stateMB: Math.round(circuit.report().reduce((sum, { counters }) => sum + counters.stateBytes, 0) / 1e6),
      outRows: checksum.rows - outBefore,
    };
  } else {
    result[`e${tag}`] = {
      epochs: latencies.length,
      p50ms: Number(quantile(latencies, 0.5).toFixed(3)),
      p99ms: Number(quantile(latencies, 0.99).toFixed(3)),
      changesPerCpuS: Math.round((changes / cpu) * 1000),
      wallMs: Math.round(wall),
      outPerEpoch: Math.round((checksum.rows - outBefore) / latencies.length),
    };
  }
  result[`hash${tag}`] = checksum.toString();
}
console.log(JSON.stringify(result));
