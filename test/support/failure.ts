/** What a promise was rejected with; undefined if it was not. For tests that expect failures. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<(Error & { readonly kind?: string }) | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error;
  }
}
