/** A piece of the text that was parsed, so that an error can quote it. */
export interface Span {
  /** Offset of the first character, in UTF-16 units. */
  readonly start: number;
  /** Offset after the last one. */
  readonly end: number;
}

/** The piece of text that a node was made from. */
export function sourceOf(text: string, node: { readonly span: Span }): string {
  return text.slice(node.span.start, node.span.end);
}
