/** What a suite of tests is, and those that write outcomes to a file. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from '../installed.js';
import { type Comparison, type Outcomes, readOutcomes } from '../outcomes.js';

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

/** Runs something that writes outcomes to the file that it is given, and reads them. @throws Error — it has not. */
export async function withOutcomesFile(
  run: (file: string) => Promise<Ended>,
): Promise<{ readonly outcomes: Outcomes; readonly ended: Ended }> {
  const folder = mkdtempSync(join(tmpdir(), 'tiview-suite-'));
  try {
    const file = join(folder, 'outcomes');
    const ended = await run(file);
    if (!existsSync(file)) throw new Error(`it wrote no outcomes:\n${ended.stderr.slice(-4_000)}`);
    return { outcomes: readOutcomes(readFileSync(file, 'utf8')), ended };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
