/** Helpers around `AbortSignal`. */

/**
 * Waits for a promise or for the abort, whichever comes first. What the promise does goes on; its result is ignored.
 *
 * @throws the signal's reason, or what the promise rejects with.
 */
export function withAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) {
      promise.catch(() => undefined);
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
