/** What a suite of tests is. */
import type { Comparison, Outcomes } from '../outcomes.js';

/** Tests that are run directly and through TiView. */
export interface Suite {
  readonly name: string;
  /** Its name in test/clients/install.sh. */
  readonly client: string;
  readonly comparison: Comparison;
  /** It leaves nothing behind but its own database, so that both runs can have the same server. */
  readonly isTidy: boolean;
  /** SQL to be run on the server first; for a tidy one, before each run. */
  readonly preparation: readonly string[];
  /**
   * Runs it to its end on a server at 127.0.0.1, user `root` without password.
   *
   * @param side - a small program has steps that only TiView can do.
   */
  run(port: number, side: 'direct' | 'through'): Promise<Outcomes>;
}
