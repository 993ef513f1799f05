/** What a program that {@link file://./memory-probe.ts} is loaded into says of itself, and whether that stays flat. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { MB } from '../proxy/process-memory.js';

/** One look. */
export interface MemorySample {
  /** Resident bytes. */
  readonly rss: number;
  /** Bytes of JavaScript objects, and of buffers outside the heap, that a full collection has left. */
  readonly heap: number;
  /** TCP connections. */
  readonly sockets: number;
  /** Timers that are set. */
  readonly timers: number;
}

/** Asks the probe that listens at a path. */
export async function takeSample(path: string): Promise<MemorySample> {
  const socket = connect(path);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'end');
  return JSON.parse(text) as MemorySample;
}

/** The middle and the last third of a run beside each other. */
export interface Trend {
  readonly middle: number;
  readonly last: number;
  /** What the last third may have: noise is allowed for, a leak is not. */
  readonly bound: number;
}

/** Share and bytes by which a median may move without anything having leaked. */
const SLACK = { rss: { share: 1.05, bytes: 4 * MB }, heap: { share: 1.03, bytes: 1 * MB } } as const;

/**
 * Compares medians. The first third is left out: there code is compiled, and pools and caches are filled.
 *
 * @param samples - at even distances in time; at least nine.
 */
export function trendOf(samples: readonly MemorySample[], what: keyof typeof SLACK): Trend {
  if (samples.length < 9) throw new Error(`${samples.length} samples show no trend`);
  const third = Math.floor(samples.length / 3);
  const values = samples.map((sample) => sample[what]);
  const middle = median(values.slice(third, 2 * third));
  const last = median(values.slice(2 * third));
  return { middle, last, bound: middle * SLACK[what].share + SLACK[what].bytes };
}

/** The value that half of them are below. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
