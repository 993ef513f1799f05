/**
 * A tidb-server that has just come, or come back, has cold caches, and by least connections it would get every client
 * until it has as many as the others. So its share grows with time, in a straight line.
 */
import { limits } from '../../base/limits.js';

/** What a server has at the very beginning: enough to be tried. */
const WARMTH_MIN = 0.05;

/**
 * How much of its share of clients a server may have by now.
 *
 * @param elapsedMs - since it was found well.
 * @returns above 0, at most 1.
 */
export function warmthAfter(elapsedMs: number): number {
  return Math.min(1, Math.max(WARMTH_MIN, elapsedMs / limits.slowStartMs));
}
