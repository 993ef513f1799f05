/** Seeds and lengths of random tests: printed, and taken from the environment. */
import process from 'node:process';

/** The seed of a test: SEED if it is set, else another one each time. Printed, so that a failure can be repeated. */
export function seedOf(test: string): number {
  const given = process.env['SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(given);
  process.stdout.write(`      ${test}: SEED=${seed}\n`);
  return seed;
}

/** How many rounds a random test runs: TIVIEW_E2E_ROUNDS if it is set, else as many as CI has time for. */
export function roundsOf(inCi: number): number {
  return Number(process.env['TIVIEW_E2E_ROUNDS'] ?? inCi);
}

/** Prints a figure that a test has measured. */
export function report(text: string): void {
  process.stdout.write(`      ${text}\n`);
}
