/** A plan that is not served here: the answer says so, and nothing is guessed. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Refuses a plan. */
export function notServed(what: string): never {
  throw new PlanError(`the embedded coprocessor does not serve ${what}`);
}
