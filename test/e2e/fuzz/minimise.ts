/** Finds out which scenario it was, and makes it as small as it can be while the problem stays. */
import type { ClientTls } from '../../../src/proxy/tls-options.js';
import { Arena, type Find } from './arena.js';
import { PLAIN, type Scenario, type ScenarioOptions } from './scenario.js';

/** Time for making one smaller. */
const BUDGET_MS = 120_000;
/** How often a scenario is played before it counts as harmless: what it does may be a matter of timing. */
const ATTEMPTS = 5;

/** Problems whose text begins alike are the same. */
const SAME = 20;

/** What a problem comes down to. */
export interface Culprit {
  readonly scenario: Scenario;
  readonly problem: string;
}

/** @returns undefined when none of the suspects brings the problem about by itself. */
export async function minimise(find: Find, sound: Scenario, tls: ClientTls): Promise<Culprit | undefined> {
  const until = performance.now() + BUDGET_MS;
  const problemOf = async (scenario: Scenario): Promise<string | undefined> => {
    // Two proxies: the second offers TLS.
    const arena = await Arena.start(2, sound, tls);
    try {
      let left = ATTEMPTS * 2;
      const problem = (await arena.play(() => (left-- > 0 ? scenario : undefined)))?.problem;
      return problem?.slice(0, SAME) === find.problem.slice(0, SAME) ? problem : undefined;
    } finally {
      await arena.stop();
    }
  };
  let culprit: Culprit | undefined;
  for (const scenario of find.suspects) {
    const problem = await problemOf(scenario);
    if (problem === undefined) continue;
    culprit = { scenario, problem };
    break;
  }
  if (culprit === undefined) return undefined;
  for (let smaller = [...reductions(culprit.scenario)]; smaller.length > 0 && performance.now() < until;) {
    const [next, ...rest] = smaller;
    const problem = next === undefined ? undefined : await problemOf(next);
    if (next !== undefined && problem !== undefined) {
      culprit = { scenario: next, problem };
      smaller = [...reductions(next)];
    } else {
      smaller = rest;
    }
  }
  return culprit;
}

/** Scenarios that are simpler by one step, the greatest steps first. */
function* reductions(scenario: Scenario): Generator<Scenario> {
  const { options } = scenario;
  for (const key of Object.keys(PLAIN) as (keyof ScenarioOptions)[]) {
    if (options[key] !== PLAIN[key]) yield { ...scenario, options: { ...options, [key]: PLAIN[key] } };
  }
  for (const side of ['client', 'server'] as const) {
    const turns = scenario[side];
    for (let i = turns.length - 1; i >= 0; i--) {
      yield { ...scenario, [side]: [...turns.slice(0, i), ...turns.slice(i + 1)] };
    }
    for (const [i, turn] of turns.entries()) {
      if (turn.length < 16) continue;
      for (const shorter of [turn.subarray(0, turn.length >> 1), turn.subarray(0, turn.length - 8)]) {
        yield { ...scenario, [side]: [...turns.slice(0, i), shorter, ...turns.slice(i + 1)] };
      }
    }
  }
}
