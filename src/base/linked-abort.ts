/**
 * A controller that is aborted when one of its parents is.
 *
 * `AbortSignal.any` does the same, but in Node 20 a signal remembers for ever whatever was made from it (some 60
 * bytes each), and the signals that are passed down here live as long as the process. Whoever links must unlink.
 *
 * All links to a parent share one listener: Node takes the eleventh for a leak, and says so on stderr.
 */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #parents: readonly AbortSignal[];

  constructor(...parents: readonly AbortSignal[]) {
    this.#parents = parents;
    const aborted = parents.find((parent) => parent.aborted);
    if (aborted !== undefined) this.abort(aborted.reason);
    else for (const parent of parents) childrenOf(parent).add(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The parents' aborts mean nothing here any more: the work is over. */
  unlink(): void {
    for (const parent of this.#parents) children.get(parent)?.delete(this);
  }
}

/** Who is linked, by parent; each parent here has been given its listener. */
const children = new WeakMap<AbortSignal, Set<LinkedAbort>>();

function childrenOf(parent: AbortSignal): Set<LinkedAbort> {
  const known = children.get(parent);
  if (known !== undefined) return known;
  const linked = new Set<LinkedAbort>();
  children.set(parent, linked);
  const onAbort = (): void => {
    for (const child of linked) child.abort(parent.reason);
  };
  parent.addEventListener('abort', onAbort, { once: true });
  return linked;
}
