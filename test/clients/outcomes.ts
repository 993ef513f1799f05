/** What a suite gave, test by test, and what differs between two runs of it. */
import type { Ended } from './installed.js';

/** How one test, or one step of a small program, ended. */
export interface Outcome {
  readonly status: 'passed' | 'failed' | 'skipped';
  /** A program's step: all that it gave. A suite's test: what it says of a failure; may be empty. */
  readonly text: string;
}

/** By the test's full name. */
export type Outcomes = ReadonlyMap<string, Outcome>;

/** What counts as a difference. */
export interface Comparison {
  /** The texts must be the same too. */
  readonly comparesText: boolean;
  /** Tests that were seen to end one way and the other on the same direct connection, by their full names. */
  readonly flaky: ReadonlySet<string>;
}

/** One line for each test that did not end through TiView as it ended directly. */
export function differences(direct: Outcomes, through: Outcomes, comparison: Comparison): string[] {
  const names = new Set([...direct.keys(), ...through.keys()]);
  return [...names]
    .filter((name) => !comparison.flaky.has(name))
    .flatMap((name) => difference(name, direct.get(name), through.get(name), comparison.comparesText));
}

function difference(
  name: string,
  direct: Outcome | undefined,
  through: Outcome | undefined,
  comparesText: boolean,
): string[] {
  if (direct === undefined || through === undefined || direct.status !== through.status)
    return [`${name}: directly ${say(direct)}; through TiView ${say(through)}`];
  if (!comparesText || direct.text === through.text) return [];
  let at = 0;
  while (direct.text[at] === through.text[at]) at++;
  const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 120);
  return [`${name}: directly …${part(direct.text)}…; through TiView …${part(through.text)}…`];
}

function say(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'it did not run';
  return outcome.text === '' ? outcome.status : `${outcome.status} (${outcome.text.slice(-2_000)})`;
}

/** `passed/failed`, and how many were skipped if any were. */
export function counts(outcomes: Outcomes): string {
  const count = (status: Outcome['status']): number =>
    [...outcomes.values()].filter((outcome) => outcome.status === status).length;
  const skipped = count('skipped');
  return `${count('passed')}/${count('failed')}${skipped === 0 ? '' : `, ${skipped} skipped`}`;
}

/**
 * Outcomes as programs and suites print them: lines of name, status and text, tabs between them.
 *
 * @throws Error — a line is none of these, or a name comes twice.
 */
export function readOutcomes(output: string): Outcomes {
  const outcomes = new Map<string, Outcome>();
  for (const line of output.split('\n')) {
    if (line === '') continue;
    const [name = '', status, ...text] = line.split('\t');
    if (status !== 'passed' && status !== 'failed' && status !== 'skipped')
      throw new Error(`this is no outcome: ${line}`);
    if (outcomes.has(name)) throw new Error(`two outcomes have the name ${name}`);
    outcomes.set(name, { status, text: text.join('\t') });
  }
  return outcomes;
}

/** How the process that ran a suite ended, to be put beside its outcomes: one that crashed has not run them all. */
export function exitOutcome(ended: Ended, codes: readonly number[] = [0]): Outcome {
  const isWell = ended.code !== null && codes.includes(ended.code);
  // What it says on stderr else is for people: warnings of the runtime, stack traces.
  return {
    status: isWell ? 'passed' : 'failed',
    text: isWell ? '' : `code ${String(ended.code)}: ${ended.stderr.slice(-2_000)}`,
  };
}
