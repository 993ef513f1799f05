/**
 * The memory that tidb-servers' answers are read into. Node would allocate 64 KiB for each read; instead all
 * connections share one buffer, whose contents are copied out before the next read (a point select's answer is a
 * few hundred bytes). A connection that fills it is lent a buffer of its own, which goes to the client uncopied;
 * while it is being written, nothing is read into it.
 *
 * An idle connection therefore costs no buffer at all.
 */
import { limits } from '../base/limits.js';

/** Free buffers kept for the next large answers. */
const KEPT_MAX = 16;

/** Buffers to read into. */
export class ReadBuffers {
  /** Contents are gone after the callback they were read for. */
  readonly shared = Buffer.allocUnsafeSlow(limits.relayReadBytes);
  readonly #free: Buffer[] = [];

  /** Lends a buffer. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(limits.relayReadBytes);
  }

  /** Takes a buffer back that nothing reads into or writes from any more. */
  giveBack(buffer: Buffer): void {
    if (this.#free.length < KEPT_MAX) this.#free.push(buffer);
  }
}
