/** Recorded bytes of a real cluster (test/traces). Tests run in the project's root, compiled or not. */
import { readFileSync } from 'node:fs';

/** A trace by name, parsed. */
export function readTrace(name: string): unknown {
  return JSON.parse(readFileSync(`test/traces/${name}.json`, 'utf8'));
}

/** A pair as recorded, in hexadecimal. */
export interface RecordedPair {
  readonly key: string;
  readonly value: string;
}
