/** Waiting for something that happens in other processes. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until the answer is yes.
 *
 * @throws Error — not within `timeoutMs`; what the last question threw is its cause.
 */
export async function until(isTrue: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      if (await isTrue()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline)
      throw new Error(`not true within ${timeoutMs} ms: ${String(isTrue)}`, { cause });
    await sleep(50);
  }
}
