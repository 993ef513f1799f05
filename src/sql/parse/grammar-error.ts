/** What a generated parser says when it cannot go on. */

/** The parts of Peggy's SyntaxError that we use. */
export interface GrammarError {
  readonly expected:
    readonly { readonly type: string; readonly text?: string; readonly description?: string }[] | null;
  readonly location: {
    readonly start: { readonly offset: number; readonly line: number; readonly column: number };
  };
}

/** The error as a {@link GrammarError}, if a generated parser threw it; a bug of ours is not one. */
export function asGrammarError(error: unknown): GrammarError | undefined {
  if (!(error instanceof SyntaxError) || !('location' in error) || !('expected' in error)) return undefined;
  return error as unknown as GrammarError;
}

/** Whether the parser ran out of stack: the text nests too deeply. */
export function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError;
}

/** What could have stood there, for a person: distinct, sorted, at most `most` of them. */
export function expectedWords({ expected }: GrammarError, most: number): readonly string[] {
  const words = new Set<string>();
  for (const { type, text, description } of expected ?? []) {
    if (type === 'literal' && text !== undefined) words.add(text.trim().toUpperCase());
    else if (type === 'end') words.add('end of statement');
    else if (type === 'other' && description !== undefined) words.add(description);
  }
  words.delete('');
  return [...words].sort().slice(0, most);
}
