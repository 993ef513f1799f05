/**
 * Assertions: a failed one is a bug of ours, never a condition of the outside world. They are always on, and are
 * caught only at a task's border, where they take the task (or the process) down.
 */

/** Thrown by {@link assert} and {@link unreachable}; nobody handles it, so it says all it knows. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Checks an invariant.
 *
 * @param message - what should have held, with the values that broke it.
 * @throws AssertionError — when the condition is false.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/**
 * Checks that a value is there, and gives it back without its `undefined`.
 *
 * @throws AssertionError — when it is not.
 */
export function present<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

/** The end of every exhaustive `switch`: the compiler proves that nothing comes here. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
